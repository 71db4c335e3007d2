// Aggregates as users write them: `sum(p.amount).where(…).over(window)`. The type parameter is the
// JavaScript type of the feature's value; rules for nulls and empty windows are in docs/semantics.md.
import type { Duration } from '../kernel/duration.ts';
import type { AggregateName, AggregateNode } from '../plan/aggregate.ts';
import type { Expression } from '../plan/expression.ts';
import type { UserAggregateNode } from '../plan/user-aggregate.ts';
import { readCondition } from './expressions/condition.ts';
import type { AnyExpr, NumericKind } from './expression.ts';
import { type ExpressionBuilder, toExpression } from './expression-builder.ts';
import type { Window } from './window.ts';

declare const featureValue: unique symbol;

/** A finished feature: an aggregate over a window. `K` and `N` say what `derive` may do with it. */
export interface Feature<K extends string = string, V = unknown, N extends boolean = boolean> {
  readonly [featureValue]?: readonly [K, V, N];
  readonly isFeature: true;
  readonly aggregate: AggregateNode;
  readonly window: Window;
  /** `ewma`: read when the plan is built, as durations are. */
  readonly halfLife?: unknown;
  readonly problems: readonly string[];
}

/** An aggregate that still needs its window. */
export interface Aggregate<K extends string, V, N extends boolean> {
  /** Only records for which the condition is true (not null) reach the aggregate. Several are and-ed. */
  where(condition: AnyExpr<'bool'>): Aggregate<K, V, N>;
  /** Which records: `rolling('1h')`, `tumbling('5m')`, … Without it the aggregate is no feature. */
  over(window: Window): Feature<K, V, N>;
}

interface AggregateState {
  readonly fn: AggregateName;
  readonly input: ExpressionBuilder | null;
  readonly where?: Expression;
  readonly distinct?: boolean;
  readonly limit?: number;
  readonly quantile?: number;
  readonly halfLife?: unknown;
  readonly user?: UserAggregateNode;
  readonly problems: readonly string[];
}

function makeAggregate<K extends string, V, N extends boolean>(
  state: AggregateState,
): Aggregate<K, V, N> {
  return Object.freeze({
    where: (condition: AnyExpr<'bool'>) => makeAggregate<K, V, N>(addCondition(state, condition)),
    over: (window: Window): Feature<K, V, N> =>
      Object.freeze({
        isFeature: true as const,
        aggregate: toNode(state),
        window,
        ...('halfLife' in state ? { halfLife: state.halfLife } : {}),
        problems: state.problems,
      }),
  });
}

function addCondition(state: AggregateState, condition: AnyExpr<'bool'>): AggregateState {
  const { node, problems } = readCondition(condition);
  const where: Expression =
    state.where === undefined
      ? node
      : {
          kind: 'call',
          fn: 'and',
          args: [state.where, node],
          type: { kind: 'bool' },
          nullable: state.where.nullable || node.nullable,
        };
  return { ...state, where, problems: [...state.problems, ...problems] };
}

function toNode(state: AggregateState): AggregateNode {
  return {
    kind: 'aggregate',
    fn: state.fn,
    input: state.input?.node ?? null,
    where: state.where ?? null,
    distinct: state.distinct ?? false,
    limit: state.limit ?? null,
    quantile: state.quantile ?? null,
    ...(state.user === undefined ? {} : { user: state.user }),
  };
}

/** The aggregate of a user over an expression. */
export function overUser<K extends string, V>(
  user: UserAggregateNode,
  input: unknown,
  problems: readonly string[],
): Aggregate<K, V, true> {
  const built = toExpression(input);
  const all = [...problems, ...built.problems];
  return makeAggregate({ fn: 'user', input: built, user, problems: all });
}

type Extra = Pick<AggregateState, 'distinct' | 'limit' | 'quantile' | 'halfLife'>;

function over<K extends string, V, N extends boolean>(
  fn: AggregateName,
  input: unknown,
  extra: Extra = {},
): Aggregate<K, V, N> {
  if (input === undefined) return makeAggregate({ fn, input: null, problems: [], ...extra });
  const built = toExpression(input);
  const isPlain = typeof input !== 'object' || input === null;
  const problems = isPlain
    ? [`${fn} needs a field or an expression, such as ${fn}(p.amount), not a plain value`]
    : built.problems;
  return makeAggregate({ fn, input: built, problems, ...extra });
}

type OrderedKind = NumericKind | 'string' | 'timestamp' | 'date' | 'bool';
/** The sentence that an editor shows when a number is needed. */
type NeedsNumber<E> =
  E extends AnyExpr<infer K>
    ? K extends NumericKind
      ? E
      : `this aggregate needs a number, and this expression is a ${K}`
    : never;
type NeedsOrder<E> =
  E extends AnyExpr<infer K>
    ? K extends OrderedKind
      ? E
      : `this aggregate needs a type with an order, and this expression is a ${K}`
    : never;
type KindOf<E> = E extends AnyExpr<infer K> ? K : never;
type ValueOfExpr<E> = E extends AnyExpr<string, infer V> ? V : never;
type SumKind<K> = K extends 'int32' | 'int64' | 'count'
  ? 'int64'
  : K extends 'decimal'
    ? 'decimal'
    : 'float64';
type SumValue<K> = K extends 'int32' | 'int64' | 'count'
  ? bigint
  : K extends 'decimal'
    ? string
    : number;
type Average = Aggregate<'float64', number, true>;

/** Records, or values of `x` that are not null. Empty: 0. A number; above 2^53 an error. */
export function count(x?: AnyExpr): Aggregate<'count', number, false> {
  return over('count', x);
}

/** Options of `countBy`. */
export interface CountByOptions {
  /** How many values get their own key (the first to appear); the rest count under `null`. Default 100. */
  readonly max?: number;
}

/** How often each value occurs, as a record. Empty: `{}`. State: `max` counters. */
export function countBy(
  x: AnyExpr,
  options: CountByOptions = {},
): Aggregate<'map', Readonly<Record<string, number>>, false> {
  return over('countBy', x, { limit: options.max ?? 100 });
}

/** Exactly how many different values. Empty: 0. State: every value of the window. */
export function countDistinct(x: AnyExpr): Aggregate<'count', number, false> {
  return over('countDistinct', x);
}

/** How many different values, within 1.6 % (HyperLogLog with 4,096 registers). Empty: 0. */
export function approxDistinct(x: AnyExpr): Aggregate<'count', number, false> {
  return over('approxDistinct', x);
}

/** Options of `sum`. */
export interface SumOptions {
  /** Each distinct value counts once. */
  readonly distinct?: boolean;
}

/** The sum: bigint of integers (exact), number of floats (compensated), text of decimals. Empty: null. */
export function sum<E extends AnyExpr>(
  x: NeedsNumber<E> & E,
  options: SumOptions = {},
): Aggregate<SumKind<KindOf<E>>, SumValue<KindOf<E>>, true> {
  return over('sum', x, { distinct: options.distinct ?? false });
}

/** The mean as a number. Empty: null. */
export function avg<E extends AnyExpr>(x: NeedsNumber<E> & E): Average {
  return over('avg', x);
}

/** Options of `stddev` and `variance`. */
export interface SpreadOptions {
  /** Of the whole population (divide by n) instead of a sample (n − 1). */
  readonly population?: boolean;
}

/** Standard deviation. Empty, or a sample of one: null. */
export function stddev<E extends AnyExpr>(
  x: NeedsNumber<E> & E,
  options: SpreadOptions = {},
): Average {
  return over(options.population === true ? 'stddevPop' : 'stddevSamp', x);
}

/** Variance. Empty, or a sample of one: null. */
export function variance<E extends AnyExpr>(
  x: NeedsNumber<E> & E,
  options: SpreadOptions = {},
): Average {
  return over(options.population === true ? 'varPop' : 'varSamp', x);
}

/** The value at rank floor(q·(n − 1)): exact up to 1,000 values without `resolution`, else within 1 % (DDSketch). Empty: null. */
export function quantile<E extends AnyExpr>(x: NeedsNumber<E> & E, q: number): Average {
  return over('quantile', x, { quantile: q });
}

/** `quantile(x, 0.5)`. */
export function median<E extends AnyExpr>(x: NeedsNumber<E> & E): Average {
  return over('quantile', x, { quantile: 0.5 });
}

type Same<E> = Aggregate<KindOf<E>, ValueOfExpr<E>, true>;

/** The smallest value; strings by their UTF-8 bytes. Empty: null. */
export function min<E extends AnyExpr>(x: NeedsOrder<E> & E): Same<E> {
  return over('min', x);
}

/** The greatest value; strings by their UTF-8 bytes. Empty: null. */
export function max<E extends AnyExpr>(x: NeedsOrder<E> & E): Same<E> {
  return over('max', x);
}

/** The value of the earliest record (by event time, id, arrival) that has one. Empty: null. */
export function first<E extends AnyExpr>(x: E): Same<E> {
  return over('first', x);
}

/** The value of the latest record (by event time, id, arrival) that has one. Empty: null. */
export function last<E extends AnyExpr>(x: E): Same<E> {
  return over('last', x);
}

/** The first `n` values, oldest first. Empty: `[]`. */
export function firstN<E extends AnyExpr>(
  x: E,
  n: number,
): Aggregate<'list', readonly ValueOfExpr<E>[], false> {
  return over('firstN', x, { limit: n });
}

/** The last `n` values, oldest first. Empty: `[]`. */
export function lastN<E extends AnyExpr>(
  x: E,
  n: number,
): Aggregate<'list', readonly ValueOfExpr<E>[], false> {
  return over('lastN', x, { limit: n });
}

/**
 * The `k` most frequent values, the most frequent first; values of one count in their own order.
 *
 * - **Exact** over `rolling(W)` without a resolution and `rolling({ rows })`, and over every other window
 *   while it holds at most 1,000 different values. Beyond, a value in a share p of the window's records is
 *   missed with a chance of about (1 − p)^1000, and counts, which only order the list, are too high by more
 *   than 0.14 % of the records in 2 of 100 cases, and never too low.
 * - **Order**: the same list whatever the order of arrival, ties, parallelism and batches.
 * - **Empty**: `[]`. Nulls are not counted; −0 is 0. `k` is a whole number from 1 to 1,000.
 * - **State**: a count per different value; beyond 1,000 of them at most 2,000 values and 64 KB a window.
 * - **Errors**: MR_DEFINITION_TYPE for a type without an order, MR_DEFINITION_WINDOW for a wrong `k`.
 */
export function topK<E extends AnyExpr>(
  x: NeedsOrder<E> & E,
  k: number,
): Aggregate<'list', readonly ValueOfExpr<E>[], false> {
  return over('topK', x, { limit: k });
}

/**
 * The mean of which a value that is `halfLife` older counts half: Σ x·2^(−age/halfLife) over
 * Σ 2^(−age/halfLife), ages by event time. Only differences of ages matter, so the mean does not move
 * while no record comes or leaves.
 *
 * - **Units**: as `x`, a float64; int64 and decimals go through a double. `halfLife` is a duration of
 *   at least a millisecond, `'1h'`.
 * - **Order**: a function of the window's records alone; sums are compensated, so another order of
 *   arrival changes it by no more than 1e-12 times the mean of |x|. Records of one instant weigh the same.
 * - **Empty**: null. Nulls are skipped. Any NaN or both infinities give NaN, one infinity gives itself.
 * - **State**: nine numbers a window; the records, where the window keeps them.
 * - **Errors**: MR_DEFINITION_DURATION for a half-life that is no duration or not above 0.
 */
export function ewma<E extends AnyExpr>(x: NeedsNumber<E> & E, halfLife: Duration): Average {
  return over('ewma', x, { halfLife });
}
