// One split with at most one read under way. The batch of a read belongs to the job until it asks
// for the next one, so a split is only asked again when its batch has been processed.
import type { Clock } from '../../kernel/clock.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { SourceSplit, SplitRead } from '../../ports/source.ts';
import { IdleTimer } from '../time/idle-timer.ts';

export interface SplitReaderOptions {
  readonly index: number;
  readonly split: SourceSplit;
  readonly idleTimeoutMs: number | null;
  /** Called when a read has come back. */
  readonly onRead: () => void;
  readonly clock: Clock;
}

/** A split that says at once that it has nothing is asked again after this. */
const retryMs = 5;

export class SplitReader {
  readonly index: number;
  readonly id: string;
  readonly idleTimer: IdleTimer;
  /** What came back and was not taken yet. */
  ready: SplitRead | null = null;
  /** Wall time when it came back: the arrival of its records. */
  readyAtMs = 0;
  /** The earliest event time of the batch that is ready, once it was looked for. */
  readyFirstMs: number | null = null;
  /** Why the last read failed; null when it did not. */
  failure: unknown = null;
  /** True when the last read found nothing: nobody waits for such a split. */
  isEmpty = false;
  isEnded = false;
  isWaiting = false;
  recordsIn = 0;
  offset: number | null = null;
  /** Where a later run goes on: after what was taken. */
  position: JsonValue | undefined;
  /** Number of the turn in which it was last served. */
  servedAt = 0;
  readonly #split: SourceSplit;
  readonly #onRead: () => void;
  readonly #clock: Clock;
  #isPending = false;
  #askedMs = 0;
  /** A split that had nothing is not asked before this. */
  retryAtMs = 0;

  constructor({ index, split, idleTimeoutMs, onRead, clock }: SplitReaderOptions) {
    this.index = index;
    this.id = split.id;
    this.position = split.position;
    this.idleTimer = new IdleTimer(idleTimeoutMs);
    this.#split = split;
    this.#onRead = onRead;
    this.#clock = clock;
  }

  /** Asks for more, unless it has been asked, has something ready, or is over. */
  request(rowCountMax: number): void {
    if (this.#isPending || this.ready !== null || this.isEnded || this.failure !== null) return;
    this.#isPending = true;
    this.#askedMs = this.#clock.monotonicMs();
    void this.#read(rowCountMax);
  }

  get isUnasked(): boolean {
    return !this.#isPending && !this.isEnded;
  }

  /** The read found nothing. A split that waited before it said so may be asked again at once. */
  hadNothing(nowMs: number): void {
    this.ready = null;
    this.isEmpty = true;
    this.retryAtMs = nowMs > this.#askedMs ? nowMs : nowMs + retryMs;
  }

  /** The batch that was ready has been processed; the split may be asked again. */
  taken(turn: number): void {
    this.ready = null;
    this.readyFirstMs = null;
    this.isEmpty = false;
    this.servedAt = turn;
    this.idleTimer.reset();
  }

  /** An error of a row of the newest read, with what a broker knows of it. */
  withOrigin(error: RecordError): RecordError {
    const origin = this.#split.originOf?.(error.offset) ?? null;
    return origin === null ? error : { ...error, origin };
  }

  /** Positions of the split in checkpoints that may be restored. */
  retained(positions: readonly (JsonValue | undefined)[]): void {
    this.#split.retained?.(positions);
  }

  async #read(rowCountMax: number): Promise<void> {
    try {
      this.ready = await this.#split.next(rowCountMax);
      this.readyAtMs = this.#clock.nowMs();
    } catch (error) {
      this.failure = error;
    }
    this.#isPending = false;
    this.#onRead();
  }

  async close(): Promise<void> {
    await this.#split.close();
  }
}
