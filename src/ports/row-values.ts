// How the rows of a view become the values of records, where a sink lets others write them.
import type { ByteRange } from '../columns/column-builder.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { Value } from '../kernel/types/field-type.ts';

/** Encodes rows one after the other; the bytes hold until the next one. */
export interface RowValues {
  /** The value of a row, whose key has these columns. */
  encode(batch: VectorBatch, row: number, key: Readonly<Record<string, Value>>): ByteRange;
}
