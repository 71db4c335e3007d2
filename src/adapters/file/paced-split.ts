// Hands on rows of another split no sooner than their time: by event time or by count. Rows keep
// their order; one that is not due yet holds those behind it. Not due: `empty`, after a short wait.
import type { DecodedBatch } from '../../columns/batch.ts';
import { sliceBatch } from '../../columns/slice-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { SourceContext, SourceSplit, SplitRead } from '../../ports/source.ts';

export type Pacing =
  | { readonly kind: 'speed'; readonly speed: number; readonly origin: PacingOrigin }
  | { readonly kind: 'rate'; readonly ratePerSecond: number };

/** The first event time handed on, and when: shared by the splits of a source. */
export interface PacingOrigin {
  eventMs: number | null;
  clockMs: number;
}

/** The longest wait for a row that is not due: other splits may have rows. */
const waitMsMax = 20;

const empty: SplitRead = { kind: 'empty' };

export class PacedSplit implements SourceSplit {
  readonly id: string;
  readonly #split: SourceSplit;
  readonly #pacing: Pacing;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #eventTimeField: string;
  #batch: DecodedBatch | null = null;
  #errors: readonly RecordError[] = [];
  #nextRow = 0;
  #startMs: number | null = null;
  #handedOn = 0;

  constructor(split: SourceSplit, pacing: Pacing, context: SourceContext) {
    this.id = split.id;
    this.#split = split;
    this.#pacing = pacing;
    this.#clock = context.clock;
    this.#signal = context.signal;
    this.#eventTimeField = context.eventTimeField;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    if (this.#batch === null) {
      const read = await this.#split.next(rowCountMax);
      if (read.kind !== 'rows') return read;
      this.#batch = read.batch;
      this.#errors = read.errors;
      this.#nextRow = 0;
    }
    return this.#release(this.#batch, rowCountMax);
  }

  async #release(batch: DecodedBatch, rowCountMax: number): Promise<SplitRead> {
    const nowMs = this.#clock.monotonicMs();
    this.#startMs ??= nowMs;
    const from = this.#nextRow;
    const limit = Math.min(batch.rowCount, from + rowCountMax);
    const { to, waitMs } =
      this.#pacing.kind === 'rate'
        ? this.#dueByRate(this.#pacing.ratePerSecond, nowMs - this.#startMs, limit)
        : this.#dueByTime(this.#pacing, batch, nowMs, limit);
    const errors = this.#errors;
    if (to === from && errors.length === 0 && from < batch.rowCount) {
      await this.#clock.sleep(Math.min(waitMsMax, Math.max(1, waitMs)), this.#signal);
      return empty;
    }
    this.#errors = [];
    this.#nextRow = to;
    this.#handedOn += to - from;
    if (to === batch.rowCount) this.#batch = null;
    return { kind: 'rows', batch: sliceBatch(batch, from, to), errors };
  }

  #dueByRate(rate: number, elapsedMs: number, limit: number): Due {
    // The first record is due at once.
    const allowed = Math.floor((elapsedMs * rate) / 1000) + 1 - this.#handedOn;
    const to = Math.min(limit, this.#nextRow + Math.max(0, allowed));
    return { to, waitMs: (this.#handedOn * 1000) / rate - elapsedMs };
  }

  #dueByTime(
    { speed, origin }: Pacing & { kind: 'speed' },
    batch: DecodedBatch,
    nowMs: number,
    limit: number,
  ): Due {
    const index = batch.fields.findIndex(({ name }) => name === this.#eventTimeField);
    const column = batch.columns[index];
    if (column?.kind !== 'float64') return { to: limit, waitMs: 0 };
    let to = this.#nextRow;
    for (; to < limit; to++) {
      if (column.nulls[to] === 1) continue;
      const eventMs = column.values[to] as number;
      if (origin.eventMs === null) {
        origin.eventMs = eventMs;
        origin.clockMs = nowMs;
      }
      const waitMs = (eventMs - origin.eventMs) / speed - (nowMs - origin.clockMs);
      if (waitMs > 0) return { to, waitMs };
    }
    return { to, waitMs: 0 };
  }

  async close(): Promise<void> {
    await this.#split.close();
  }
}

/** Rows before `to` are due; the next one in `waitMs`. */
interface Due {
  readonly to: number;
  readonly waitMs: number;
}
