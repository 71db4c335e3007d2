// Which dead letters a command means: ids (or how they begin), or everything that fits a filter.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { DeadLetterInfo, LetterState } from './stored-letter.ts';

/** Which dead letters are meant; without any of it, all of them. */
export interface DeadLetterFilter {
  /** Ids, or how they begin. */
  readonly ids?: readonly string[];
  readonly stream?: string;
  /** Error code, as in `MR_DATA_TYPE`. */
  readonly code?: string;
  readonly state?: LetterState;
  /** Those that failed at this instant (ISO) or later. */
  readonly since?: string;
  /** Those that failed before this instant (ISO). */
  readonly until?: string;
  /** Text that the error message or the record contains. */
  readonly contains?: string;
}

export type LetterTest = (letter: DeadLetterInfo) => boolean;

/** Throws MR_USAGE for an instant that is none. */
export function letterTest(filter: DeadLetterFilter): LetterTest {
  const { ids, stream, code, state, contains } = filter;
  const sinceMs = instantOf('since', filter.since) ?? Number.NEGATIVE_INFINITY;
  const untilMs = instantOf('until', filter.until) ?? Number.POSITIVE_INFINITY;
  return (letter) => {
    const failedMs = Date.parse(letter.failed_at);
    return (
      (ids === undefined || ids.some((id) => letter.id.startsWith(id))) &&
      (stream === undefined || letter.stream === stream) &&
      (code === undefined || letter.code === code) &&
      (state === undefined || letter.state === state) &&
      failedMs >= sinceMs &&
      failedMs < untilMs &&
      (contains === undefined || `${letter.message}\n${letter.event ?? ''}`.includes(contains))
    );
  };
}

function instantOf(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw new MillraceError('MR_USAGE', `--${option} is "${text}", which is no instant`, {
    fix: 'write it as in 2026-03-01T03:00:00Z',
  });
}

/** Every id must name one letter: MR_DEAD_LETTER_UNKNOWN otherwise. */
export function checkIds(
  ids: readonly string[] | undefined,
  letters: readonly DeadLetterInfo[],
): void {
  for (const id of ids ?? []) {
    const found = letters.filter((letter) => letter.id.startsWith(id));
    if (found.length === 1) continue;
    const message =
      found.length === 0
        ? `there is no dead letter "${id}"`
        : `${found.length} dead letters begin with "${id}"`;
    const fix = 'millrace dlq ls shows their ids';
    throw new MillraceError('MR_DEAD_LETTER_UNKNOWN', message, { fix });
  }
}
