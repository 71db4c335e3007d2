// Where a later run goes on in a file, as its split says with every batch: after so many bytes (of
// what a compressed file holds) or rows. A file that was read to its end says how large it was, so
// that one that has not changed need not be opened to see that.
import { statSync } from 'node:fs';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';

/** Of lines: a byte offset after decompression. */
export type BytePosition = {
  readonly byte: number;
  /** That the rest of a damaged file cannot be read was said. */
  readonly damaged?: true;
  /** Read to the end of a file of this many bytes on the disk. */
  readonly endedAt?: number;
};

/** Of files that their format reads by itself. */
export type RowPosition = {
  readonly row: number;
  readonly endedAt?: number;
};

/** The position as a split gave it; `fields` are its parts. */
export function positionIn<T>(
  value: JsonValue | undefined,
  path: string,
  fields: readonly (keyof T & string)[],
): T | null {
  if (value === undefined) return null;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && fields.every((field) => Object.hasOwn(value, field)))
    return value as unknown as T;
  const message = `the position of "${path}" is ${JSON.stringify(value)}: of another kind of source`;
  throw new MillraceError('MR_SOURCE_POSITION', message, {
    context: { path },
    fix: 'bind the stream as it was bound before, or start over with --fresh-state',
  });
}

/** Whether a file was read to its end and has the same size still. */
export function isStillEnded(
  position: { readonly endedAt?: number } | null,
  path: string,
): boolean {
  return position?.endedAt !== undefined && position.endedAt === sizeOf(path);
}

/** For the position at the end of a file. */
export function sizeOf(path: string): number {
  return statSync(path).size;
}

/** A split that earlier runs read is not among the files; those read to the end may go. */
export function checkNoneGone(
  startAt: ReadonlyMap<string, JsonValue>,
  found: ReadonlySet<string>,
): void {
  for (const [id, value] of startAt) {
    if (found.has(id) || hasEnded(value)) continue;
    const message = `"${id}" was read in part before and is not there any more`;
    throw new MillraceError('MR_SOURCE_POSITION', message, {
      context: { path: id },
      fix: 'put the file back, or start over with --fresh-state',
    });
  }
}

/** Whether a position says that its file was read to the end. */
export function hasEnded(
  value: JsonValue,
): value is { readonly endedAt: number; readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'endedAt');
}
