// Values of a Parquet leaf as values of a field. What does not fit (out of range, would be rounded,
// not finite) is NaN or null, which makes its row a dead letter.
import type { DecodedArray } from 'hyparquet';
import { rescale } from '../../columns/parse-decimal.ts';
import { instantMsMax } from '../../columns/parse-time.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { LeafKind } from './parquet-schema.ts';

const dayMs = 86_400_000;

/** Raw integers, floats, dates or timestamps as numbers for a field; NaN where one does not fit. */
export function convertNumbers(
  values: DecodedArray,
  type: FieldType,
  leaf: LeafKind,
): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(values.length);
  if (values instanceof BigInt64Array) {
    const isTime = type.kind === 'timestamp' && leaf.kind === 'timestamp';
    divideWords(values, isTime ? perMs[leaf.unit] : 1, numbers);
    if (leaf.kind === 'integer' && !leaf.signed) markNegative(numbers);
  } else if (leaf.kind === 'timestamp' && leaf.wide) {
    for (let i = 0; i < numbers.length; i++) numbers[i] = julianMs(values[i] as bigint);
  } else {
    const unsigned = leaf.kind === 'integer' && !leaf.signed;
    for (let i = 0; i < numbers.length; i++) {
      const value = values[i] as number;
      numbers[i] = unsigned ? value >>> 0 : value;
    }
  }
  const fit = fitting(type, leaf);
  for (let i = 0; i < numbers.length; i++) numbers[i] = fit(numbers[i] as number);
  return numbers;
}

const perMs = { ms: 1, us: 1000, ns: 1_000_000 } as const;

/**
 * `floor(value / divisor)` of 64-bit integers without making bigints; NaN beyond ±2^53. With
 * v = high·2^32 + low and 2^32 = q·d + r it is high·q + floor((high·r + low) / d), all of it exact.
 */
function divideWords(values: BigInt64Array, divisor: number, into: Float64Array): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const quotient = Math.floor(2 ** 32 / divisor);
  const rest = 2 ** 32 - quotient * divisor;
  for (let i = 0; i < values.length; i++) {
    const low = (words[i * 2] as number) >>> 0;
    const high = words[i * 2 + 1] as number;
    const value = high * quotient + Math.floor((high * rest + low) / divisor);
    into[i] = Number.isSafeInteger(value) ? value : Number.NaN;
  }
}

/** Unsigned integers above 2^63 come as negative ones: they fit nothing. */
function markNegative(numbers: Float64Array): void {
  for (let i = 0; i < numbers.length; i++) {
    if ((numbers[i] as number) < 0) numbers[i] = Number.NaN;
  }
}

/** Epoch milliseconds of a Julian day (high 64 bits) and nanoseconds in it (low 64 bits). */
function julianMs(value: bigint): number {
  const days = Number((value >> 64n) - 2_440_588n);
  return days * dayMs + Math.floor(Number(BigInt.asUintN(64, value)) / 1_000_000);
}

/** How a number becomes one of the field: NaN when it does not fit. */
function fitting(type: FieldType, leaf: LeafKind): (value: number) => number {
  switch (type.kind) {
    case 'timestamp':
      return leaf.kind === 'date' ? (days) => inYears(days * dayMs) : inYears;
    case 'float32':
      return (value) => finite(Math.fround(value));
    case 'int32':
      return (value) => (value === (value | 0) ? value : Number.NaN);
    default:
      return finite;
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function inYears(ms: number): number {
  return Math.abs(ms) <= instantMsMax ? ms : Number.NaN;
}

/** The unscaled decimal of a decimal or integer leaf at the field's scale, or null. */
export function decimalConversion(
  type: FieldType & { kind: 'decimal' },
  leaf: LeafKind,
): (raw: number | bigint | Uint8Array) => bigint | null {
  const scale = leaf.kind === 'decimal' ? leaf.scale : 0;
  const limit = 10n ** BigInt(type.precision);
  return (raw) => {
    const digits = raw instanceof Uint8Array ? bigEndian(raw) : BigInt(raw);
    const unscaled = rescale(digits, scale, type.scale);
    return unscaled !== null && unscaled < limit && unscaled > -limit ? unscaled : null;
  };
}

/** A two's complement integer, most significant byte first. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
