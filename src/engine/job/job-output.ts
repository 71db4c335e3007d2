// Everything that leaves a job: vectors to sinks, dead letters, late records. Operators hand over
// synchronously; `drain` waits until all of it has been taken, which is the job's backpressure. With
// checkpoints, sinks that take part count what they were given by epochs instead of flushes.
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type {
  DeadLetter,
  DeadLetterSink,
  LateRecord,
  LateRecordSink,
  RecordError,
} from '../../ports/dead-letter-sink.ts';
import type { EpochAuthority, EpochSink, SourcePositions } from '../../ports/epoch-sink.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import { FailureBreaker, type FailureLimits } from './failure-breaker.ts';

export interface JobOutputOptions {
  readonly sinks: readonly VectorSink[];
  readonly deadLetters: DeadLetterSink;
  readonly lateRecords: LateRecordSink;
  readonly clock: Clock;
  /** The job takes checkpoints. */
  readonly hasEpochs: boolean;
  /** How many records may fail; default: all of them. */
  readonly failureLimits?: FailureLimits;
  readonly onNotice?: (message: string) => void;
}

/** Where a failed record came from. */
export interface FailurePlace {
  readonly stream: string;
  readonly split: string;
  readonly operatorUid: string;
}

/** What was prepared: by the name of each sink that takes part. */
export type PreparedSinks = Readonly<Record<string, JsonValue>>;

/** What sinks had prepared for a checkpoint, and where its sources go on. */
export interface RestoredSinks {
  readonly id: number;
  readonly sinks: PreparedSinks;
  readonly positions: SourcePositions;
}

/** The sink that decides which checkpoint counts. */
export interface JobAuthority {
  readonly sink: string;
  readonly epochs: EpochAuthority;
}

type DeadLettersByCategory = Record<RecordError['category'], number>;

const noDeadLetters: DeadLettersByCategory = {
  deserialization: 0,
  schema_mismatch: 0,
  processing_error: 0,
};

export class JobOutput {
  rowsOut = 0;
  deadLettersByCategory: DeadLettersByCategory = { ...noDeadLetters };
  /** Time spent waiting for sinks. */
  blockedMs = 0;
  /** Whether something was written since the last flush. */
  isDirty = false;
  /** Knows when too many records fail; null: any number may. */
  readonly breaker: FailureBreaker | null;
  readonly #options: JobOutputOptions;
  readonly #epochs: readonly EpochSink[];
  /** Sinks that are flushed. */
  readonly #flushed: readonly VectorSink[];
  #pending: Promise<void>[] = [];
  /** Sinks that are being given all rows again. */
  #refilled: readonly VectorSink[] = [];
  /** What somebody waits for already, until all of it has been taken; null when there is nothing. */
  #awaited: Promise<void> | null = null;
  #letters: DeadLetter[] = [];
  /** Of records that were read after a barrier which is still on its way; null while none is. */
  #lettersAfter: DeadLetter[] | null = null;
  #late: LateRecord[] = [];

  constructor(options: JobOutputOptions) {
    const { sinks, deadLetters, lateRecords, hasEpochs } = options;
    this.#options = options;
    const { failureLimits, onNotice = () => undefined } = options;
    this.breaker = failureLimits === undefined ? null : new FailureBreaker(failureLimits, onNotice);
    const all = [...sinks, deadLetters, lateRecords];
    this.#epochs = hasEpochs ? all.flatMap(({ epochs }) => epochs ?? []) : [];
    this.#flushed = sinks.filter(({ epochs }) => !hasEpochs || epochs === undefined);
    const names = this.#epochs.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new MillraceError('MR_INTERNAL', `two sinks of a job are named "${twice}"`);
    }
    if (this.#epochs.filter(({ authority }) => authority !== undefined).length < 2) return;
    throw new MillraceError('MR_INTERNAL', 'two sinks decide which checkpoint counts');
  }

  /** Totals since the job first began, for a manifest. */
  counters(): Record<string, number> {
    return { rows_out: this.rowsOut, ...prefixed(this.deadLettersByCategory) };
  }

  /** What was under way is forgotten; totals are those of a checkpoint. */
  reset(counters: Readonly<Record<string, number>>): void {
    this.#pending = [];
    this.#awaited = null;
    this.#letters = [];
    this.#lettersAfter = null;
    this.#late = [];
    this.breaker?.reset();
    this.isDirty = false;
    this.rowsOut = counters['rows_out'] ?? 0;
    const categories = Object.keys(noDeadLetters) as (keyof DeadLettersByCategory)[];
    const counts = categories.map((name) => [name, counters[`dead_letters_${name}`] ?? 0] as const);
    this.deadLettersByCategory = { ...noDeadLetters, ...Object.fromEntries(counts) };
  }

  emit(batch: VectorBatch): void {
    if (batch.rowCount === 0) return;
    this.rowsOut += batch.rowCount;
    this.isDirty = true;
    this.#write(batch, this.#options.sinks);
  }

  /** Sinks that have lost rows are given the newest vector of every key while `again` runs. */
  async refillBy(again: () => Promise<void>): Promise<void> {
    const lost = this.#options.sinks.filter(({ refill }) => refill?.hasLostRows() === true);
    await Promise.all(lost.map(async ({ refill }) => refill?.beginRefill?.()));
    this.#refilled = lost;
    try {
      await again();
      await this.drain();
    } finally {
      this.#refilled = [];
    }
    await Promise.all(lost.map(async ({ refill }) => refill?.endRefill()));
  }

  /** The newest vector of keys again, for sinks that have lost them. */
  refill(batch: VectorBatch): void {
    if (batch.rowCount > 0) this.#write(batch, this.#refilled);
  }

  /** Whether a sink has lost rows that the job counts on. */
  get needsRefill(): boolean {
    return this.#options.sinks.some(({ refill }) => refill?.hasLostRows() === true);
  }

  #write(batch: VectorBatch, sinks: readonly VectorSink[]): void {
    for (const sink of sinks) {
      const taken = sink.write(batch);
      if (taken !== undefined) this.#pending.push(settledLater(taken));
    }
  }

  /** A record that failed in a view. */
  fail(error: RecordError, place: FailurePlace): void {
    this.breaker?.failed(place.stream, error);
    this.#letters.push(this.#letter(error, place));
  }

  /** A record that could not be read: it does not go through the views, so it may overtake a barrier. */
  refuse(error: RecordError, place: FailurePlace): void {
    (this.#lettersAfter ?? this.#letters).push(this.#letter(error, place));
  }

  #letter(error: RecordError, place: FailurePlace): DeadLetter {
    this.deadLettersByCategory[error.category] += 1;
    return { ...error, ...place, timestampMs: this.#options.clock.nowMs() };
  }

  /** A barrier begins its way: what is refused from now on belongs to the next epoch. */
  holdRefused(): void {
    this.#lettersAfter ??= [];
  }

  /** The barrier's epoch was prepared, or the barrier given up. */
  releaseRefused(): void {
    this.#letters.push(...(this.#lettersAfter ?? []));
    this.#lettersAfter = null;
  }

  late(record: LateRecord): void {
    this.#late.push(record);
  }

  /** Resolves when all that was handed over has been taken; rejects when one of the sinks failed. */
  async drain(): Promise<void> {
    this.#writeRecords();
    if (this.#pending.length === 0 && this.#awaited === null) return;
    const startMs = this.#options.clock.monotonicMs();
    await this.#taken();
    this.blockedMs += this.#options.clock.monotonicMs() - startMs;
  }

  /** Also what an earlier `drain` still waits for: several may wait at the same time. */
  #taken(): Promise<void> {
    const earlier = this.#awaited;
    if (this.#pending.length === 0 && earlier !== null) return earlier;
    const all = Promise.all(earlier === null ? this.#pending : [earlier, ...this.#pending]);
    this.#pending = [];
    const taken = settledLater(
      all.then(() => {
        if (this.#awaited === taken) this.#awaited = null;
      }),
    );
    this.#awaited = taken;
    return taken;
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
    await Promise.all(this.#flushed.map((sink) => sink.flush()));
    this.blockedMs += this.#options.clock.monotonicMs() - startMs;
  }

  /** Ends an epoch: with everything that was taken before the call. Only after `drain`. */
  async prepare(id: number, positions: SourcePositions): Promise<PreparedSinks> {
    const prepared = this.#epochs.map(
      async (sink) => [sink.name, await sink.prepare(id, positions)] as const,
    );
    return Object.fromEntries(await allOf(prepared));
  }

  /** The checkpoint is complete. What the authority does not take in, nobody else may show. */
  async commit(id: number): Promise<void> {
    const [first, others] = this.#byAuthority;
    await first?.commit(id);
    await allOf(others.map((sink) => sink.commit(id)));
  }

  /** The sink that decides which checkpoint counts; null when the newest whole one does. */
  get authority(): JobAuthority | null {
    const [first] = this.#byAuthority;
    return first?.authority === undefined ? null : { sink: first.name, epochs: first.authority };
  }

  get #byAuthority(): readonly [EpochSink | undefined, readonly EpochSink[]] {
    const first = this.#epochs.find(({ authority }) => authority !== undefined);
    return [first, this.#epochs.filter((sink) => sink !== first)];
  }

  /** True while a sink has taken as much as it may before the next checkpoint. */
  get isHeldBack(): boolean {
    return this.#options.sinks.some((sink) => sink.isHeldBack === true);
  }

  /** Before anything is written; null: the job begins anew. */
  async recover(restored: RestoredSinks | null): Promise<void> {
    const recovered = this.#epochs.map((sink) => {
      if (restored === null) return sink.recover(null);
      const { id, sinks, positions } = restored;
      return sink.recover({ id, positions, state: sinks[sink.name] ?? null });
    });
    await allOf(recovered);
  }

  /** Until no sink has anything to do, whatever became of it: after a failure. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#awaited, ...this.#pending]);
  }

  /** Closes every sink, whatever the others do; the first error of any of them. */
  async close(): Promise<unknown> {
    await this.settle();
    const { sinks, deadLetters, lateRecords } = this.#options;
    const closed = await Promise.allSettled(
      [...sinks, deadLetters, lateRecords].map(async (sink) => sink.close()),
    );
    return closed.find((result) => result.status === 'rejected')?.reason ?? null;
  }
}

function prefixed(counts: DeadLettersByCategory): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [`dead_letters_${name}`, count]),
  );
}

/** All results, or the first error once every one has settled. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** The same promise; that it is awaited later must not look like nobody caring. */
function settledLater(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
