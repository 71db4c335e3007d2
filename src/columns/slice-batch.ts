// Some rows of a batch as a batch, without copying: the slices share the arrays.
import type { DecodedBatch } from './batch.ts';
import type { Column } from './column.ts';

/** Rows `[from, to)` of a column. */
export function sliceColumn(column: Column, from: number, to: number): Column {
  const nulls = column.nulls.subarray(from, to);
  switch (column.kind) {
    case 'float64':
      return { kind: 'float64', nulls, values: column.values.subarray(from, to) };
    case 'int32':
      return { kind: 'int32', nulls, values: column.values.subarray(from, to) };
    case 'int64':
      return { kind: 'int64', nulls, values: column.values.subarray(from, to) };
    case 'bool':
      return { kind: 'bool', nulls, values: column.values.subarray(from, to) };
    case 'bytes': {
      const starts = column.starts.subarray(from, to);
      return {
        kind: 'bytes',
        nulls,
        data: column.data,
        starts,
        ends: column.ends.subarray(from, to),
      };
    }
    case 'object':
      return { kind: 'object', nulls, values: column.values.slice(from, to) };
  }
}

/** Rows `[from, to)` of a batch; valid as long as the batch is. */
export function sliceBatch(batch: DecodedBatch, from: number, to: number): DecodedBatch {
  return {
    fields: batch.fields,
    columns: batch.columns.map((column) => sliceColumn(column, from, to)),
    rowCount: to - from,
    offsets: batch.offsets.subarray(from, to),
  };
}
