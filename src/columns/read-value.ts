// One value of a column as JavaScript sees it (see `kernel/types/field-type.ts`). For slow paths:
// dead letters, exports, tests. The hot path reads the arrays.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';
import type { BytesColumn, Column } from './column.ts';
import { formatDecimal } from './parse-decimal.ts';
import { formatDate } from './parse-time.ts';

const utf8 = new TextDecoder('utf-8');

/** The value of a row: string, bigint, decimal text, date text, `Uint8Array` (a copy), list …; or null. */
export function readValue(column: Column, field: Field, row: number): Value {
  if (column.nulls[row] === 1) return null;
  switch (column.kind) {
    case 'float64':
      return column.values[row] ?? null;
    case 'int32':
      return readInt32(column.values[row] ?? 0, field.type);
    case 'int64':
      return readInt64(column.values[row] ?? 0n, field.type);
    case 'bool':
      return column.values[row] === 1;
    case 'bytes':
      return readBytes(column, field.type, row);
    case 'object':
      return (column.values[row] ?? null) as Value;
  }
}

/** All values of a row by field name. */
export function readRow(
  columns: readonly Column[],
  fields: readonly Field[],
  row: number,
): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const [i, field] of fields.entries()) {
    const column = columns[i];
    if (column !== undefined) values[field.name] = readValue(column, field, row);
  }
  return values;
}

/** A value as JSON holds it: int64 as text (nothing is rounded), bytes as base64, instants as numbers. */
export function toJsonValue(value: Value): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((item: Value) => toJsonValue(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, toJsonValue(item as Value)]),
  );
}

/**
 * A record as JSON text that decodes to the same values: integers digit for digit, bytes as base64, json
 * fields as they are. Fields without a value are left out.
 */
export function recordJson(
  fields: readonly Field[],
  values: Readonly<Record<string, Value | undefined>>,
): string {
  const members = fields.flatMap(({ name, type }) => {
    const value = values[name];
    if (value === undefined) return [];
    const isJson = type.kind === 'json' && typeof value === 'string';
    return [`${JSON.stringify(name)}:${isJson ? value : exactJson(value)}`];
  });
  return `{${members.join(',')}}`;
}

/** JSON text of values, nothing rounded. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, name, item) {
    // A Buffer has been turned into an object of numbers by now: its holder still has it.
    const bytes = this[name];
    if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString('base64');
    if (typeof item === 'bigint') return rawJson(String(item));
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item);
    return item as unknown;
  });
}

// JSON.rawJSON is in every supported Node, but not yet in the library types of ES2024.
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

function readInt32(value: number, type: FieldType): Value {
  return type.kind === 'date' ? formatDate(value) : value;
}

function readInt64(value: bigint, type: FieldType): Value {
  if (type.kind === 'decimal') return formatDecimal(value, type.scale);
  return type.kind === 'count' || type.kind === 'timestamp' ? Number(value) : value;
}

function readBytes(column: BytesColumn, type: FieldType, row: number): Value {
  const bytes = column.data.subarray(column.starts[row], column.ends[row]);
  return type.kind === 'bytes' ? bytes.slice() : utf8.decode(bytes);
}
