// Rows of a stream that wait for their turn, copied out of the reader's batches column by column: the
// fields that somebody reads (the others are null) and when each row was known. Rows are numbered in
// the order they came.
import type { Batch } from '../columns/batch.ts';
import {
  type ColumnBuilder,
  columnForField,
  ensureRows,
  putBytes,
} from '../columns/column-builder.ts';
import type { Column, Float64Column } from '../columns/column.ts';
import { copyRows } from '../columns/copy-rows.ts';
import type { StreamNode } from '../plan/plan.ts';

/** Bounds the bytes of text that share one buffer. */
const chunkBits = 18;
const rowsPerChunk = 2 ** chunkBits;

interface Chunk {
  readonly columns: readonly ColumnBuilder[];
  readonly knownMs: Float64Array;
  rowCount: number;
}

export class RowBuffer {
  readonly #stream: StreamNode;
  readonly #timeIndex: number;
  readonly #isKept: readonly boolean[];
  #chunks: Chunk[] = [];
  #rowCount = 0;

  constructor(stream: StreamNode, fields: ReadonlySet<string>) {
    this.#stream = stream;
    this.#timeIndex = stream.fields.findIndex(({ name }) => name === stream.eventTime.field);
    this.#isKept = stream.fields.map(({ name }, i) => fields.has(name) || i === this.#timeIndex);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  knownMs(row: number): number {
    const chunk = this.#chunks[row >>> chunkBits] as Chunk;
    return chunk.knownMs[row & (rowsPerChunk - 1)] as number;
  }

  /** Copies the first `count` of `rows` of columns of the stream; row r was known at `knownMs[r]`. */
  append(
    columns: readonly Column[],
    rows: Int32Array,
    count: number,
    knownMs: ArrayLike<number>,
  ): void {
    for (let done = 0; done < count; ) {
      let chunk = this.#chunks.at(-1);
      if (chunk === undefined || chunk.rowCount === rowsPerChunk) {
        chunk = this.#newChunk();
        this.#chunks.push(chunk);
      }
      const size = Math.min(count - done, rowsPerChunk - chunk.rowCount);
      const from = rows.subarray(done, done + size);
      const first = chunk.rowCount;
      for (const [i, builder] of chunk.columns.entries()) {
        if (this.#isKept[i] === true) {
          copyRows(columns[i] as Column, builder, { from, first, count: size });
        }
      }
      for (let i = 0; i < size; i++)
        chunk.knownMs[first + i] = knownMs[from[i] as number] as number;
      chunk.rowCount += size;
      this.#rowCount += size;
      done += size;
    }
  }

  /** The given rows as a batch of their own, in the given order. */
  take(rows: Int32Array): Batch {
    const columns = this.#stream.fields.map((field, i) => {
      const builder = columnForField(field);
      ensureRows(builder, rows.length);
      if (this.#isKept[i] === true) this.#gather(i, rows, builder);
      else builder.nulls.fill(1);
      return builder;
    });
    const times = (columns[this.#timeIndex] as Float64Column).values.subarray(0, rows.length);
    const knownMs = Float64Array.from(rows, (row) => this.knownMs(row));
    return batchOf(this.#stream, columns, { eventTimeMs: times, arrivalTimeMs: knownMs });
  }

  #gather(index: number, rows: Int32Array, builder: ColumnBuilder): void {
    for (let to = 0; to < rows.length; to++) {
      const row = rows[to] as number;
      const { columns } = this.#chunks[row >>> chunkBits] as Chunk;
      copyValue(columns[index] as Column, row & (rowsPerChunk - 1), builder, to);
    }
  }

  /** Forgets all rows but these, which keep their order. */
  keep(rows: Int32Array): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#rowCount = 0;
    for (let from = 0; from < rows.length; ) {
      const index = (rows[from] as number) >>> chunkBits;
      let to = from;
      while (to < rows.length && (rows[to] as number) >>> chunkBits === index) to++;
      const { columns, knownMs } = chunks[index] as Chunk;
      const local = rows.slice(from, to).map((row) => row & (rowsPerChunk - 1));
      this.append(columns, local, local.length, knownMs);
      from = to;
    }
  }

  #newChunk(): Chunk {
    const columns = this.#stream.fields.map((field) => columnForField(field));
    return { columns, knownMs: new Float64Array(rowsPerChunk), rowCount: 0 };
  }
}

/** When the rows of a batch happened, and when they were known (not before that). */
export interface RowTimes {
  readonly eventTimeMs: Float64Array;
  readonly arrivalTimeMs: Float64Array;
}

/** A batch as operators of a replay take it: nothing is late. */
export function batchOf(
  stream: StreamNode,
  columns: readonly Column[],
  { eventTimeMs, arrivalTimeMs }: RowTimes,
): Batch {
  const rowCount = eventTimeMs.length;
  return {
    fields: stream.fields,
    columns,
    rowCount,
    offsets: new Float64Array(rowCount),
    eventTimeMs,
    arrivalTimeMs,
    watermarkMs: new Float64Array(rowCount).fill(Number.NEGATIVE_INFINITY),
    split: 0,
  };
}

function copyValue(column: Column, row: number, target: ColumnBuilder, at: number): void {
  target.nulls[at] = column.nulls[row] as number;
  if (column.kind === 'bytes' && target.kind === 'bytes') {
    const start = column.starts[row] as number;
    const end = column.nulls[row] === 1 ? start : (column.ends[row] as number);
    putBytes(target, at, { bytes: column.data, start, end });
  } else if (column.kind !== 'bytes' && target.kind !== 'bytes') {
    target.values[at] = column.values[row] as never;
  }
}
