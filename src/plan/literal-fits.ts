// Whether a JavaScript value is a value of a field type, as `Value` represents it in plans.
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';

const int64Max = 2n ** 63n - 1n;
const instantMax = 8.64e15;

/** True when `value` (not null) is a value of `type`; parts of lists and maps may be null. */
export function literalFits(value: Value, type: FieldType): boolean {
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
    case 'json':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array;
    case 'date':
      return typeof value === 'string' && isDate(value);
    case 'decimal':
      return typeof value === 'string' && decimalFits(value, type.precision, type.scale);
    case 'int64':
      return typeof value === 'bigint' && value <= int64Max && value >= -int64Max - 1n;
    case 'list':
      return Array.isArray(value) && value.every((item) => partFits(item as Value, type.item));
    case 'map':
      return isObject(value) && Object.values(value).every((item) => partFits(item, type.value));
    case 'struct':
      return isObject(value) && structFits(value, type.fields);
    default:
      return typeof value === 'number' && numberFits(value, type.kind);
  }
}

function numberFits(value: number, kind: FieldType['kind']): boolean {
  if (kind === 'float64' || kind === 'float32') return !Number.isNaN(value);
  if (kind === 'int32') return (value | 0) === value;
  if (kind === 'timestamp') return Number.isInteger(value) && Math.abs(value) <= instantMax;
  return Number.isSafeInteger(value);
}

/** A day of the calendar as YYYY-MM-DD. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Whether decimal text has at most `scale` places and `precision` digits in all. */
export function decimalFits(text: string, precision: number, scale: number): boolean {
  const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return false;
  const whole = (match[1] ?? '').replace(/^0+/, '');
  return (match[2] ?? '').length <= scale && whole.length <= precision - scale;
}

function partFits(value: Value, type: FieldType): boolean {
  return value === null || literalFits(value, type);
}

function isObject(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function structFits(value: { readonly [name: string]: Value }, fields: readonly Field[]): boolean {
  return fields.every(({ name, type, nullable }) => {
    const part = Object.hasOwn(value, name) ? value[name] : undefined;
    if (part === undefined) return false;
    return part === null ? nullable : literalFits(part, type);
  });
}
