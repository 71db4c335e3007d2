// Defaults of fields are JSON-like: what a record could have held in their place. A bigint, bytes
// and a decimal may also be written as JSON writes them.
import { type Field, type FieldType, isIntegerType } from '../../kernel/types/field-type.ts';
import { decimalFits, literalFits } from '../literal-fits.ts';
import type { Value } from '../../kernel/types/field-type.ts';

/** Whether `value` can stand for a missing field of `type`. */
export function defaultFits(value: unknown, type: FieldType): boolean {
  switch (type.kind) {
    case 'json':
      return true;
    case 'bytes':
      return value instanceof Uint8Array || isBase64(value);
    case 'decimal':
      return decimalFits(String(value), type.precision, type.scale);
    case 'list':
      return Array.isArray(value) && value.every((item) => partFits(item, type.item));
    case 'map':
      return isObject(value) && Object.values(value).every((item) => partFits(item, type.value));
    case 'struct':
      return isObject(value) && type.fields.every((field) => memberFits(value, field));
    default:
      return literalFits(asLiteral(value, type), type);
  }
}

/** Whole numbers may be written as a number or a bigint, whatever the width. */
function asLiteral(value: unknown, type: FieldType): Value {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  if (type.kind === 'int64' && isWhole) return BigInt(value);
  if (typeof value === 'bigint' && type.kind !== 'int64' && isIntegerType(type)) {
    return Number(value);
  }
  return value as Value;
}

function partFits(value: unknown, type: FieldType): boolean {
  return value === null || defaultFits(value, type);
}

function memberFits(value: Readonly<Record<string, unknown>>, field: Field): boolean {
  const part = value[field.name];
  if (part === undefined) return field.nullable || field.default !== undefined;
  return part === null ? field.nullable : defaultFits(part, field.type);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBase64(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value);
}
