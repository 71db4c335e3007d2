// Aggregates by their definition: a list of values in record order → one value, computed afresh.
// Sketches are replaced by the exact value; `tolerance` says how far a right engine may be from it.
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { AggregateName, AggregateNode } from '../../plan/aggregate.ts';
import { type AggregateState, codeOf } from '../../plan/user-aggregate.ts';
import { exactSum } from './exact-sum.ts';
import { compareValues, formatDecimal, identityOf, parseDecimal, toDouble } from './values.ts';

/** A value, and the greatest absolute difference that the rules allow (0 = none). */
export interface Aggregated {
  readonly value: Value;
  readonly tolerance: number;
}

interface AggregateCall {
  readonly node: AggregateNode;
  /** Type of the input; null for `count()`. */
  readonly type: FieldType | null;
  /** Event times of the inputs. */
  readonly times: readonly number[];
  /** True when the engine may answer from a sketch. */
  readonly isSketched: boolean;
}

type Rule = (values: readonly Value[], call: AggregateCall) => Aggregated | Value;

const int64Max = 2n ** 63n - 1n;
const exactQuantileRows = 1000;
const sumError = 1e-12;

const rules: Record<AggregateName, Rule> = {
  count: (values) => values.length,
  countDistinct: (values) => distinct(values).length,
  approxDistinct: (values) => {
    const n = distinct(values).length;
    return { value: n, tolerance: n <= 2 ? 0 : Math.ceil(n * 0.05) + 1 };
  },
  countBy: (values, { node }) => countBy(values, node.limit ?? Number.POSITIVE_INFINITY),
  sum: (values, { node, type }) => sum(node.distinct ? distinct(values) : values, type),
  avg: average,
  min: (values, { type }) => extreme(values, type, -1),
  max: (values, { type }) => extreme(values, type, 1),
  first: (values) => values[0] ?? null,
  last: (values) => values.at(-1) ?? null,
  firstN: (values, { node }) => values.slice(0, node.limit ?? 0),
  lastN: (values, { node }) => values.slice(Math.max(0, values.length - (node.limit ?? 0))),
  varPop: (values) => variance(values, 0),
  varSamp: (values) => variance(values, 1),
  stddevPop: (values) => squareRoot(variance(values, 0)),
  stddevSamp: (values) => squareRoot(variance(values, 1)),
  quantile,
  topK: (values, { node, type }) => topK(values, node.limit ?? 0, type),
  ewma,
  user: ofUser,
};

/** The aggregate over the inputs of a window's records, in record order; `count()` gets any values. */
export function aggregate(inputs: readonly Value[], call: AggregateCall): Aggregated {
  const isIn = (i: number): boolean => call.node.input === null || inputs[i] !== null;
  const values = inputs.filter((_, i) => isIn(i));
  const times = call.times.filter((_, i) => isIn(i));
  const result = rules[call.node.fn](values, { ...call, times });
  return isAggregated(result) ? result : { value: result, tolerance: 0 };
}

function isAggregated(result: Aggregated | Value): result is Aggregated {
  return result !== null && typeof result === 'object' && 'tolerance' in result;
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [identityOf(value), value] as const)).values()];
}

function countBy(values: readonly Value[], limit: number): Value {
  const counts = new Map<string, number>();
  const kept = new Set(distinct(values).slice(0, limit).map(identityOf));
  for (const value of values) {
    const key = kept.has(identityOf(value)) ? String(value) : 'null';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function sum(values: readonly Value[], type: FieldType | null): Aggregated | Value {
  if (values.length === 0) return null;
  if (type?.kind === 'decimal') {
    const total = values.reduce((acc: bigint, x) => acc + parseDecimal(String(x), type.scale), 0n);
    return formatDecimal(total, type.scale);
  }
  if (type?.kind === 'float64' || type?.kind === 'float32') {
    const doubles = values.map(toDouble);
    return { value: exactSum(doubles), tolerance: sumError * magnitude(doubles) };
  }
  const total = values.reduce((acc: bigint, x) => acc + BigInt(x as number | bigint), 0n);
  return total > int64Max || total < -int64Max - 1n ? null : total;
}

function magnitude(doubles: readonly number[]): number {
  return exactSum(doubles.map(Math.abs).filter(Number.isFinite));
}

function average(values: readonly Value[]): Aggregated | Value {
  if (values.length === 0) return null;
  const doubles = values.map(toDouble);
  const tolerance = (sumError * magnitude(doubles)) / values.length;
  return { value: exactSum(doubles) / values.length, tolerance };
}

function variance(values: readonly Value[], sample: 0 | 1): Aggregated {
  const n = values.length;
  if (n <= sample) return { value: null, tolerance: 0 };
  const doubles = values.map(toDouble);
  const mean = exactSum(doubles) / n;
  const squares = exactSum(doubles.map((x) => (x - mean) ** 2));
  const scale = exactSum(doubles.filter(Number.isFinite).map((x) => x * x));
  return { value: squares / (n - sample), tolerance: (4 * sumError * scale) / (n - sample) };
}

/** The tolerance of v becomes that of √v: the greatest change that v − tolerance can make. */
function squareRoot({ value, tolerance }: Aggregated): Aggregated {
  if (typeof value !== 'number') return { value, tolerance };
  const root = Math.sqrt(value);
  return {
    value: root,
    tolerance: Math.max(
      root - Math.sqrt(Math.max(0, value - tolerance)),
      Math.sqrt(value + tolerance) - root,
    ),
  };
}

function extreme(values: readonly Value[], type: FieldType | null, sign: 1 | -1): Value {
  if (type === null || values.length === 0) return null;
  return values.reduce((best, x) => (compareValues(type, x, best) * sign > 0 ? x : best));
}

function quantile(values: readonly Value[], call: AggregateCall): Aggregated | Value {
  if (values.length === 0) return null;
  const order: FieldType = { kind: 'float64' };
  const sorted = values.map(toDouble).sort((a, b) => compareValues(order, a, b));
  const value = sorted[Math.floor((call.node.quantile ?? 0) * (sorted.length - 1))] ?? null;
  const isExact = !call.isSketched && values.length <= exactQuantileRows;
  return { value, tolerance: isExact ? 0 : 0.0101 * Math.abs(Number(value)) };
}

/** Exact: within 1,000 different values the engine has no other answer. */
function topK(values: readonly Value[], limit: number, type: FieldType | null): Value {
  const times = (value: Value): number =>
    values.filter((other) => identityOf(other) === identityOf(value)).length;
  const byCount = (a: Value, b: Value): number => times(b) - times(a);
  const byValue = (a: Value, b: Value): number => (type === null ? 0 : compareValues(type, a, b));
  return distinct(values)
    .sort((a, b) => byCount(a, b) || byValue(a, b))
    .slice(0, limit)
    .map((value) => (value === 0 ? 0 : value));
}

/** The user's functions over the records in order, one after the other. */
function ofUser(values: readonly Value[], { node, times }: AggregateCall): Value {
  const code = node.user === undefined ? null : codeOf(node.user);
  if (code === null) throw new TypeError('the plan has no functions of its aggregate');
  let state = code.create() as AggregateState;
  for (const [i, value] of values.entries()) {
    state = (code.add(state, value, times[i] ?? 0) ?? state) as AggregateState;
  }
  return code.result(state) as Value;
}

/** Weights are taken from the newest value on: only their proportions count. */
function ewma(values: readonly Value[], { node, times }: AggregateCall): Aggregated | Value {
  if (values.length === 0) return null;
  const doubles = values.map(toDouble);
  const newest = Math.max(...times);
  const weights = times.map((ts) => 2 ** ((ts - newest) / (node.halfLifeMs ?? 1)));
  const total = exactSum(weights);
  const isFinite = doubles.every(Number.isFinite);
  const weighted = doubles.map((x, i) => (isFinite ? x * (weights[i] ?? 0) : x));
  const tolerance = (sumError * magnitude(weighted)) / total;
  return { value: exactSum(weighted) / (isFinite ? total : 1), tolerance };
}
