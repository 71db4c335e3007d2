// Numbers parsed in place from bytes, exactly. The scanners take what is common (no exponent, up
// to 15 significant digits) and return -1 for everything else, which a slower reader then judges.
// They rely on a byte after the number that is no digit (a line feed stands after every record).

/** Where a scanner leaves the number that it read. */
export const scanned: Float64Array = new Float64Array(1);

const powersOfTen = new Float64Array(23);
for (let i = 0; i < 23; i++) powersOfTen[i] = Number(`1e${i}`);

/**
 * A decimal fraction at `p`; returns the position after it, or -1 when a slow path has to look.
 * A mantissa below 2^53 divided by a power of ten up to 10^22 rounds once, so the double is the
 * nearest one (W. D. Clinger, How to read floating point numbers accurately, 1990, fast path).
 */
export function scanFloat(bytes: Uint8Array, start: number): number {
  let p = start;
  const negative = bytes[p] === 45;
  if (negative) p++;
  const first = p;
  let digit = (bytes[p] as number) - 48;
  if (digit < 0 || digit > 9) return -1;
  let mantissa = digit;
  digit = (bytes[++p] as number) - 48;
  if (mantissa === 0 && digit >= 0 && digit <= 9) return -1;
  while (digit >= 0 && digit <= 9) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++p] as number) - 48;
  }
  if (digit === -2) {
    const point = p;
    digit = (bytes[++p] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    do {
      mantissa = mantissa * 10 + digit;
      digit = (bytes[++p] as number) - 48;
    } while (digit >= 0 && digit <= 9);
    if (p - first > 16) return -1;
    mantissa /= powersOfTen[p - point - 1] as number;
  } else if (p - first > 15) return -1;
  // 'E' and 'e'
  if (digit === 21 || digit === 53) return -1;
  scanned[0] = negative ? -mantissa : mantissa;
  return p;
}

/** An integer of up to 15 digits at `p`; returns the position after it, or -1. Never gives -0. */
export function scanInteger(bytes: Uint8Array, start: number): number {
  let p = start;
  const negative = bytes[p] === 45;
  if (negative) p++;
  const first = p;
  let digit = (bytes[p] as number) - 48;
  if (digit < 0 || digit > 9) return -1;
  let high = digit;
  digit = (bytes[++p] as number) - 48;
  if (high === 0 && digit >= 0 && digit <= 9) return -1;
  const middle = first + 9;
  while (digit >= 0 && digit <= 9 && p < middle) {
    high = (high * 10 + digit) | 0;
    digit = (bytes[++p] as number) - 48;
  }
  let value = high;
  if (digit >= 0 && digit <= 9) {
    let low = 0;
    do {
      low = (low * 10 + digit) | 0;
      digit = (bytes[++p] as number) - 48;
    } while (digit >= 0 && digit <= 9 && p < middle + 6);
    value = high * (powersOfTen[p - middle] as number) + low;
    if (digit >= 0 && digit <= 9) return -1;
  }
  // '.', 'E' and 'e'
  if (digit === -2 || digit === 21 || digit === 53) return -1;
  scanned[0] = negative ? 0 - value : value;
  return p;
}

/** Writes a whole number |value| < 2^53 as the int64 of a row, without making a bigint. */
export function putInt64(words: Int32Array, row: number, value: number): void {
  const high = Math.floor(value / 4_294_967_296);
  words[row * 2] = value - high * 4_294_967_296;
  words[row * 2 + 1] = high;
}
