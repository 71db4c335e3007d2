// The shortest decimal text of a double with a fraction, digit for digit as `String` gives it, written
// straight into bytes. Up to fifteen digits are found by one rounded division. Sixteen and seventeen
// come from the product with a power of ten, exact as the sum of two doubles (Dekker). What lies too
// close to a bound to be sure, or outside the range in which all of this is exact, is refused.

/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const least = 1e-3;
const most = 1e15;
/** Distances this close to a bound are not decided here, in units of the seventeenth digit. */
const doubt = 1e-6;
/** Splits a double in two halves of 26 bits. */
const splitter = 2 ** 27 + 1;
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);
const highWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const pairs = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  pairs[i * 2] = 48 + Math.floor(i / 10);
  pairs[i * 2 + 1] = 48 + (i % 10);
}
/** Digits of the value in hand: nine of `high`, eight of the rest. */
const digits = new Uint8Array(18);

/** Room that one number may need. */
export const doubleBytesMax = 26;

/** Writes `value` at `at`; gives the position after it, or −1 when it is to be written another way. */
export function writeDouble(target: Uint8Array, at: number, value: number): number {
  const v = value < 0 ? -value : value;
  if (!(v >= least && v < most)) return -1;
  const places = integerDigits(v);
  const count = findDigits(v, places);
  if (count === 0 || count <= places) return -1;
  let p = at;
  if (value < 0) target[p++] = 45;
  if (places <= 0) {
    target[p++] = 48;
    target[p++] = 46;
    for (let zeros = places; zeros < 0; zeros++) target[p++] = 48;
    for (let i = 0; i < count; i++) target[p++] = digits[i] as number;
    return p;
  }
  for (let i = 0; i < places; i++) target[p++] = digits[i] as number;
  target[p++] = 46;
  for (let i = places; i < count; i++) target[p++] = digits[i] as number;
  return p;
}

/** Digits before the point; zero or less where zeros follow it. */
function integerDigits(v: number): number {
  if (v < 1) return v >= 0.1 ? 0 : v >= 0.01 ? -1 : -2;
  let count = 1;
  while (v >= (powers[count] as number)) count++;
  return count;
}

/** Puts the digits of `v` into `digits` and gives their number, without zeros at the end; 0: refused. */
function findDigits(v: number, places: number): number {
  const scale15 = powers[15 - places] as number;
  const n15 = Math.round(v * scale15);
  if (n15 / scale15 === v) {
    const high = Math.floor(n15 / 1e6);
    return putDigits(high, (n15 - high * 1e6) * 100);
  }
  bits[0] = v;
  const head = words[highWord] as number;
  // The distance to the next smaller double is another one for powers of two.
  if (words[1 - highWord] === 0 && (head & 0xfffff) === 0) return 0;
  words[highWord] = (head & 0x7ff00000) - (53 << 20);
  words[1 - highWord] = 0;
  const scale = powers[17 - places] as number;
  const halfStep = (bits[0] as number) * scale;
  const product = v * scale;
  const high = Math.floor(product / 1e8);
  const low = product - high * 1e8 + productError(v, scale, product);
  const ten = Math.round(low / 10) * 10;
  const distance = Math.abs(ten - low);
  if (Math.abs(distance - halfStep) < doubt || 5 - distance < doubt) return 0;
  if (distance < halfStep) return putCarried(high, ten);
  const one = Math.round(low);
  return 0.5 - Math.abs(one - low) < doubt ? 0 : putCarried(high, one);
}

/** What rounding took from `a * b`, exactly. */
function productError(a: number, b: number, product: number): number {
  const aBig = splitter * a;
  const aHigh = aBig - (aBig - a);
  const aLow = a - aHigh;
  const bBig = splitter * b;
  const bHigh = bBig - (bBig - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function putCarried(high: number, low: number): number {
  if (low < 0) return putDigits(high - 1, low + 1e8);
  return low >= 1e8 ? putDigits(high + 1, low - 1e8) : putDigits(high, low);
}

/** Nine digits of `high` and eight of `low`. */
function putDigits(high: number, low: number): number {
  if (high >= 1e9 || high < 1e8) return 0;
  putEight(1, (high % 1e8) | 0);
  digits[0] = 48 + ((high / 1e8) | 0);
  putEight(9, low | 0);
  let count = 17;
  while (count > 0 && digits[count - 1] === 48) count--;
  return count;
}

function putEight(at: number, value: number): void {
  const left = (value / 10_000) | 0;
  const right = value - left * 10_000;
  const a = ((left / 100) | 0) * 2;
  const b = (left % 100) * 2;
  const c = ((right / 100) | 0) * 2;
  const d = (right % 100) * 2;
  digits[at] = pairs[a] as number;
  digits[at + 1] = pairs[a + 1] as number;
  digits[at + 2] = pairs[b] as number;
  digits[at + 3] = pairs[b + 1] as number;
  digits[at + 4] = pairs[c] as number;
  digits[at + 5] = pairs[c + 1] as number;
  digits[at + 6] = pairs[d] as number;
  digits[at + 7] = pairs[d + 1] as number;
}
