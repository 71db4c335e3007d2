// Rows of a view on their way to the views that read them, within one thread. What an operator emits is
// its own again after the call, so rows are copied into columns of this feed; they go on as a batch
// when the operator is done. Their watermark is that of a source: the greatest as_of less the bound.
import type { Batch } from '../../columns/batch.ts';
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { copyRows } from '../../columns/copy-rows.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { StreamNode, ViewNode } from '../../plan/plan.ts';
import { decodeKeys } from './key-columns.ts';
import { type IsOfRecords, isOfRecords } from './rows-of-records.ts';

const initialRows = 256;

export class RowsFeed {
  readonly #stream: StreamNode;
  readonly #keyCount: number;
  readonly #isOfRecords: IsOfRecords;
  readonly #columns: readonly ColumnBuilder[];
  #rowCount = 0;
  /** Rows handed on: they are numbered, as records of a split are by their place. */
  #passed = 0;
  #watermark = minWatermark as number;
  #eventTimeMs = new Float64Array(initialRows);
  #arrivalTimeMs = new Float64Array(initialRows);
  #watermarkMs = new Float64Array(initialRows);
  #offsets = new Float64Array(initialRows);
  #taken = new Int32Array(initialRows);

  constructor(stream: StreamNode, view: ViewNode) {
    this.#stream = stream;
    this.#keyCount = view.key.length;
    this.#isOfRecords = isOfRecords(view);
    this.#columns = stream.fields.map((field) => columnForField(field, initialRows));
  }

  /** Copies the rows of records of a batch. */
  take(batch: VectorBatch): void {
    const rows = this.#select(batch);
    if (rows.length === 0) return;
    const first = this.#rowCount;
    const keys = this.#columns.slice(0, this.#keyCount);
    decodeKeys(batch, rows, { builders: keys, first });
    this.#copyTimes(batch, rows, first);
    for (let i = 0; i < batch.columns.length; i++) {
      const target = this.#columns[this.#keyCount + 2 + i] as ColumnBuilder;
      const column = batch.columns[i] as (typeof batch.columns)[number];
      copyRows(column, target, { from: rows, first, count: rows.length });
    }
    this.#rowCount += rows.length;
  }

  /** What has come since the last call; null: nothing. It is the caller's until `take` is called. */
  next(): Batch | null {
    const rowCount = this.#rowCount;
    if (rowCount === 0) return null;
    const { outOfOrdernessMs } = this.#stream.eventTime;
    for (let row = 0; row < rowCount; row++) {
      this.#watermarkMs[row] = this.#watermark;
      this.#offsets[row] = this.#passed++;
      const own = (this.#eventTimeMs[row] as number) - outOfOrdernessMs;
      if (own > this.#watermark) this.#watermark = own;
    }
    this.#rowCount = 0;
    for (const column of this.#columns) if (column.kind === 'bytes') column.dataLength = 0;
    return {
      fields: this.#stream.fields,
      columns: this.#columns,
      rowCount,
      offsets: this.#offsets,
      eventTimeMs: this.#eventTimeMs,
      arrivalTimeMs: this.#arrivalTimeMs,
      watermarkMs: this.#watermarkMs,
      split: 0,
    };
  }

  /** That of the rows that went on, raised to what the view that gives them has been told. */
  watermarkAfter(toldMs: number): number {
    if (toldMs > this.#watermark) this.#watermark = toldMs;
    return this.#watermark;
  }

  #select(batch: VectorBatch): Int32Array {
    if (this.#taken.length < batch.rowCount) this.#taken = new Int32Array(batch.rowCount);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      const eventTimeMs = batch.eventTimeMs[row] as number;
      if (this.#isOfRecords(eventTimeMs, batch.asOfMs[row] as number)) this.#taken[count++] = row;
    }
    return this.#taken.subarray(0, count);
  }

  #copyTimes(batch: VectorBatch, rows: Int32Array, first: number): void {
    this.#ensure(first + rows.length);
    const seen = this.#columns[this.#keyCount] as ColumnBuilder;
    const asOf = this.#columns[this.#keyCount + 1] as ColumnBuilder;
    if (seen.kind !== 'float64' || asOf.kind !== 'float64')
      throw new TypeError('times are numbers');
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      const at = first + i;
      seen.values[at] = batch.eventTimeMs[row] as number;
      asOf.values[at] = batch.asOfMs[row] as number;
      this.#eventTimeMs[at] = batch.asOfMs[row] as number;
      this.#arrivalTimeMs[at] = batch.arrivalTimeMs[row] as number;
    }
  }

  #ensure(count: number): void {
    for (const column of this.#columns) ensureRows(column, count);
    if (this.#eventTimeMs.length >= count) return;
    const length = Math.max(count, this.#eventTimeMs.length * 2);
    this.#eventTimeMs = grown(this.#eventTimeMs, length);
    this.#arrivalTimeMs = grown(this.#arrivalTimeMs, length);
    this.#watermarkMs = grown(this.#watermarkMs, length);
    this.#offsets = grown(this.#offsets, length);
  }
}

function grown(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(values);
  return copy;
}
