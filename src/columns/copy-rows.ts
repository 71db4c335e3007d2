// Copies rows of columns into builders of the same kind that own their text, column by column.
import type { Column } from './column.ts';
import { type ColumnBuilder, ensureRows, putBytes } from './column-builder.ts';

/** Which rows go where: row `from[i]` (or `i`) becomes row `to[i]` (or `first + i`). */
export interface RowMoves {
  readonly from?: ArrayLike<number>;
  readonly to?: ArrayLike<number>;
  readonly first?: number;
  readonly count: number;
}

/** Copies values and nulls. With `to` the builder has room already; else it grows. */
export function copyRows(column: Column, target: ColumnBuilder, moves: RowMoves): void {
  const { from, to, first = 0, count } = moves;
  if (to === undefined) ensureRows(target, first + count);
  if (column.kind === 'bytes' && target.kind === 'bytes') {
    copyText(column, target, moves);
    return;
  }
  if (column.kind !== target.kind || column.kind === 'bytes' || target.kind === 'bytes') {
    throw new Error(`a ${column.kind} column cannot be copied into ${target.kind}`);
  }
  const values = column.values as { readonly [row: number]: unknown };
  const into = target.values as { [row: number]: unknown };
  if (column.kind === 'float64' && target.kind === 'float64') {
    copyNumbers(column.values, target.values, moves);
  } else if (column.kind === 'int32' && target.kind === 'int32') {
    copyNumbers(column.values, target.values, moves);
  } else {
    for (let i = 0; i < count; i++) {
      into[to === undefined ? first + i : (to[i] as number)] =
        values[from === undefined ? i : (from[i] as number)];
    }
  }
  copyNumbers(column.nulls, target.nulls, moves);
}

type Numbers = Float64Array | Int32Array | Uint8Array;

function copyNumbers(values: Numbers, into: Numbers, moves: RowMoves): void {
  const { from, to, first = 0, count } = moves;
  if (from === undefined && to === undefined) {
    into.set(values.subarray(0, count), first);
  } else if (to === undefined) {
    const rows = from as ArrayLike<number>;
    for (let i = 0; i < count; i++) into[first + i] = values[rows[i] as number] as number;
  } else if (from === undefined) {
    for (let i = 0; i < count; i++) into[to[i] as number] = values[i] as number;
  } else {
    for (let i = 0; i < count; i++) into[to[i] as number] = values[from[i] as number] as number;
  }
}

function copyText(
  column: Column & { kind: 'bytes' },
  target: ColumnBuilder & { kind: 'bytes' },
  { from, to, first = 0, count }: RowMoves,
): void {
  for (let i = 0; i < count; i++) {
    const row = from === undefined ? i : (from[i] as number);
    const at = to === undefined ? first + i : (to[i] as number);
    const isNull = column.nulls[row] as number;
    target.nulls[at] = isNull;
    const start = column.starts[row] as number;
    const end = isNull === 1 ? start : (column.ends[row] as number);
    putBytes(target, at, { bytes: column.data, start, end });
  }
}
