// Hands on rows of another split no sooner than their time: by event time or by count. Rows keep
// their order; one that is not due yet holds those behind it. Not due: `empty`, after a short wait.
// A position counts the rows and errors that were handed on since the inner split's last batch.
import type { DecodedBatch } from '../../columns/batch.ts';
import { sliceBatch } from '../../columns/slice-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { SourceContext, SourceSplit, SplitRead } from '../../ports/source.ts';
import { hasEnded, positionIn } from './file-position.ts';

export type Pacing =
  | { readonly kind: 'speed'; readonly speed: number; readonly origin: PacingOrigin }
  | { readonly kind: 'rate'; readonly ratePerSecond: number };

/** The first event time handed on, and when: shared by the splits of a source. */
export interface PacingOrigin {
  eventMs: number | null;
  clockMs: number;
}

/** After so many rows and errors that the inner split gives from `before` on. */
type PacedPosition = {
  readonly before: JsonValue;
  readonly rows: number;
  readonly errors: number;
};

export interface PacedSplitOptions {
  readonly id: string;
  readonly open: (start: JsonValue | undefined) => SourceSplit;
  readonly pacing: Pacing;
  readonly context: SourceContext;
  readonly start: JsonValue | undefined;
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
  /** Where the inner split was before and after the batch. */
  #before: JsonValue;
  #after: JsonValue = null;
  #errorsOfBatch = 0;
  /** What an earlier run handed on already. */
  #skipRows: number;
  #skipErrors: number;
  #startMs: number | null = null;
  #handedOn = 0;

  constructor({ id, open, pacing, context, start }: PacedSplitOptions) {
    const from = positionIn<PacedPosition>(start, id, ['before', 'rows', 'errors']);
    this.id = id;
    this.#before = from?.before ?? null;
    this.#skipRows = from?.rows ?? 0;
    this.#skipErrors = from?.errors ?? 0;
    this.#split = open(from?.before ?? undefined);
    this.#pacing = pacing;
    this.#clock = context.clock;
    this.#signal = context.signal;
    this.#eventTimeField = context.eventTimeField;
  }

  async next(rowCountMax: number): Promise<SplitRead> {
    while (this.#batch === null) {
      const read = await this.#split.next(rowCountMax);
      if (read.kind === 'end') return this.#end(read.position);
      if (read.kind === 'empty') return read;
      this.#take(read);
    }
    return this.#release(this.#batch, rowCountMax);
  }

  #take({ batch, errors, position }: SplitRead & { kind: 'rows' }): void {
    this.#nextRow = Math.min(this.#skipRows, batch.rowCount);
    this.#errors = errors.slice(this.#skipErrors);
    this.#skipRows -= this.#nextRow;
    this.#skipErrors -= errors.length - this.#errors.length;
    this.#errorsOfBatch = errors.length;
    this.#after = position;
    if (this.#nextRow < batch.rowCount || this.#errors.length > 0) this.#batch = batch;
    else this.#before = position;
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
    if (to === batch.rowCount) {
      this.#batch = null;
      this.#before = this.#after;
    }
    const slice = sliceBatch(batch, from, to);
    return { kind: 'rows', batch: slice, errors, position: this.#position() };
  }

  #position(): PacedPosition {
    const before = this.#before;
    if (this.#batch === null) return { before, rows: 0, errors: 0 };
    return { before, rows: this.#nextRow, errors: this.#errorsOfBatch };
  }

  #end(position: JsonValue | undefined): SplitRead {
    if (position === undefined) return { kind: 'end' };
    const ended = hasEnded(position) ? { endedAt: position.endedAt } : {};
    return { kind: 'end', position: { before: position, rows: 0, errors: 0, ...ended } };
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
