// The history of one stream, in memory and in the order of event time (ties in the order read). Rows
// that no label can see (after the last one) are left out, as are records that a run would refuse.
// Does not handle histories larger than memory.
import type { Batch, DecodedBatch } from '../columns/batch.ts';
import {
  type ColumnBuilder,
  columnForField,
  ensureBytes,
  ensureRows,
} from '../columns/column-builder.ts';
import type { Column, Float64Column } from '../columns/column.ts';
import type { StreamNode } from '../plan/plan.ts';
import type { SourceSplit } from '../ports/source.ts';

export interface HistoryOptions {
  readonly stream: StreamNode;
  readonly splits: readonly SourceSplit[];
  /** Fields that the views read; the others are not kept. */
  readonly fields: ReadonlySet<string>;
  /** Records after this instant are not kept. */
  readonly latestMs: number;
  /** Called now and then with the number of records read. */
  onRead(recordsRead: number): void;
}

export interface History {
  /** Batches in the order of event time; each is valid until the next. */
  batches(): Iterable<Batch>;
  readonly recordsRead: number;
  /** Records that could not be decoded or have no event time. */
  readonly recordsFailed: number;
}

const rowsPerRead = 16_384;
const rowsPerChunk = 262_144;

/** Reads every split to its end. */
export async function readHistory(options: HistoryOptions): Promise<History> {
  const rows = new HistoryRows(options);
  for (const split of options.splits) {
    for (;;) {
      const read = await split.next(rowsPerRead);
      if (read.kind === 'end') break;
      if (read.kind === 'empty') continue;
      rows.recordsRead += read.batch.rowCount + read.errors.length;
      rows.recordsFailed += read.errors.length;
      rows.append(read.batch);
      options.onRead(rows.recordsRead);
    }
  }
  return rows;
}

/** Columns of up to `rowsPerChunk` rows. */
interface Chunk {
  readonly columns: ColumnBuilder[];
  rowCount: number;
}

class HistoryRows implements History {
  recordsRead = 0;
  recordsFailed = 0;
  readonly #options: HistoryOptions;
  readonly #timeIndex: number;
  readonly #chunks: Chunk[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;
  #isSorted = true;

  constructor(options: HistoryOptions) {
    this.#options = options;
    const { fields, eventTime } = options.stream;
    this.#timeIndex = fields.findIndex(({ name }) => name === eventTime.field);
  }

  append(batch: DecodedBatch): void {
    const { latestMs } = this.#options;
    const time = batch.columns[this.#timeIndex] as Float64Column;
    for (let row = 0; row < batch.rowCount; row++) {
      const ts = time.values[row] as number;
      if (time.nulls[row] === 1) this.recordsFailed++;
      else if (ts <= latestMs) {
        if (ts < this.#newestMs) this.#isSorted = false;
        this.#newestMs = Math.max(ts, this.#newestMs);
        this.#copyRow(batch, row);
      }
    }
  }

  #copyRow(batch: DecodedBatch, row: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.rowCount === rowsPerChunk) {
      chunk = newChunk(this.#options.stream);
      this.#chunks.push(chunk);
    }
    this.#copyInto(chunk, batch.columns, row);
  }

  #copyInto(chunk: Chunk, columns: readonly Column[], row: number): void {
    const { stream, fields } = this.#options;
    const target = chunk.rowCount++;
    for (const [i, column] of columns.entries()) {
      const builder = chunk.columns[i] as ColumnBuilder;
      ensureRows(builder, target + 1);
      if (fields.has(stream.fields[i]?.name ?? '') || i === this.#timeIndex) {
        copyValue(column, row, builder, target);
      } else builder.nulls[target] = 1;
    }
  }

  *batches(): Iterable<Batch> {
    if (this.#isSorted) {
      for (const chunk of this.#chunks) yield this.#batchOf(chunk);
      return;
    }
    const order = this.#sortedOrder();
    for (let from = 0; from < order.length; from += rowsPerRead) {
      const chunk = newChunk(this.#options.stream);
      for (const index of order.slice(from, from + rowsPerRead)) {
        const source = this.#chunks[Math.floor(index / rowsPerChunk)] as Chunk;
        this.#copyInto(chunk, source.columns, index % rowsPerChunk);
      }
      yield this.#batchOf(chunk);
    }
  }

  /** Row numbers over all chunks by event time; the sort is stable. */
  #sortedOrder(): number[] {
    const times = this.#chunks.map(({ columns, rowCount }) =>
      (columns[this.#timeIndex] as Float64Column).values.subarray(0, rowCount),
    );
    const timeOf = (index: number): number =>
      times[Math.floor(index / rowsPerChunk)]?.[index % rowsPerChunk] as number;
    const length = times.reduce((sum, { length: rows }) => sum + rows, 0);
    return Array.from({ length }, (_, i) => i).sort((a, b) => timeOf(a) - timeOf(b));
  }

  #batchOf({ columns, rowCount }: Chunk): Batch {
    const time = (columns[this.#timeIndex] as Float64Column).values.subarray(0, rowCount);
    return {
      fields: this.#options.stream.fields,
      columns,
      rowCount,
      offsets: new Float64Array(rowCount),
      eventTimeMs: time,
      arrivalTimeMs: time,
      watermarkMs: new Float64Array(rowCount).fill(Number.NEGATIVE_INFINITY),
      split: 0,
    };
  }
}

function newChunk(stream: StreamNode): Chunk {
  return { columns: stream.fields.map((field) => columnForField(field)), rowCount: 0 };
}

function copyValue(column: Column, row: number, target: ColumnBuilder, at: number): void {
  target.nulls[at] = column.nulls[row] as number;
  if (column.kind === 'bytes' && target.kind === 'bytes') {
    const start = column.starts[row] as number;
    const length = column.nulls[row] === 1 ? 0 : (column.ends[row] as number) - start;
    ensureBytes(target, length);
    const to = target.dataLength;
    for (let i = 0; i < length; i++) target.data[to + i] = column.data[start + i] as number;
    target.starts[at] = to;
    target.ends[at] = target.dataLength = to + length;
  } else if (column.kind !== 'bytes' && target.kind !== 'bytes') {
    target.values[at] = column.values[row] as never;
  }
}
