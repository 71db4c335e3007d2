// Aggregates computed afresh from the rows of a window: for what has no running form, and to renew
// sums. A window is rows `head .. tail` of a ring of `cap + 1` rows of `width` numbers.
import type { ColumnBuilder } from '../../columns/column-builder.ts';
import { DdSketch } from '../../sketch/dd-sketch.ts';
import { type Decay, decayedMean, decayedSize, noAnchor } from './decayed-sum.ts';

export interface RowRange {
  page: Float64Array;
  base: number;
  cap: number;
  width: number;
  head: number;
  tail: number;
  /** Column of the value, and of the mask. */
  value: number;
  mask: number;
  /** Bits of which all of `wanted` and none of `unwanted` are in the masks of the rows that count. */
  wanted: number;
  unwanted: number;
}

function counts(range: RowRange, at: number): boolean {
  const { wanted, unwanted } = range;
  if (wanted === 0 && unwanted === 0) return true;
  const mask = range.page[at + range.mask] as number;
  return (mask & wanted) === wanted && (mask & unwanted) === 0;
}

function rowAt(range: RowRange, i: number): number {
  return range.base + (i & range.cap) * range.width;
}

/** Renews the sum at `S[at]` (see float-sum-code) and returns it, special values included. */
export function renewSum(S: Float64Array, at: number, range: RowRange): number {
  let sum = 0;
  let error = 0;
  let magnitude = 0;
  let peak = 0;
  let special = 0;
  for (let i = range.head; i < range.tail; i++) {
    const row = rowAt(range, i);
    if (!counts(range, row)) continue;
    const x = range.page[row + range.value] as number;
    if (!Number.isFinite(x)) {
      special += x;
      peak = Number.POSITIVE_INFINITY;
      continue;
    }
    const t = sum + x;
    const z = t - sum;
    error += sum - (t - z) + (x - z);
    sum = t;
    magnitude += Math.abs(x);
    peak = Math.max(peak, Math.abs(x));
  }
  S[at] = sum;
  S[at + 1] = error;
  S[at + 2] = magnitude;
  S[at + 3] = peak;
  if (special !== 0) return special;
  return Number.isFinite(sum) ? sum + error : sum;
}

/** What is left may have lost digits: the squares are few beside the greatest that passed through. */
const freshShare = 2 ** -20;
/** The mean may be this many squared spreads from the shift. */
const shiftMax = 1e4;

/** The sum of squared differences from the mean of the moments at `S[at]` (see moment-code). */
export function squares(S: Float64Array, at: number, n: number, range: RowRange): number {
  const difference = (S[at + 1] as number) + (S[at + 2] as number);
  const squared = (S[at + 3] as number) + (S[at + 4] as number);
  const peak = S[at + 5] as number;
  const result = squared - (difference * difference) / n;
  const isFresh = squared >= peak * freshShare && difference * difference <= shiftMax * n * result;
  return isFresh && Number.isFinite(result) ? result : renewMoments(S, at, range);
}

/** Computes the moments afresh, about the mean. */
function renewMoments(S: Float64Array, at: number, range: RowRange): number {
  let count = 0;
  let mean = 0;
  let special = 0;
  for (let i = range.head; i < range.tail; i++) {
    const row = rowAt(range, i);
    if (!counts(range, row)) continue;
    const x = range.page[row + range.value] as number;
    if (Number.isFinite(x)) {
      count += 1;
      mean += (x - mean) / count;
    } else special += x;
  }
  let difference = 0;
  let squared = 0;
  let peak = 0;
  for (let i = range.head; i < range.tail; i++) {
    const row = rowAt(range, i);
    const d = (range.page[row + range.value] as number) - mean;
    if (!counts(range, row) || !Number.isFinite(d)) continue;
    difference += d;
    squared += d * d;
    peak = Math.max(peak, d * d);
  }
  S[at] = mean;
  S[at + 1] = difference;
  S[at + 2] = 0;
  S[at + 3] = squared;
  S[at + 4] = 0;
  S[at + 5] = special === 0 ? peak : Number.POSITIVE_INFINITY;
  if (special !== 0) return Number.NaN;
  return count === 0 ? 0 : Math.max(0, squared - (difference * difference) / count);
}

/** The first (step 1) or last (step −1) `limit` values that count, oldest first. */
export function edges(range: RowRange, step: 1 | -1, limit: number): number[] {
  const values: number[] = [];
  const from = step === 1 ? range.head : range.tail - 1;
  for (let i = from; i >= range.head && i < range.tail && values.length < limit; i += step) {
    const row = rowAt(range, i);
    if (counts(range, row)) values.push(range.page[row + range.value] as number);
  }
  return step === 1 ? values : values.reverse();
}

/** The first (step 1) or last (step −1) value that counts. */
export function edge(range: RowRange, step: 1 | -1): number | null {
  const from = step === 1 ? range.head : range.tail - 1;
  for (let i = from; i >= range.head && i < range.tail; i += step) {
    const row = rowAt(range, i);
    if (counts(range, row)) return range.page[row + range.value] as number;
  }
  return null;
}

const exactMax = 1000;
const scratch = new Float64Array(exactMax);

/** The element at rank floor(q·(n − 1)): exact up to 1,000 values, else by sketch. */
export function quantile(range: RowRange, q: number): number | null {
  let count = 0;
  let sketch: DdSketch | null = null;
  for (let i = range.head; i < range.tail; i++) {
    const row = rowAt(range, i);
    if (!counts(range, row)) continue;
    const x = range.page[row + range.value] as number;
    if (sketch !== null) sketch.add(x);
    else if (count < exactMax) scratch[count++] = x;
    else {
      sketch = new DdSketch();
      for (const value of scratch) sketch.add(value);
      sketch.add(x);
    }
  }
  if (sketch !== null) return sketch.quantile(q);
  if (count === 0) return null;
  return scratch.subarray(0, count).sort()[Math.floor(q * (count - 1))] as number;
}

const decayed = new Float64Array(decayedSize);

/** The mean whose weights halve with age. */
export function ewma(range: RowRange, decay: Decay): number | null {
  decayed.fill(0);
  decayed[0] = noAnchor;
  let count = 0;
  for (let i = range.head; i < range.tail; i++) {
    const row = rowAt(range, i);
    if (!counts(range, row)) continue;
    count += 1;
    decay.add(decayed, 0, range.page[row + range.value] as number, range.page[row] as number);
  }
  return count === 0 ? null : decayedMean(decayed, 0);
}

/** A whole number held as sum + error into an int64 column; false when it does not fit. */
export function putInt64(column: ColumnBuilder, row: number, sum: number, error: number): boolean {
  if (column.kind !== 'int64') return false;
  const isSmall = error === 0 && sum <= Number.MAX_SAFE_INTEGER && sum >= -Number.MAX_SAFE_INTEGER;
  if (isSmall) {
    const high = Math.floor(sum / 2 ** 32);
    column.words[row * 2] = sum - high * 2 ** 32;
    column.words[row * 2 + 1] = high;
    return true;
  }
  const exact = BigInt(sum) + BigInt(error);
  column.values[row] = exact;
  return BigInt.asIntN(64, exact) === exact;
}
