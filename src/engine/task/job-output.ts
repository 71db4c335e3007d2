// Everything that leaves a job: vectors to sinks, dead letters, late records. Operators hand over
// synchronously; `drain` waits until all of it has been taken, which is the job's backpressure.
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type {
  DeadLetter,
  DeadLetterSink,
  LateRecord,
  LateRecordSink,
  RecordError,
} from '../../ports/dead-letter-sink.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';

export interface JobOutputOptions {
  readonly sinks: readonly VectorSink[];
  readonly deadLetters: DeadLetterSink;
  readonly lateRecords: LateRecordSink;
  readonly clock: Clock;
}

/** Where a failed record came from. */
export interface FailurePlace {
  readonly stream: string;
  readonly split: string;
  readonly operatorUid: string;
}

export class JobOutput {
  rowsOut = 0;
  deadLetterCount = 0;
  readonly deadLettersByCategory: Record<RecordError['category'], number> = {
    deserialization: 0,
    schema_mismatch: 0,
    processing_error: 0,
  };
  /** Time spent waiting for sinks. */
  blockedMs = 0;
  /** Whether something was written since the last flush. */
  isDirty = false;
  readonly #options: JobOutputOptions;
  #pending: Promise<void>[] = [];
  #letters: DeadLetter[] = [];
  #late: LateRecord[] = [];

  constructor(options: JobOutputOptions) {
    this.#options = options;
  }

  emit(batch: VectorBatch): void {
    if (batch.rowCount === 0) return;
    this.rowsOut += batch.rowCount;
    this.isDirty = true;
    for (const sink of this.#options.sinks) {
      const taken = sink.write(batch);
      if (taken !== undefined) this.#pending.push(settledLater(taken));
    }
  }

  fail(error: RecordError, place: FailurePlace): void {
    this.deadLetterCount += 1;
    this.deadLettersByCategory[error.category] += 1;
    this.#letters.push({ ...error, ...place, timestampMs: this.#options.clock.nowMs() });
  }

  late(record: LateRecord): void {
    this.#late.push(record);
  }

  /** Resolves when all that was handed over has been taken; rejects when one of the sinks failed. */
  async drain(): Promise<void> {
    this.#writeRecords();
    if (this.#pending.length === 0) return;
    const startMs = this.#options.clock.monotonicMs();
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
    this.blockedMs += this.#options.clock.monotonicMs() - startMs;
  }

  #writeRecords(): void {
    if (this.#letters.length > 0) {
      this.#pending.push(settledLater(this.#options.deadLetters.write(this.#letters)));
      this.#letters = [];
    }
    if (this.#late.length > 0) {
      this.#pending.push(settledLater(this.#options.lateRecords.write(this.#late)));
      this.#late = [];
    }
  }

  /** Makes everything written so far durable and visible. */
  async flush(): Promise<void> {
    await this.drain();
    if (!this.isDirty) return;
    this.isDirty = false;
    const startMs = this.#options.clock.monotonicMs();
    await Promise.all(this.#options.sinks.map((sink) => sink.flush()));
    this.blockedMs += this.#options.clock.monotonicMs() - startMs;
  }

  /** Closes every sink, whatever the others do; the first error of any of them. */
  async close(): Promise<unknown> {
    await Promise.allSettled(this.#pending);
    const { sinks, deadLetters, lateRecords } = this.#options;
    const closed = await Promise.allSettled(
      [...sinks, deadLetters, lateRecords].map(async (sink) => sink.close()),
    );
    return closed.find((result) => result.status === 'rejected')?.reason ?? null;
  }
}

/** The same promise; that it is awaited later must not look like nobody caring. */
function settledLater(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
