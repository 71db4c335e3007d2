// Copies some rows of a batch into new columns: for batches with rows that must be left out, which
// is rare. Bytes are not copied: the new ranges point into the same data.
import type { DecodedBatch } from '../../columns/batch.ts';
import type { Column } from '../../columns/column.ts';

/** The batch with only the given rows, in their order. */
export function gatherRows(batch: DecodedBatch, rows: readonly number[]): DecodedBatch {
  return {
    fields: batch.fields,
    columns: batch.columns.map((column) => gatherColumn(column, rows)),
    rowCount: rows.length,
    offsets: Float64Array.from(rows, (row) => batch.offsets[row] as number),
  };
}

function gatherColumn(column: Column, rows: readonly number[]): Column {
  const nulls = Uint8Array.from(rows, (row) => column.nulls[row] as number);
  switch (column.kind) {
    case 'float64':
      return { kind: 'float64', nulls, values: Float64Array.from(rows, pick(column.values)) };
    case 'int32':
      return { kind: 'int32', nulls, values: Int32Array.from(rows, pick(column.values)) };
    case 'int64':
      return { kind: 'int64', nulls, values: BigInt64Array.from(rows.map(pick(column.values))) };
    case 'bool':
      return { kind: 'bool', nulls, values: Uint8Array.from(rows, pick(column.values)) };
    case 'object':
      return { kind: 'object', nulls, values: rows.map(pick(column.values)) };
    case 'bytes':
      return {
        kind: 'bytes',
        nulls,
        data: column.data,
        starts: Int32Array.from(rows, pick(column.starts)),
        ends: Int32Array.from(rows, pick(column.ends)),
      };
  }
}

function pick<T>(values: ArrayLike<T>): (row: number) => T {
  return (row) => values[row] as T;
}
