// Avro's binary encoding, read in place. Integers come as two words, so that no long is rounded.
// Functions return the position after what they read; what runs past the message is found by the
// caller, who compares that position with the end.
import { FieldProblem } from '../../columns/decode/field-problem.ts';

/** Where `longAt` leaves what it read: low word, high word. */
export const words: Int32Array = new Int32Array(2);

const highWord = 2 ** 32;

/** Reads a zigzag integer of up to 64 bits. */
export function longAt(bytes: Uint8Array, p: number): number {
  const first = bytes[p] as number;
  if (first > 0x7f) return longerAt(bytes, p);
  const value = (first >>> 1) ^ -(first & 1);
  words[0] = value;
  words[1] = value >> 31;
  return p + 1;
}

function longerAt(bytes: Uint8Array, start: number): number {
  let p = start;
  let low = 0;
  let high = 0;
  let b = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    b = bytes[p++] as number;
    low |= (b & 0x7f) << shift;
    if (!(b > 0x7f)) return zigzag(low, 0, p);
  }
  b = bytes[p++] as number;
  low |= (b & 0x7f) << 28;
  high = (b & 0x7f) >> 4;
  if (!(b > 0x7f)) return zigzag(low, high, p);
  for (let shift = 3; shift < 31; shift += 7) {
    b = bytes[p++] as number;
    high |= (b & 0x7f) << shift;
    if (!(b > 0x7f)) return zigzag(low, high, p);
  }
  b = bytes[p++] as number;
  if (b > 1) throw malformed('has an integer of more than 64 bits');
  return zigzag(low, high | (b << 31), p);
}

function zigzag(low: number, high: number, p: number): number {
  const sign = -(low & 1);
  words[0] = ((low >>> 1) | (high << 31)) ^ sign;
  words[1] = (high >>> 1) ^ sign;
  return p;
}

/** The integer at hand as a double: exact up to 2^53. */
export function wordsAsNumber(): number {
  return (words[1] as number) * highWord + ((words[0] as number) >>> 0);
}

/** The integer at hand, which must be one of 32 bits. */
export function wordsAsInt(): number {
  const low = words[0] as number;
  if (words[1] !== low >> 31) throw malformed('has an int of more than 32 bits');
  return low;
}

export function wordsAsBigint(): bigint {
  return (BigInt(words[1] as number) << 32n) | BigInt((words[0] as number) >>> 0);
}

/** Epoch milliseconds of the integer at hand, rounded down, exactly. */
export function wordsAsMs(unit: 's' | 'ms' | 'us' | 'ns'): number {
  const high = words[1] as number;
  const low = (words[0] as number) >>> 0;
  switch (unit) {
    case 's':
      return (high * highWord + low) * 1000;
    case 'ms':
      return high * highWord + low;
    case 'us':
      return high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
    case 'ns':
      return high * 4294 + Math.floor((high * 967_296 + low) / 1_000_000);
  }
}

/** Reads the length of what follows and checks that it ends before `limit`; it is then `words[0]`. */
export function lengthAt(bytes: Uint8Array, p: number, limit: number): number {
  const after = longAt(bytes, p);
  const length = words[0] as number;
  if (words[1] !== 0 || length < 0 || length > limit - after) throw truncated();
  return after;
}

export function malformed(problem: string): FieldProblem {
  return new FieldProblem('MR_DATA_MALFORMED', `record ${problem}`);
}

export function truncated(): FieldProblem {
  return malformed('ends before its last field');
}
