// Decimal numbers as text, exactly: no step goes through a double. Used for decimals, and for
// integers written in ways that the fast scanners do not take (1e3, 5.0, nineteen digits).

const pattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** `digits × 10^-scale`; `digits` may be negative. */
export interface ExactNumber {
  readonly digits: bigint;
  readonly scale: number;
}

/** Largest exponent that is worked out: beyond it a number fits no integer or decimal type. */
const exponentMax = 400;

/** Reads `-12.50`, `1e3`; null when the text is not a number, or one far beyond every exact type. */
export function parseExact(text: string): ExactNumber | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = Number(exponent);
  if (Math.abs(shift) > exponentMax) return digits === 0n ? { digits: 0n, scale: 0 } : null;
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length - shift };
}

/** The number as an integer, or null when it has a fraction. */
export function toInteger({ digits, scale }: ExactNumber): bigint | null {
  return rescale(digits, scale, 0);
}

/** The digits at another scale, or null when that would round. */
export function rescale(digits: bigint, scale: number, target: number): bigint | null {
  if (target >= scale) return digits * 10n ** BigInt(target - scale);
  const divisor = 10n ** BigInt(scale - target);
  return digits % divisor === 0n ? digits / divisor : null;
}

/** Unscaled value of `text` as decimal(precision, scale), or why there is none. */
export function parseDecimal(
  text: string,
  precision: number,
  scale: number,
): bigint | 'malformed' | 'range' | 'scale' {
  const exact = parseExact(text);
  if (exact === null) return pattern.test(text) ? 'range' : 'malformed';
  const unscaled = rescale(exact.digits, exact.scale, scale);
  if (unscaled === null) return 'scale';
  const limit = 10n ** BigInt(precision);
  return unscaled < limit && unscaled > -limit ? unscaled : 'range';
}

/** `12.50` of 1250 at scale 2. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
