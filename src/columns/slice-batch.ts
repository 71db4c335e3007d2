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

/** The given rows of a batch as a batch of its own; text is shared, the rest copied. */
export function takeRows(batch: DecodedBatch, rows: readonly number[]): DecodedBatch {
  return {
    fields: batch.fields,
    columns: batch.columns.map((column) => takeColumn(column, rows)),
    rowCount: rows.length,
    offsets: Float64Array.from(rows, (row) => batch.offsets[row] as number),
  };
}

function takeColumn(column: Column, rows: readonly number[]): Column {
  const nulls = Uint8Array.from(rows, (row) => column.nulls[row] as number);
  switch (column.kind) {
    case 'float64': {
      const values = Float64Array.from(rows, (row) => column.values[row] as number);
      return { kind: 'float64', nulls, values };
    }
    case 'int32': {
      const values = Int32Array.from(rows, (row) => column.values[row] as number);
      return { kind: 'int32', nulls, values };
    }
    case 'int64': {
      const values = BigInt64Array.from(rows.map((row) => column.values[row] as bigint));
      return { kind: 'int64', nulls, values };
    }
    case 'bool': {
      const values = Uint8Array.from(rows, (row) => column.values[row] as number);
      return { kind: 'bool', nulls, values };
    }
    case 'bytes': {
      const starts = Int32Array.from(rows, (row) => column.starts[row] as number);
      const ends = Int32Array.from(rows, (row) => column.ends[row] as number);
      return { kind: 'bytes', nulls, data: column.data, starts, ends };
    }
    case 'object':
      return { kind: 'object', nulls, values: rows.map((row) => column.values[row]) };
  }
}
