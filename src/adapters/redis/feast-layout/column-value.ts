// One value of a column as `feast.types.Value`, straight from the column's arrays. Members are written
// also when they hold their default, as Feast writes them; null has no bytes. A number that is not finite
// is null where readers are given it as null (`isFinite`), so that every route gives the same.
import type { Column } from '../../../columns/column.ts';
import { formatDecimal } from '../../../columns/parse-decimal.ts';
import { formatDate } from '../../../columns/parse-time.ts';
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import { writeBoxedValue } from './boxed-value.ts';
import { type ProtoBytes, protoTag } from './proto-bytes.ts';
import { feastValueTypes } from './value-types.ts';

const { BYTES, STRING, INT32, INT64, DOUBLE, FLOAT, BOOL, UNIX_TIMESTAMP, JSON, DECIMAL } =
  feastValueTypes;
const boolTag = protoTag(BOOL, 0);
const int32Tag = protoTag(INT32, 0);
const int64Tag = protoTag(INT64, 0);
const timestampTag = protoTag(UNIX_TIMESTAMP, 0);
const doubleTag = protoTag(DOUBLE, 1);
const floatTag = protoTag(FLOAT, 5);
const stringTag = protoTag(STRING, 2);
const bytesTag = protoTag(BYTES, 2);
const jsonTag = protoTag(JSON, 2);
const decimalTag = protoTag(DECIMAL, 2);

/** Appends row `row` of the column. `words` are the 32-bit halves of an int64 column. */
export function writeColumnValue(out: ProtoBytes, source: ColumnSource, row: number): void {
  const { column, type } = source;
  if (column.nulls[row] === 1) return;
  switch (column.kind) {
    case 'float64':
      return writeFloat64(out, source, column.values[row] as number);
    case 'int32':
      return writeInt32(out, type, column.values[row] as number);
    case 'int64':
      return writeInt64(out, source, row, column.values);
    case 'bool':
      out.byte(boolTag);
      return out.byte(column.values[row] as number);
    case 'bytes': {
      const start = column.starts[row] as number;
      const end = column.ends[row] as number;
      out.varint32(type.kind === 'string' ? stringTag : type.kind === 'json' ? jsonTag : bytesTag);
      out.varint32(end - start);
      return out.raw(column.data, start, end);
    }
    case 'object':
      return writeBoxedValue(out, type, column.values[row] as Value);
  }
}

/** A column with what is needed to write it; made once per batch. */
export interface ColumnSource {
  readonly column: Column;
  readonly type: FieldType;
  readonly words: Int32Array;
  /** NaN and infinities become null. */
  readonly isFinite: boolean;
}

const noWords = new Int32Array(0);

export function columnSource(column: Column, type: FieldType, isFinite: boolean): ColumnSource {
  if (column.kind !== 'int64') return { column, type, words: noWords, isFinite };
  const { buffer, byteOffset, length } = column.values;
  return { column, type, words: new Int32Array(buffer, byteOffset, length * 2), isFinite };
}

function writeFloat64(out: ProtoBytes, { type, isFinite }: ColumnSource, value: number): void {
  if (isFinite && !Number.isFinite(value)) return;
  switch (type.kind) {
    case 'float32':
      out.byte(floatTag);
      return out.float32(value);
    case 'timestamp':
      out.byte(timestampTag);
      return out.varintOf(Math.floor(value / 1000));
    case 'count':
      out.byte(int64Tag);
      return out.varintOf(value);
    default:
      out.byte(doubleTag);
      return out.float64(value);
  }
}

function writeInt32(out: ProtoBytes, type: FieldType, value: number): void {
  if (type.kind === 'date') {
    out.byte(stringTag);
    return out.text(formatDate(value));
  }
  out.byte(int32Tag);
  return out.varint64(value, value < 0 ? -1 : 0);
}

function writeInt64(
  out: ProtoBytes,
  { type, words }: ColumnSource,
  row: number,
  values: BigInt64Array,
): void {
  if (type.kind === 'decimal') {
    out.varint32(decimalTag);
    return out.text(formatDecimal(values[row] as bigint, type.scale));
  }
  out.byte(int64Tag);
  return out.varint64(words[row * 2] as number, words[row * 2 + 1] as number);
}
