// Epoch times as number text, exactly, to milliseconds; finer parts are cut off (rounded down).
import type { Field } from '../../kernel/types/field-type.ts';
import { exactInteger } from './convert-value.ts';
import { FieldProblem, quoteValue } from './field-problem.ts';
import { parseExact } from '../parse-decimal.ts';
import { instantMsMax } from '../parse-time.ts';

export type EpochUnit = 'ms' | 's' | 'us';

/** Epoch milliseconds of a number in `unit`; throws FieldProblem. Milliseconds must be whole. */
export function parseEpoch(field: Field, text: string, unit: EpochUnit): number {
  if (unit === 'ms') return Number(exactInteger(field.type, text, field.name));
  const exact = parseExact(text);
  const shift = unit === 's' ? -3 : 3;
  const ms = exact === null ? Number.NaN : floorScaled(exact.digits, exact.scale + shift);
  if (Math.abs(ms) <= instantMsMax) return ms;
  throw new FieldProblem('MR_DATA_RANGE', `"${field.name}" is ${quoteValue(text)}: no instant`);
}

/** `digits × 10^-scale`, rounded down to a whole number. */
function floorScaled(digits: bigint, scale: number): number {
  if (scale <= 0) return Number(digits * 10n ** BigInt(-scale));
  const divisor = 10n ** BigInt(scale);
  const whole = digits / divisor;
  return Number(digits < 0n && digits % divisor !== 0n ? whole - 1n : whole);
}
