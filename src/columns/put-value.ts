// Writes one JavaScript value into a row of a builder that owns its data: for slow paths.
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import { type ColumnBuilder, ensureBytes } from './column-builder.ts';
import { parseDecimal } from './parse-decimal.ts';
import { parseDate } from './parse-time.ts';

const utf8 = new TextEncoder();

/** Stores a value that fits `type` (as `convertValue` returns it) or null. Rows grow upward. */
export function putValue(builder: ColumnBuilder, type: FieldType, row: number, value: Value): void {
  builder.nulls[row] = value === null ? 1 : 0;
  switch (builder.kind) {
    case 'float64':
      builder.values[row] = value === null ? 0 : Number(value);
      return;
    case 'int32':
      builder.values[row] = type.kind === 'date' ? days(value) : Number(value ?? 0);
      return;
    case 'int64':
      builder.values[row] = value === null ? 0n : toInt64(type, value);
      return;
    case 'bool':
      builder.values[row] = value === true ? 1 : 0;
      return;
    case 'bytes':
      putText(builder, row, value);
      return;
    case 'object':
      builder.values[row] = value;
      return;
  }
}

function days(value: Value): number {
  return typeof value === 'string' ? (parseDate(value) ?? 0) : 0;
}

function toInt64(type: FieldType, value: Value): bigint {
  if (type.kind !== 'decimal') return BigInt(value as bigint | number);
  const unscaled = parseDecimal(String(value), type.precision, type.scale);
  return typeof unscaled === 'bigint' ? unscaled : 0n;
}

function putText(builder: ColumnBuilder & { kind: 'bytes' }, row: number, value: Value): void {
  const at = builder.dataLength;
  builder.starts[row] = at;
  if (value instanceof Uint8Array) {
    ensureBytes(builder, value.length);
    builder.data.set(value, at);
    builder.dataLength += value.length;
  } else if (typeof value === 'string') {
    ensureBytes(builder, value.length * 3);
    builder.dataLength += utf8.encodeInto(value, builder.data.subarray(at)).written;
  }
  builder.ends[row] = builder.dataLength;
}
