// Decimals as digits with a scale, exactly, and the types that Flink gives to results of them: at most
// 38 digits, of which the fraction gives way first, down to six places.
import { decimalType, type SqlType } from '../bind/sql-type.ts';

/** `digits × 10^-scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

const digitsMax = 38;
const pattern = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/;

/** A number as text; null when it is none. */
export function readDecimal(text: string): Decimal | null {
  const [, sign, whole = '', fraction = '', exponent = '0'] = pattern.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return null;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Exactly, or null for what is no number. */
export function decimalOf(value: unknown): Decimal | null {
  return readDecimal(String(value));
}

/** Halves away from zero. */
export function divideRounded(a: bigint, b: bigint): bigint {
  const isNegative = a < 0n !== b < 0n;
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const rounded = (2n * x + y) / (2n * y);
  return isNegative ? -rounded : rounded;
}

/** At a scale: halves away from zero, or cut. */
export function atScale({ digits, scale }: Decimal, wanted: number, isCut = false): Decimal {
  if (wanted >= scale) return { digits: digits * 10n ** BigInt(wanted - scale), scale: wanted };
  const step = 10n ** BigInt(scale - wanted);
  return { digits: isCut ? digits / step : divideRounded(digits, step), scale: wanted };
}

/** As text with all its places. */
export function decimalText({ digits, scale }: Decimal): string {
  if (scale === 0) return String(digits);
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** The value of a type; null when it has too many digits, as in Flink. */
export function fitDecimal(value: Decimal, { precision, scale }: SqlType): string | null {
  const fitted = atScale(value, scale);
  const limit = 10n ** BigInt(precision);
  return fitted.digits < limit && fitted.digits > -limit ? decimalText(fitted) : null;
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/** With as many places as any result has. */
export function divide(a: Decimal, b: Decimal): Decimal {
  const more = BigInt(digitsMax + b.scale);
  return { digits: divideRounded(a.digits * 10n ** more, b.digits), scale: a.scale + digitsMax };
}

export function remainder(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: atScale(a, scale).digits % atScale(b, scale).digits, scale };
}

/** Whole numbers as decimals. */
export function asDecimalType(type: SqlType): SqlType {
  if (type.name === 'INT') return decimalType(10, 0);
  return type.name === 'BIGINT' ? decimalType(19, 0) : type;
}

function adjusted(precision: number, scale: number): SqlType {
  if (precision <= digitsMax) return decimalType(precision, scale);
  const wholes = precision - scale;
  return decimalType(digitsMax, Math.max(digitsMax - wholes, Math.min(scale, 6)));
}

export function productType(a: SqlType, b: SqlType): SqlType {
  return adjusted(a.precision + b.precision + 1, a.scale + b.scale);
}

export function quotientType(a: SqlType, b: SqlType): SqlType {
  const scale = Math.max(6, a.scale + b.precision + 1);
  return adjusted(a.precision - a.scale + b.scale + scale, scale);
}

export function remainderType(a: SqlType, b: SqlType): SqlType {
  const scale = Math.max(a.scale, b.scale);
  return adjusted(Math.min(a.precision - a.scale, b.precision - b.scale) + scale, scale);
}

/** ROUND(a, places). */
export function roundedType({ precision, scale }: SqlType, places: number): SqlType {
  if (places >= scale) return decimalType(precision, scale);
  if (places < 0) return decimalType(Math.min(digitsMax, 1 + precision - scale), 0);
  return decimalType(1 + precision - scale + places, places);
}
