// One column of a batch. Numbers sit in typed arrays; strings are ranges of bytes in a shared
// buffer, so that a record's text is never turned into a JavaScript string on the hot path.
// `nulls[i] === 1` marks a null; the value beside it is meaningless (0 or an empty range).
// Arrays may be longer than the batch: only the first `rowCount` entries count.

export type Column =
  | Float64Column
  | Int32Column
  | Int64Column
  | BoolColumn
  | BytesColumn
  | ObjectColumn;

interface ColumnBase {
  readonly nulls: Uint8Array;
}

/** float64, float32 (already rounded), timestamp (epoch ms), count. */
export interface Float64Column extends ColumnBase {
  readonly kind: 'float64';
  readonly values: Float64Array;
}

/** int32; date as days since the epoch. */
export interface Int32Column extends ColumnBase {
  readonly kind: 'int32';
  readonly values: Int32Array;
}

/** int64; decimal(p ≤ 18, s) as its unscaled integer. */
export interface Int64Column extends ColumnBase {
  readonly kind: 'int64';
  readonly values: BigInt64Array;
}

export interface BoolColumn extends ColumnBase {
  readonly kind: 'bool';
  readonly values: Uint8Array;
}

/** string (UTF-8, valid), bytes, json: row i is `data[starts[i] .. ends[i])`. */
export interface BytesColumn extends ColumnBase {
  readonly kind: 'bytes';
  readonly data: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** list, map, struct, and decimals wider than 18 digits (as text): boxed values. */
export interface ObjectColumn extends ColumnBase {
  readonly kind: 'object';
  readonly values: unknown[];
}

export type ColumnKind = Column['kind'];
