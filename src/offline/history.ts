// The history of one stream in the order of event time (ties in the order read), holding back only
// the rows that an earlier one may still follow: those less than `holdMs` behind the newest of their
// split. A record that comes later than that ends the attempt (`OutOfOrder`): the caller starts
// again and holds back more. Splits are read in step, the one that is furthest behind first.
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
  /** Records after this instant are left out. */
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
  /** Records that could not be decoded or have no event time. */
  recordsFailed = 0;
  readonly #options: HistoryOptions;
  readonly #timeIndex: number;
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
      const passed = this.#pass(read.batch, next);
      if (passed === null) this.#hold(read.batch, next);
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

  /** A sorted batch of the only split goes through as it is, when nothing is held back; else null. */
  #pass(batch: DecodedBatch, split: ReadSplit): Batch | null {
    const { holdMs, latestMs, stream } = this.#options;
    if (holdMs > 0 || this.#active.length > 1 || this.#held.rowCount > 0) return null;
    const time = batch.columns[this.#timeIndex] as Float64Column;
    let rowCount = 0;
    let last = this.#releasedMs;
    for (let row = 0; row < batch.rowCount; row++) {
      const ts = time.values[row] as number;
      if (time.nulls[row] === 1) return null;
      if (ts < last) throw new OutOfOrder();
      last = ts;
      if (ts <= latestMs) rowCount = row + 1;
    }
    this.#releasedMs = last;
    split.newestMs = last;
    const columns = batch.columns.map((column) => sliceColumn(column, 0, rowCount));
    return batchOf(stream, columns, time.values.subarray(0, rowCount));
  }

  #hold(batch: DecodedBatch, split: ReadSplit): void {
    const time = batch.columns[this.#timeIndex] as Float64Column;
    for (let row = 0; row < batch.rowCount; row++) {
      const ts = time.values[row] as number;
      if (time.nulls[row] === 1) {
        this.recordsFailed++;
        continue;
      }
      if (ts < this.#releasedMs) throw new OutOfOrder();
      split.newestMs = Math.max(split.newestMs, ts);
      if (ts <= this.#options.latestMs) this.#held.append(batch, row);
    }
  }

  /** Gives out the rows up to the watermark, unless they are so few that waiting is cheaper. */
  *#release(watermarkMs: number): Generator<Batch> {
    const held = this.#held;
    const due: number[] = [];
    const rest: number[] = [];
    for (let row = 0; row < held.rowCount; row++) {
      (held.timeOf(row) <= watermarkMs ? due : rest).push(row);
    }
    if (rest.length > due.length) {
      this.#releaseAt = held.rowCount * 2;
      return;
    }
    due.sort((a, b) => held.timeOf(a) - held.timeOf(b));
    for (let from = 0; from < due.length; from += this.#batchRows) {
      const rows = due.slice(from, from + this.#batchRows);
      this.#releasedMs = held.timeOf(rows.at(-1) as number);
      yield held.take(rows);
    }
    held.keep(rest);
    this.#releaseAt = Math.max(this.#releaseRows, rest.length * 2);
  }
}
