// The share of a stream's records that fail, and what is too much of it. Records are judged in blocks
// of a given size, so the verdict depends on the records and not on the time that they took; a block
// that cannot come out well any more is judged at once.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';

export interface FailureLimits {
  /** Share of a block from which on failing records are reported. */
  readonly alertShare: number;
  /** Share of a block beyond which the job does not go on; null: it always does. */
  readonly breakerShare: number | null;
  /** Records of a block. */
  readonly blockRecords: number;
  /** What happens then: `pause` leaves the job running without input. */
  readonly onBreak: 'stop' | 'pause';
}

/** Failing records of a stream, as of its newest block. */
export interface StreamFailures {
  readonly stream: string;
  /** Of the newest whole block; of the one under way when it alone is enough. */
  readonly failed: number;
  readonly records: number;
  readonly isAlerting: boolean;
  /** The job does not go on because of it. */
  readonly isBroken: boolean;
  /** Of the newest record that failed. */
  readonly code: ErrorCode | null;
  readonly message: string | null;
}

/** A batch of a stream's records, each list in the order of offsets. */
export interface ReadBatch {
  readonly rows: Pick<DecodedBatch, 'offsets' | 'rowCount'>;
  /** Not among the rows. */
  readonly unread: readonly RecordError[];
  /** Rows that were refused afterwards. */
  readonly refused: readonly RecordError[];
}

interface Block {
  records: number;
  failed: number;
  newest: Pick<RecordError, 'code' | 'message'> | null;
  verdict: StreamFailures;
}

export class FailureBreaker {
  readonly #limits: FailureLimits;
  readonly #blocks = new Map<string, Block>();
  readonly #report: (message: string) => void;
  /** The stream that failed too often. */
  broken: StreamFailures | null = null;

  constructor(limits: FailureLimits, report: (message: string) => void) {
    this.#limits = limits;
    this.#report = report;
  }

  get onBreak(): FailureLimits['onBreak'] {
    return this.#limits.onBreak;
  }

  failed(stream: string, error: Pick<RecordError, 'code' | 'message'>): void {
    const block = this.#blockOf(stream);
    block.failed++;
    block.newest = error;
  }

  /** Records were read, those that failed included. */
  read(stream: string, records: number): void {
    const block = this.#blockOf(stream);
    for (let left = records; left > 0; ) {
      const taken = Math.min(left, this.#limits.blockRecords - block.records);
      block.records += taken;
      left -= taken;
      this.#judge(stream, block);
    }
  }

  /** A batch was read: its rows, those that could not be read, and rows that were refused. */
  readBatch(stream: string, { rows, unread, refused }: ReadBatch): void {
    const failures = [
      ...unread.map((error) => ({ error, records: 1 })),
      ...refused.map((error) => ({ error, records: 0 })),
    ].toSorted((a, b) => a.error.offset - b.error.offset);
    let row = 0;
    for (const { error, records } of failures) {
      const from = row;
      while (row < rows.rowCount && (rows.offsets[row] as number) < error.offset) row++;
      this.read(stream, row - from);
      this.failed(stream, error);
      this.read(stream, records);
    }
    this.read(stream, rows.rowCount - row);
  }

  /** By stream, for those who watch. */
  verdicts(): readonly StreamFailures[] {
    return [...this.#blocks.values()].map(({ verdict }) => verdict);
  }

  /** A new life of the job: what was read since its checkpoint is read again. */
  reset(): void {
    this.#blocks.clear();
    this.broken = null;
  }

  #judge(stream: string, block: Block): void {
    const { blockRecords, alertShare, breakerShare } = this.#limits;
    const { failed, records, verdict: before } = block;
    const isWhole = records === blockRecords;
    const isBroken = breakerShare !== null && failed > breakerShare * blockRecords;
    const isAlerting = failed > 0 && failed >= alertShare * blockRecords;
    if (!isWhole && !isBroken && !isAlerting) return;
    const { code = null, message = null } = block.newest ?? {};
    block.verdict = { stream, failed, records, isAlerting, isBroken, code, message };
    if (isBroken && this.broken === null) {
      this.broken = block.verdict;
      this.#report(`${describeFailures(block.verdict)}; no more input is taken: millrace dlq ls`);
    } else if (isAlerting && !before.isAlerting) {
      this.#report(`${describeFailures(block.verdict)}: millrace dlq ls`);
    } else if (!isAlerting && before.isAlerting) {
      this.#report(`records of "${stream}" are read again as they should be`);
    }
    if (!isWhole) return;
    block.records = 0;
    block.failed = 0;
  }

  #blockOf(stream: string): Block {
    const known = this.#blocks.get(stream);
    if (known !== undefined) return known;
    const nothing = { failed: 0, records: 0, isAlerting: false, isBroken: false };
    const verdict = { stream, ...nothing, code: null, message: null };
    const block: Block = { records: 0, failed: 0, newest: null, verdict };
    this.#blocks.set(stream, block);
    return block;
  }
}

/** One line: which stream, how many, why. */
export function describeFailures({
  stream,
  failed,
  records,
  code,
  message,
}: StreamFailures): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const reason = code === null ? '' : `, the newest with ${code}: ${message ?? ''}`;
  return `${count(failed)} of the last ${count(records)} records of "${stream}" failed${reason}`;
}

/** What a job that must not pause ends with. */
export function breakerError(failures: StreamFailures): MillraceError {
  return new MillraceError('MR_DEAD_LETTER_BREAKER', describeFailures(failures), {
    context: { stream: failures.stream },
    fix: 'millrace dlq ls shows them; correct the definition or the producer and run again, or raise deadLetters.breaker of the environment',
  });
}
