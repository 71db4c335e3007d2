// One value of a Parquet leaf as the value of a field: number, bigint, or a range of bytes. `null`
// says that it does not fit (out of range, rounded, not a number), which makes its row a dead letter.
import { rescale } from '../../columns/parse-decimal.ts';
import { instantMsMax } from '../../columns/parse-time.ts';
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { LeafKind } from './parquet-schema.ts';

const dayMs = 86_400_000;

/** The number for an integer, float, date or timestamp leaf; NaN when it does not fit. */
export function numberConversion(
  type: FieldType,
  leaf: LeafKind,
): (raw: number | bigint) => number {
  switch (type.kind) {
    case 'timestamp':
      return instantConversion(leaf);
    case 'float32':
      return (raw) => finite(Math.fround(Number(raw)), raw);
    case 'int32':
      return (raw) => (Number(raw) === (Number(raw) | 0) ? Number(raw) : Number.NaN);
    case 'date':
      return Number;
    default:
      return (raw) => finite(Number(raw), raw);
  }
}

/** A finite value; an integer only when it is exact. */
function finite(value: number, raw: number | bigint): number {
  if (typeof raw === 'bigint') return Number.isSafeInteger(value) ? value : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

function instantConversion(leaf: LeafKind): (raw: number | bigint) => number {
  if (leaf.kind === 'date') return (raw) => inYears(Number(raw) * dayMs);
  const unit = leaf.kind === 'timestamp' ? leaf.unit : 'ms';
  if (unit === 'ms') return (raw) => inYears(Number(raw));
  const divisor = unit === 'us' ? 1000 : 1_000_000;
  return (raw) => {
    const value = Number(raw);
    return inYears(
      Number.isSafeInteger(value) ? Math.floor(value / divisor) : floorDivide(BigInt(raw), divisor),
    );
  };
}

function inYears(ms: number): number {
  return Math.abs(ms) <= instantMsMax ? ms : Number.NaN;
}

function floorDivide(value: bigint, divisor: number): number {
  const by = BigInt(divisor);
  const quotient = value / by;
  return Number(value < 0n && value % by !== 0n ? quotient - 1n : quotient);
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
