// Decimals as bigints of their last digit: what generated code calls for them.
import { formatDecimal, parseExact, rescale } from '../columns/parse-decimal.ts';

const exactMax = 2n ** 53n;
const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** The double nearest to `unscaled × 10^-scale`. */
export function toDouble(unscaled: bigint, scale: number): number {
  if (scale === 0) return Number(unscaled);
  const power = powers[scale];
  if (power !== undefined && unscaled <= exactMax && unscaled >= -exactMax) {
    return Number(unscaled) / power;
  }
  return Number(formatDecimal(unscaled, scale));
}

/** The unscaled value of decimal text as a column holds it. */
export function toUnscaled(text: unknown, scale: number): bigint {
  const exact = parseExact(String(text));
  const unscaled = exact === null ? null : rescale(exact.digits, exact.scale, scale);
  if (unscaled === null) throw new TypeError(`not a decimal of scale ${scale}: ${String(text)}`);
  return unscaled;
}

/** `digits / unit`, halves away from zero. */
export function divideRounded(digits: bigint, unit: bigint): bigint {
  const half = (digits < 0n ? -unit : unit) / 2n;
  return (digits + half) / unit;
}
