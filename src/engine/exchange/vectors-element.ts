// Vectors of a view on their way back to the hub. The hub reads them where they lie and hands them
// to the sinks, which copy what they keep. Slots are those of the subtask that sent them.
import type { BytesColumn, Column, Float64Column, Int32Column } from '../../columns/column.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { BlockReader } from './block-reader.ts';
import { type BlockColumn, BlockWriter, type ElementLimits, takeRows } from './column-block.ts';
import type { Payload } from './elements.ts';
import { ColumnSelector } from './select-rows.ts';

/** Columns before the features: event time, as-of, seq, arrival, slot, key. */
const ownColumns = 6;
const noNulls = new Uint8Array(0);

/** Writes vectors as elements. */
export class VectorsWriter implements Payload {
  readonly #block = new BlockWriter();
  #columns: readonly BlockColumn[] = [];
  #rowCount = 0;

  /** The vectors to write, of the view with this number. */
  begin(view: number, batch: VectorBatch): void {
    const { keyData, keyStarts, keyEnds, keySlots } = batch;
    const { eventTimeMs, asOfMs, seq, arrivalTimeMs } = batch;
    this.#block.head[0] = view;
    this.#rowCount = batch.rowCount;
    this.#columns = [
      ...[eventTimeMs, asOfMs, seq, arrivalTimeMs].map((values) =>
        unboxed({ kind: 'float64', values, nulls: noNulls }),
      ),
      unboxed({ kind: 'int32', values: keySlots, nulls: noNulls }),
      unboxed({ kind: 'bytes', data: keyData, starts: keyStarts, ends: keyEnds, nulls: noNulls }),
      // A value can be null although its feature's type does not say so: a sum that does not fit.
      ...batch.columns.map((column, i) => ({
        column,
        hasNulls: true,
        type: batch.fields[i]?.type ?? null,
      })),
    ];
  }

  /** Takes rows from `from` on, as many as fit the limits, one at least; where they end. */
  take(from: number, limits: ElementLimits): number {
    return takeRows(this.#block, this.#columns, { from, end: this.#rowCount }, limits);
  }

  get size(): number {
    return this.#block.size;
  }

  writeTo(buffer: SharedArrayBuffer, at: number): void {
    this.#block.writeTo(buffer, at);
  }
}

function unboxed(column: Column): BlockColumn {
  return { column, hasNulls: false, type: null };
}

/** The number of the view whose vectors a block holds. */
export function viewOfVectors(block: BlockReader): number {
  return block.head[0] as number;
}

/** Reads the vectors of one view. */
export class VectorsReader {
  readonly #view: string;
  readonly #fields: readonly Field[];
  readonly #key = new ColumnSelector();
  readonly #columns: readonly ColumnSelector[];

  constructor(view: string, fields: readonly Field[]) {
    this.#view = view;
    this.#fields = fields;
    this.#columns = fields.map(({ type }) => new ColumnSelector(type));
  }

  /** The vectors, valid until the element is released or the next call. */
  read(block: BlockReader): VectorBatch {
    const { data, starts, ends } = this.#key.select(block, ownColumns - 1, null) as BytesColumn;
    const times = (i: number): Float64Array => (block.numbers(i) as Float64Column).values;
    return {
      view: this.#view,
      rowCount: block.rowCount,
      keyData: data,
      keyStarts: starts,
      keyEnds: ends,
      keySlots: (block.numbers(4) as Int32Column).values,
      eventTimeMs: times(0),
      asOfMs: times(1),
      seq: times(2),
      arrivalTimeMs: times(3),
      fields: this.#fields,
      columns: this.#columns.map((column, i) => column.select(block, ownColumns + i, null)),
    };
  }
}
