// count, sum, avg, stddev and variance over values of any numeric type. Float sums are compensated
// (two-sum); NaN and the infinities are counted apart and never enter a running sum.
import { formatDecimal, parseDecimal } from '../../../columns/parse-decimal.ts';
import type { Value } from '../../../kernel/types/field-type.ts';
import { type Accumulator, overflow } from './accumulator.ts';
import { boxBytes } from './places.ts';

export interface CountState {
  count: number;
}

export const countAccumulator: Accumulator<CountState> = {
  create: () => ({ count: 0 }),
  add: (state) => {
    state.count += 1;
  },
  merge: (into, from) => {
    into.count += from.count;
  },
  unmerge: (into, from) => {
    into.count -= from.count;
  },
  reset: (state) => {
    state.count = 0;
  },
  result: (state) => state.count,
  write: ({ count }, to) => to.varint(count),
  read: (from) => ({ count: from.varint() }),
  bytesOf: () => boxBytes,
};

export interface FloatSum {
  count: number;
  sum: number;
  error: number;
  nan: number;
  positive: number;
  negative: number;
}

export function createFloatSum(): FloatSum {
  return { count: 0, sum: 0, error: 0, nan: 0, positive: 0, negative: 0 };
}

export function addToFloatSum(state: FloatSum, x: number): void {
  state.count += 1;
  if (Number.isFinite(x)) addFinite(state, x);
  else if (Number.isNaN(x)) state.nan += 1;
  else if (x > 0) state.positive += 1;
  else state.negative += 1;
}

function addFinite(state: FloatSum, x: number): void {
  const sum = state.sum + x;
  const part = sum - state.sum;
  state.error += state.sum - (sum - part) + (x - part);
  state.sum = sum;
}

export function mergeFloatSums(into: FloatSum, from: FloatSum): void {
  addFinite(into, from.sum);
  into.error += from.error;
  into.count += from.count;
  into.nan += from.nan;
  into.positive += from.positive;
  into.negative += from.negative;
}

export function floatSumOf(state: FloatSum): number {
  if (state.nan > 0 || (state.positive > 0 && state.negative > 0)) return Number.NaN;
  if (state.positive > 0) return Number.POSITIVE_INFINITY;
  if (state.negative > 0) return Number.NEGATIVE_INFINITY;
  return Number.isFinite(state.sum) ? state.sum + state.error : state.sum;
}

export const floatSumAccumulator: Accumulator<FloatSum> = {
  create: createFloatSum,
  add: (state, value) => addToFloatSum(state, Number(value)),
  merge: mergeFloatSums,
  result: (state) => (state.count === 0 ? null : floatSumOf(state)),
  write: ({ count, sum, error, nan, positive, negative }, to) => {
    to.varint(count);
    to.f64(sum);
    to.f64(error);
    to.varint(nan);
    to.varint(positive);
    to.varint(negative);
  },
  read: (from) => ({
    count: from.varint(),
    sum: from.f64(),
    error: from.f64(),
    nan: from.varint(),
    positive: from.varint(),
    negative: from.varint(),
  }),
  bytesOf: () => boxBytes * 2,
};

export const averageAccumulator: Accumulator<FloatSum> = {
  ...floatSumAccumulator,
  result: (state) => (state.count === 0 ? null : floatSumOf(state) / state.count),
};

/** The sum of whole numbers below 2^53, as int64: sum and error together are exact. */
export const wholeSumAccumulator: Accumulator<FloatSum> = {
  ...floatSumAccumulator,
  result: ({ count, sum, error }) => {
    if (count === 0) return null;
    const exact = BigInt(sum) + BigInt(error);
    return BigInt.asIntN(64, exact) === exact ? exact : overflow;
  },
};

interface ExactSum {
  count: number;
  sum: bigint;
}

/** The sum of integers (scale null) or of decimals, whole; beyond the result type it is `overflow`. */
export function exactSumAccumulator(scale: number | null): Accumulator<ExactSum> {
  return {
    create: () => ({ count: 0, sum: 0n }),
    add: (state, value) => {
      state.count += 1;
      state.sum += exactValue(value, scale);
    },
    merge: (into, from) => {
      into.count += from.count;
      into.sum += from.sum;
    },
    unmerge: (into, from) => {
      into.count -= from.count;
      into.sum -= from.sum;
    },
    result: (state) => (state.count === 0 ? null : exactResult(state.sum, scale)),
    write: ({ count, sum }, to) => {
      to.varint(count);
      to.bigint(sum);
    },
    read: (from) => ({ count: from.varint(), sum: from.bigint() }),
    bytesOf: () => boxBytes * 2,
  };
}

/** A number as an integer in units of its last digit. */
export function exactValue(value: Value, scale: number | null): bigint {
  if (scale === null) return BigInt(value as number | bigint);
  const unscaled = parseDecimal(String(value), 76, scale);
  return typeof unscaled === 'bigint' ? unscaled : 0n;
}

const decimalLimit = 10n ** 38n;

export function exactResult(sum: bigint, scale: number | null): Value | typeof overflow {
  if (scale === null) return BigInt.asIntN(64, sum) === sum ? sum : overflow;
  return sum < decimalLimit && sum > -decimalLimit ? formatDecimal(sum, scale) : overflow;
}

interface Moments {
  count: number;
  mean: number;
  squares: number;
}

/** Welford's update and Chan's merge; `sample` 1 divides by n − 1. */
export function varianceAccumulator(sample: 0 | 1, isRoot: boolean): Accumulator<Moments> {
  return {
    create: () => ({ count: 0, mean: 0, squares: 0 }),
    add: (state, value) => {
      const x = Number(value);
      const delta = x - state.mean;
      state.count += 1;
      state.mean += delta / state.count;
      state.squares += delta * (x - state.mean);
    },
    merge: (into, from) => {
      if (from.count === 0) return;
      const count = into.count + from.count;
      const delta = from.mean - into.mean;
      into.mean += (delta * from.count) / count;
      into.squares += from.squares + (delta * delta * into.count * from.count) / count;
      into.count = count;
    },
    result: (state) => {
      if (state.count <= sample) return null;
      const variance = state.squares / (state.count - sample);
      return isRoot ? Math.sqrt(variance) : variance;
    },
    write: ({ count, mean, squares }, to) => {
      to.varint(count);
      to.f64(mean);
      to.f64(squares);
    },
    read: (from) => ({ count: from.varint(), mean: from.f64(), squares: from.f64() }),
    bytesOf: () => boxBytes * 2,
  };
}
