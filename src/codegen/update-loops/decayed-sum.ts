// ewma as eight numbers in an array: a mean whose weights halve with age. Ages are counted from an
// anchor, a whole number of half-lives since the epoch, so that moving on to a newer anchor multiplies
// by a power of two, which is exact: sums carry no error but that of adding, which is kept beside them
// (two-sum). What is not finite is counted apart and never enters a sum.
import type { LoopAggregate } from './loop-plan.ts';

/** Numbers of a decayed sum: half-lives from the epoch to the newest value, then sums and counts. */
export const decayedSize = 8;
/** The first of them while there is no value; the others are 0. */
export const noAnchor: number = Number.NEGATIVE_INFINITY;

const sumAt = 1;
const weightAt = 3;
const nanAt = 5;
const positiveAt = 6;
const negativeAt = 7;

/** Decayed sums of one half-life. They begin at a place of an array. */
export class Decay {
  readonly #halfLifeMs: number;

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** Adds the value of a record at `ts`. */
  add(A: Float64Array, at: number, x: number, ts: number): void {
    if (!Number.isFinite(x)) {
      const special = at + (Number.isNaN(x) ? nanAt : x > 0 ? positiveAt : negativeAt);
      A[special] = (A[special] as number) + 1;
      return;
    }
    const lives = Math.floor(ts / this.#halfLifeMs);
    if (lives > (A[at] as number)) moveAnchor(A, at, lives);
    const part = (ts - lives * this.#halfLifeMs) / this.#halfLifeMs;
    const weight = 2 ** (part - 1) * 2 ** (lives - (A[at] as number));
    twoSum(A, at + sumAt, x * weight);
    twoSum(A, at + weightAt, weight);
  }
}

/** The half-lives of the aggregates that have one, by feature. */
export function decaysOf(aggregates: readonly LoopAggregate[]): readonly Decay[] {
  const decays: Decay[] = [];
  for (const { fn, feature, halfLifeMs } of aggregates) {
    if (fn === 'ewma') decays[feature] = new Decay(halfLifeMs);
  }
  return decays;
}

/** Adds the sum at `B[from]`, which stays as it is, to that at `A[into]`. */
export function mergeDecayed(A: Float64Array, into: number, B: Float64Array, from: number): void {
  for (const special of [nanAt, positiveAt, negativeAt]) {
    A[into + special] = (A[into + special] as number) + (B[from + special] as number);
  }
  const anchor = B[from] as number;
  if (anchor === noAnchor) return;
  if (anchor > (A[into] as number)) moveAnchor(A, into, anchor);
  const factor = 2 ** (anchor - (A[into] as number));
  for (const place of [sumAt, weightAt]) {
    twoSum(A, into + place, (B[from + place] as number) * factor);
    A[into + place + 1] =
      (A[into + place + 1] as number) + (B[from + place + 1] as number) * factor;
  }
}

/** The mean that the sum at `A[at]` stands for; there is a value in it. */
export function decayedMean(A: Float64Array, at: number): number {
  const [positive, negative] = [A[at + positiveAt] as number, A[at + negativeAt] as number];
  if ((A[at + nanAt] as number) > 0 || (positive > 0 && negative > 0)) return Number.NaN;
  if (positive > 0) return Number.POSITIVE_INFINITY;
  if (negative > 0) return Number.NEGATIVE_INFINITY;
  const sum = A[at + sumAt] as number;
  const total = Number.isFinite(sum) ? sum + (A[at + sumAt + 1] as number) : sum;
  return total / ((A[at + weightAt] as number) + (A[at + weightAt + 1] as number));
}

function moveAnchor(A: Float64Array, at: number, anchor: number): void {
  const factor = 2 ** ((A[at] as number) - anchor);
  A[at] = anchor;
  for (let i = at + sumAt; i < at + nanAt; i++) A[i] = (A[i] as number) * factor;
}

function twoSum(A: Float64Array, at: number, y: number): void {
  const s = A[at] as number;
  const t = s + y;
  const z = t - s;
  A[at + 1] = (A[at + 1] as number) + (s - (t - z)) + (y - z);
  A[at] = t;
}
