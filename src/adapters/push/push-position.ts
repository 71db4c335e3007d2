// How far pushed records were read, as checkpoints keep it.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { SegmentPosition } from './segment-reader.ts';

export interface PushPosition {
  /** How many records were read in all: their numbers go on from there. */
  readonly records: number;
  /** When the latest frame that was read was written. */
  readonly timeMs: number;
  readonly files: Readonly<Record<string, SegmentPosition>>;
}

const beginning: PushPosition = { records: 0, timeMs: Number.NEGATIVE_INFINITY, files: {} };

/** The position of a checkpoint; the beginning when there is none. MR_SOURCE_POSITION for another source's. */
export function pushPosition(value: JsonValue | undefined, stream: string): PushPosition {
  if (value === undefined) return beginning;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const position = isObject ? (value as unknown as Partial<PushPosition>) : {};
  const { records, timeMs, files } = position;
  if (typeof records === 'number' && typeof files === 'object') {
    return { records, timeMs: timeMs ?? Number.NEGATIVE_INFINITY, files };
  }
  const message = `the checkpoint knows stream "${stream}" by positions of another source`;
  throw new MillraceError('MR_SOURCE_POSITION', message, {
    fix: 'bind the stream as it was, or begin anew (--fresh-state)',
  });
}
