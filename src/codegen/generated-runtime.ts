// Everything that generated code may call, by the name it calls it by.
import { type BytesBuilder, ensureBytes } from '../columns/column-builder.ts';
import { formatDecimal } from '../columns/parse-decimal.ts';
import {
  compareBytes,
  containsBytes,
  countCodePoints,
  endsWith,
  sameBytes,
  startsWith,
} from './byte-text.ts';
import { divideRounded, toDouble, toUnscaled } from './decimal-math.ts';
import {
  dayOfMonth,
  dayOfWeek,
  hourOfDay,
  minuteOfHour,
  monthOfYear,
  yearOf,
} from './time-parts.ts';

export const generatedRuntime = {
  noBytes: new Uint8Array(0),
  appendBytes,
  compareBytes,
  containsBytes,
  countCodePoints,
  dayOfMonth,
  dayOfWeek,
  divideRounded,
  endsWith,
  formatDecimal,
  hourOfDay,
  minuteOfHour,
  monthOfYear,
  roundHalfAway,
  sameBytes,
  sameValue,
  startsWith,
  toDouble,
  toUnscaled,
  yearOf,
};

function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

/** Copies `data[start .. end)` behind what the builder holds. */
function appendBytes(builder: BytesBuilder, data: Uint8Array, start: number, end: number): void {
  ensureBytes(builder, end - start);
  const target = builder.data;
  let at = builder.dataLength;
  for (let i = start; i < end; i++) target[at++] = data[i] as number;
  builder.dataLength = at;
}

/** Lists, maps and structs with equal content. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        sameValue((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}
