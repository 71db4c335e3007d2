// Keys that are too long to keep: their records become dead letters, before any state is made.
import type { ProjectionFailure } from '../../codegen/projection.ts';
import type { KeyPart } from './key-encoder.ts';

/** Bytes of all parts of a key together. */
const keyBytesMax = 65_536;

export interface SelectedRows {
  readonly selected: Int32Array;
  readonly count: number;
}

export interface KeyedRows extends SelectedRows {
  readonly tooLong: readonly ProjectionFailure[];
}

/** The rows whose keys can be kept; the same array when all can. */
export function withoutLongKeys(parts: readonly KeyPart[], rows: SelectedRows): KeyedRows {
  const { selected, count } = rows;
  const isLong = (row: number): boolean => keyBytes(parts, row) > keyBytesMax;
  let i = 0;
  while (i < count && !isLong(selected[i] as number)) i += 1;
  if (i === count) return { selected, count, tooLong: [] };
  const all = selected.subarray(0, count);
  const kept = all.filter((row) => !isLong(row));
  const tooLong = Array.from(all.filter(isLong), (row) => ({
    row,
    message: `its key has ${keyBytes(parts, row)} bytes; ${keyBytesMax} are the most`,
  }));
  return { selected: kept, count: kept.length, tooLong };
}

/** Bytes of the parts whose length varies. */
function keyBytes(parts: readonly KeyPart[], row: number): number {
  let bytes = 0;
  for (let k = 0; k < parts.length; k++) {
    const { column } = parts[k] as KeyPart;
    if (column.kind !== 'bytes' || column.nulls[row] === 1) continue;
    bytes += (column.ends[row] as number) - (column.starts[row] as number);
  }
  return bytes;
}
