// Order and equality of values by their type, and decimals as whole numbers of their last digit.
// Strings order by UTF-8 bytes, which is the order of code points; NaN is above every number.
import type { FieldType, Value } from '../../kernel/types/field-type.ts';

/** Negative, zero or positive. Both values are of `type` and not null. */
export function compareValues(type: FieldType, a: Value, b: Value): number {
  if (type.kind === 'decimal') {
    return compareBigInts(parseDecimal(String(a), type.scale), parseDecimal(String(b), type.scale));
  }
  if (typeof a === 'bigint' && typeof b === 'bigint') return compareBigInts(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return compareNumbers(Number(a), Number(b));
}

function compareBigInts(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

export function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

export function compareText(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Equal values have equal texts: −0 is 0, NaN is NaN, bytes by content. */
export function identityOf(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `bytes:${[...value].join(',')}`;
  if (Array.isArray(value)) return `[${value.map(identityOf).join(',')}]`;
  if (typeof value === 'object') {
    return JSON.stringify(Object.entries(value).map(([k, v]) => [k, identityOf(v)]));
  }
  return `${typeof value}:${value === 0 ? 0 : value}`;
}

/** The text of a decimal as a whole number of units of its last digit. */
export function parseDecimal(text: string, scale: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text.trim());
  if (match === null) throw new TypeError(`not a decimal: ${text}`);
  const [, sign = '', whole = '0', fraction = ''] = match;
  const digits = `${fraction}${'0'.repeat(scale)}`.slice(0, scale);
  const unscaled = BigInt(whole + digits);
  return sign === '-' ? -unscaled : unscaled;
}

export function formatDecimal(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

/** A number of any numeric type as a double. */
export function toDouble(value: Value): number {
  return Number(value);
}

/** A value of one type as a value of the common type it was brought to. */
export function coerce(value: Value, from: FieldType, to: FieldType): Value {
  if (value === null || from.kind === to.kind) {
    return to.kind === 'decimal' && typeof value === 'string'
      ? formatDecimal(parseDecimal(value, to.scale), to.scale)
      : value;
  }
  switch (to.kind) {
    case 'int64':
      return BigInt(Number(value));
    case 'float64':
      return toDouble(value);
    case 'decimal':
      return formatDecimal(BigInt(String(value)) * 10n ** BigInt(to.scale), to.scale);
    default:
      return value;
  }
}
