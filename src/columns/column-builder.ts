// Growable columns that are reused from batch to batch. A builder is a column whose arrays its
// owner may write and replace: `ensureRows` keeps the contents and at least doubles. Of a field
// that is not nullable `nulls` stays all zero. Builders hold no row count: the batch does.
import type { Field, FieldType } from '../kernel/types/field-type.ts';
import type { ColumnKind } from './column.ts';

interface BuilderBase {
  nulls: Uint8Array;
}

export interface Float64Builder extends BuilderBase {
  readonly kind: 'float64';
  values: Float64Array;
}

export interface Int32Builder extends BuilderBase {
  readonly kind: 'int32';
  values: Int32Array;
}

export interface Int64Builder extends BuilderBase {
  readonly kind: 'int64';
  values: BigInt64Array;
  /** The same memory as 32-bit words, low word first: written without making bigints. */
  words: Int32Array;
}

export interface BoolBuilder extends BuilderBase {
  readonly kind: 'bool';
  values: Uint8Array;
}

export interface BytesBuilder extends BuilderBase {
  readonly kind: 'bytes';
  data: Uint8Array;
  /** Bytes of `data` in use, when the builder owns `data`; 0 while it points into foreign bytes. */
  dataLength: number;
  starts: Int32Array;
  ends: Int32Array;
}

export interface ObjectBuilder extends BuilderBase {
  readonly kind: 'object';
  values: unknown[];
}

export type ColumnBuilder =
  | Float64Builder
  | Int32Builder
  | Int64Builder
  | BoolBuilder
  | BytesBuilder
  | ObjectBuilder;

/** Decimals of up to this many digits fit an int64. */
export const decimalDigitsMax = 18;

/** The kind of column that holds values of a type. */
export function columnKindOf(type: FieldType): ColumnKind {
  switch (type.kind) {
    case 'float64':
    case 'float32':
    case 'timestamp':
    case 'count':
      return 'float64';
    case 'int32':
    case 'date':
      return 'int32';
    case 'int64':
      return 'int64';
    case 'bool':
      return 'bool';
    case 'string':
    case 'bytes':
    case 'json':
      return 'bytes';
    case 'decimal':
      return type.precision <= decimalDigitsMax ? 'int64' : 'object';
    case 'list':
    case 'map':
    case 'struct':
      return 'object';
  }
}

/** An empty builder of the kind that the field's type asks for. */
export function columnForField(field: Field, rowCapacity = 0): ColumnBuilder {
  return columnOfKind(columnKindOf(field.type), rowCapacity);
}

export function columnOfKind(kind: ColumnKind, rowCapacity = 0): ColumnBuilder {
  const nulls = new Uint8Array(rowCapacity);
  switch (kind) {
    case 'float64':
      return { kind, nulls, values: new Float64Array(rowCapacity) };
    case 'int32':
      return { kind, nulls, values: new Int32Array(rowCapacity) };
    case 'int64': {
      const values = new BigInt64Array(rowCapacity);
      return { kind, nulls, values, words: new Int32Array(values.buffer) };
    }
    case 'bool':
      return { kind, nulls, values: new Uint8Array(rowCapacity) };
    case 'bytes': {
      const starts = new Int32Array(rowCapacity);
      const ends = new Int32Array(rowCapacity);
      return { kind, nulls, data: new Uint8Array(0), dataLength: 0, starts, ends };
    }
    case 'object':
      return { kind, nulls, values: [] };
  }
}

/** Makes room for `rowCount` rows; what is there stays. */
export function ensureRows(builder: ColumnBuilder, rowCount: number): void {
  if (builder.nulls.length >= rowCount) return;
  const capacity = Math.max(rowCount, builder.nulls.length * 2, 64);
  builder.nulls = grown(builder.nulls, new Uint8Array(capacity));
  switch (builder.kind) {
    case 'float64':
      builder.values = grown(builder.values, new Float64Array(capacity));
      return;
    case 'int32':
      builder.values = grown(builder.values, new Int32Array(capacity));
      return;
    case 'int64': {
      const values = new BigInt64Array(capacity);
      values.set(builder.values);
      builder.values = values;
      builder.words = new Int32Array(values.buffer);
      return;
    }
    case 'bool':
      builder.values = grown(builder.values, new Uint8Array(capacity));
      return;
    case 'bytes':
      builder.starts = grown(builder.starts, new Int32Array(capacity));
      builder.ends = grown(builder.ends, new Int32Array(capacity));
      return;
    case 'object':
      return;
  }
}

/** Makes room for `byteCount` more bytes in a builder that owns its data. */
export function ensureBytes(builder: BytesBuilder, byteCount: number): void {
  const needed = builder.dataLength + byteCount;
  if (builder.data.length >= needed) return;
  const data = new Uint8Array(Math.max(needed, builder.data.length * 2, 256));
  data.set(builder.data.subarray(0, builder.dataLength));
  builder.data = data;
}

/** Copies `bytes[start .. end)` into the builder's own data as the value of a row. */
export function putBytes(builder: BytesBuilder, row: number, source: ByteRange): void {
  const length = source.end - source.start;
  ensureBytes(builder, length);
  const at = builder.dataLength;
  copyBytes(source, builder.data, at);
  builder.starts[row] = at;
  builder.dataLength = at + length;
  builder.ends[row] = builder.dataLength;
}

export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Copies a range to `target[at ..]`; short ranges without a call out of JavaScript. */
export function copyBytes(source: ByteRange, target: Uint8Array, at: number): void {
  const { bytes, start, end } = source;
  if (end - start > 64) {
    target.set(bytes.subarray(start, end), at);
    return;
  }
  for (let i = start, j = at; i < end; i++, j++) target[j] = bytes[i] as number;
}

function grown<A extends Uint8Array | Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
