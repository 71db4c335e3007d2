// The share of a stream's records that fail, and what is too much of it. Records are judged in blocks
// of a given size, so the verdict depends on the records and not on the time that they took; a block
// that cannot come out well any more is judged at once.
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
    block.records += records;
    const { blockRecords, alertShare, breakerShare } = this.#limits;
    const size = Math.max(block.records, blockRecords);
    const isWhole = block.records >= blockRecords;
    const isBroken = breakerShare !== null && block.failed > breakerShare * size;
    const isAlerting = block.failed > 0 && block.failed >= alertShare * size;
    if (!isWhole && !isBroken && !isAlerting) return;
    this.#judge(stream, block, { isAlerting, isBroken });
    if (!isWhole) return;
    block.records = 0;
    block.failed = 0;
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

  #judge(
    stream: string,
    block: Block,
    { isAlerting, isBroken }: Pick<StreamFailures, 'isAlerting' | 'isBroken'>,
  ): void {
    const before = block.verdict;
    const { code = null, message = null } = block.newest ?? {};
    const { failed, records } = block;
    block.verdict = { stream, failed, records, isAlerting, isBroken, code, message };
    if (isBroken && this.broken === null) {
      this.broken = block.verdict;
      this.#report(`${describeFailures(block.verdict)}; no more input is taken: millrace dlq ls`);
    } else if (isAlerting && !before.isAlerting) {
      this.#report(`${describeFailures(block.verdict)}: millrace dlq ls`);
    } else if (!isAlerting && before.isAlerting) {
      this.#report(`records of "${stream}" are read again as they should be`);
    }
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
