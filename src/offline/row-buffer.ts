// Rows of a stream that wait for their turn, copied out of the reader's batches: the event time, and
// the fields that somebody reads (the others are null). Rows are numbered in the order they came.
import type { Batch, DecodedBatch } from '../columns/batch.ts';
import {
  type ColumnBuilder,
  columnForField,
  ensureBytes,
  ensureRows,
} from '../columns/column-builder.ts';
import type { Column, Float64Column } from '../columns/column.ts';
import type { StreamNode } from '../plan/plan.ts';

/** Bounds the bytes of text that share one buffer. */
const rowsPerChunk = 262_144;

interface Chunk {
  readonly columns: readonly ColumnBuilder[];
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

  timeOf(row: number): number {
    const chunk = this.#chunks[Math.floor(row / rowsPerChunk)] as Chunk;
    return timesOf(chunk, this.#timeIndex)[row % rowsPerChunk] as number;
  }

  /** Copies a row of a batch of the stream. */
  append(batch: DecodedBatch, row: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.rowCount === rowsPerChunk) {
      chunk = newChunk(this.#stream);
      this.#chunks.push(chunk);
    }
    this.#copy(batch.columns, row, chunk);
    this.#rowCount++;
  }

  /** The given rows as a batch of their own, in the given order. */
  take(rows: readonly number[]): Batch {
    const chunk = newChunk(this.#stream);
    for (const row of rows) {
      const from = this.#chunks[Math.floor(row / rowsPerChunk)] as Chunk;
      this.#copy(from.columns, row % rowsPerChunk, chunk);
    }
    return batchOf(this.#stream, chunk.columns, timesOf(chunk, this.#timeIndex));
  }

  /** Forgets all rows but these, which keep their order. */
  keep(rows: readonly number[]): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#rowCount = 0;
    for (const row of rows) {
      const { columns } = chunks[Math.floor(row / rowsPerChunk)] as Chunk;
      this.append({ columns } as unknown as DecodedBatch, row % rowsPerChunk);
    }
  }

  #copy(columns: readonly Column[], row: number, chunk: Chunk): void {
    const target = chunk.rowCount++;
    for (const [i, builder] of chunk.columns.entries()) {
      ensureRows(builder, target + 1);
      if (this.#isKept[i] === true) copyValue(columns[i] as Column, row, builder, target);
      else builder.nulls[target] = 1;
    }
  }
}

/** A batch as operators of a replay take it: it has arrived when it happened, and nothing is late. */
export function batchOf(
  stream: StreamNode,
  columns: readonly Column[],
  eventTimeMs: Float64Array,
): Batch {
  const rowCount = eventTimeMs.length;
  return {
    fields: stream.fields,
    columns,
    rowCount,
    offsets: new Float64Array(rowCount),
    eventTimeMs,
    arrivalTimeMs: eventTimeMs,
    watermarkMs: new Float64Array(rowCount).fill(Number.NEGATIVE_INFINITY),
    split: 0,
  };
}

function timesOf({ columns, rowCount }: Chunk, timeIndex: number): Float64Array {
  return (columns[timeIndex] as Float64Column).values.subarray(0, rowCount);
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
