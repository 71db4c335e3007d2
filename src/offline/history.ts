// The history of one stream in the order in which its records were known (ties in the order read):
// by event time, or with an arrival field by the later of the two. Only rows that an earlier one may
// still follow are held back: those less than `holdMs` behind the newest of their split. A record
// that comes later than that ends the attempt (`OutOfOrder`): the caller starts again and holds back
// more. Splits are read in step, the one that is furthest behind first.
import type { Batch, DecodedBatch } from '../columns/batch.ts';
import type { Float64Column } from '../columns/column.ts';
import { sliceColumn } from '../columns/slice-batch.ts';
import type { StreamNode } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';
import { RowBuffer, batchOf } from './row-buffer.ts';

export interface HistoryOptions {
  readonly stream: StreamNode;
  readonly splits: readonly SourceSplit[];
  /** Fields that the views read; the others may be null. */
  readonly fields: ReadonlySet<string>;
  /** Field that says when a record arrived (timestamp); null: it was known when it happened. */
  readonly arrivalField?: string | null;
  /** Records known after this instant are left out. */
  readonly latestMs: number;
  /** How far behind the newest record of its split a record may come. */
  readonly holdMs: number;
  /** Rows asked for at a time. Default 16,384. */
  readonly batchRows?: number;
  /** Rows held back before any is given out. Default 65,536. */
  readonly releaseRows?: number;
  /** Called now and then with the number of records read. */
  onRead(recordsRead: number): void;
}

/** A record came that should have been given out before. */
export class OutOfOrder extends Error {}

const defaultBatchRows = 16_384;
const defaultReleaseRows = 65_536;

interface ReadSplit {
  readonly split: SourceSplit;
  newestMs: number;
}

export class History {
  recordsRead = 0;
  /** Records that could not be decoded, or have no event time or arrival. */
  recordsFailed = 0;
  readonly #options: HistoryOptions;
  readonly #timeIndex: number;
  /** −1 without an arrival field. */
  readonly #arrivalIndex: number;
  #knownMs: Float64Array = new Float64Array(0);
  #rows: Int32Array = new Int32Array(0);
  readonly #held: RowBuffer;
  readonly #splits: readonly ReadSplit[];
  #active: readonly ReadSplit[];
  #releasedMs = Number.NEGATIVE_INFINITY;
  readonly #batchRows: number;
  readonly #releaseRows: number;
  #releaseAt: number;

  constructor(options: HistoryOptions) {
    const { stream, splits, fields } = options;
    this.#options = options;
    this.#timeIndex = stream.fields.findIndex(({ name }) => name === stream.eventTime.field);
    const arrivalField = options.arrivalField ?? null;
    this.#arrivalIndex = stream.fields.findIndex(({ name }) => name === arrivalField);
    this.#held = new RowBuffer(stream, fields);
    this.#batchRows = options.batchRows ?? defaultBatchRows;
    this.#releaseRows = options.releaseRows ?? defaultReleaseRows;
    this.#releaseAt = this.#releaseRows;
    this.#splits = splits.map((split) => ({ split, newestMs: Number.NEGATIVE_INFINITY }));
    this.#active = this.#splits;
  }

  /** The newest event time of each split that had any, once all is read. */
  get newestMs(): readonly number[] {
    return this.#splits.map(({ newestMs }) => newestMs).filter(Number.isFinite);
  }

  /** Batches in the order of event time; each is valid until the next. Rejects with OutOfOrder. */
  async *batches(): AsyncGenerator<Batch> {
    for (;;) {
      const next = this.#furthestBehind();
      if (next === null) break;
      const read = await next.split.next(this.#batchRows);
      if (read.kind === 'end') this.#active = this.#active.filter((split) => split !== next);
      if (read.kind !== 'rows') continue;
      this.recordsRead += read.batch.rowCount + read.errors.length;
      this.recordsFailed += read.errors.length;
      const knownMs = this.#knownTimes(read.batch);
      const passed = this.#pass(read.batch, next, knownMs);
      if (passed === null) this.#hold(read.batch, next, knownMs);
      else if (passed.rowCount > 0) yield passed;
      if (this.#held.rowCount >= this.#releaseAt) yield* this.#release(this.#watermark());
      this.#options.onRead(this.recordsRead);
    }
    yield* this.#release(Number.POSITIVE_INFINITY);
  }

  #furthestBehind(): ReadSplit | null {
    const [first, ...others] = this.#active;
    if (first === undefined) return null;
    return others.reduce(
      (least, split) => (split.newestMs < least.newestMs ? split : least),
      first,
    );
  }

  #watermark(): number {
    const newest = this.#active.map(({ newestMs }) => newestMs);
    return Math.min(...newest) - this.#options.holdMs;
  }

  /** Per row when it was known; NaN where that cannot be said. */
  #knownTimes({ columns, rowCount }: DecodedBatch): Float64Array {
    if (this.#knownMs.length < rowCount) this.#knownMs = new Float64Array(rowCount * 2);
    const known = this.#knownMs;
    const time = columns[this.#timeIndex] as Float64Column;
    const arrival = columns[this.#arrivalIndex] as Float64Column | undefined;
    for (let row = 0; row < rowCount; row++) {
      const ts = time.nulls[row] === 1 ? Number.NaN : (time.values[row] as number);
      if (arrival === undefined) known[row] = ts;
      else if (arrival.nulls[row] === 1) known[row] = Number.NaN;
      else known[row] = Math.max(ts, arrival.values[row] as number);
    }
    return known;
  }

  /** A sorted batch of the only split goes through as it is, when nothing is held back; else null. */
  #pass(batch: DecodedBatch, split: ReadSplit, knownMs: Float64Array): Batch | null {
    const { holdMs, latestMs, stream } = this.#options;
    if (holdMs > 0 || this.#active.length > 1 || this.#held.rowCount > 0) return null;
    let rowCount = 0;
    let last = this.#releasedMs;
    for (let row = 0; row < batch.rowCount; row++) {
      const known = knownMs[row] as number;
      if (Number.isNaN(known)) return null;
      if (known < last) throw new OutOfOrder();
      last = known;
      if (known <= latestMs) rowCount = row + 1;
    }
    this.#releasedMs = last;
    split.newestMs = last;
    const columns = batch.columns.map((column) => sliceColumn(column, 0, rowCount));
    const eventTimeMs = (columns[this.#timeIndex] as Float64Column).values;
    return batchOf(stream, columns, { eventTimeMs, arrivalTimeMs: knownMs.slice(0, rowCount) });
  }

  #hold(batch: DecodedBatch, split: ReadSplit, knownMs: Float64Array): void {
    if (this.#rows.length < batch.rowCount) this.#rows = new Int32Array(batch.rowCount * 2);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      const known = knownMs[row] as number;
      if (Number.isNaN(known)) {
        this.recordsFailed++;
        continue;
      }
      if (known < this.#releasedMs) throw new OutOfOrder();
      if (known > split.newestMs) split.newestMs = known;
      if (known <= this.#options.latestMs) this.#rows[count++] = row;
    }
    this.#held.append(batch.columns, this.#rows, count, knownMs);
  }

  /** Gives out the rows up to the watermark, unless they are so few that waiting is cheaper. */
  *#release(watermarkMs: number): Generator<Batch> {
    const held = this.#held;
    const all = Int32Array.from({ length: held.rowCount }, (_, row) => row);
    const due = all.filter((row) => held.knownMs(row) <= watermarkMs);
    const restCount = held.rowCount - due.length;
    if (restCount > due.length) {
      this.#releaseAt = held.rowCount * 2;
      return;
    }
    const rest = all.filter((row) => held.knownMs(row) > watermarkMs);
    due.sort((a, b) => held.knownMs(a) - held.knownMs(b) || a - b);
    for (let from = 0; from < due.length; from += this.#batchRows) {
      const rows = due.subarray(from, from + this.#batchRows);
      this.#releasedMs = held.knownMs(rows.at(-1) as number);
      yield held.take(rows);
    }
    held.keep(rest);
    this.#releaseAt = Math.max(this.#releaseRows, restCount * 2);
  }
}
