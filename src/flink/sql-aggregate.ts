// Aggregates of a plan as SQL aggregates. Two families of windows: `over` has a row for each record in
// order of event time and knows no FILTER; `ending` has one row a window, in no order within it.
import { type FieldType, formatType } from '../kernel/types/field-type.ts';
import type { AggregateName, AggregateNode } from '../plan/aggregate.ts';
import type { FeatureNode, StreamNode } from '../plan/plan.ts';
import type { FlinkFunctionName } from './flink-function.ts';
import { type RefusalScope, refusedSql } from './refusal.ts';
import { expressionSql } from './sql-expression.ts';
import { literalSql } from './sql-literal.ts';
import { quoteName } from './sql-text.ts';
import { sqlTypeOf } from './sql-type.ts';

/** Which kind of query an aggregate stands in. */
export type WindowFamily = 'over' | 'ending';

/** Where an aggregate stands. */
export interface AggregatePlace {
  readonly family: WindowFamily;
  readonly scope: RefusalScope;
  readonly stream: StreamNode;
  /** Functions of ours that are used. */
  readonly functions: Set<FlinkFunctionName>;
}

interface AggregateCall extends AggregatePlace {
  readonly aggregate: AggregateNode;
  /** Rows leave the window one by one. */
  readonly isRolling: boolean;
  /** Writes `NAME(input) OVER w` or `NAME(input) FILTER (WHERE …)`; `cast` is the input's type. */
  readonly of: (name: string, cast?: FieldType, ...args: readonly string[]) => string;
}

type AggregateSql = (call: AggregateCall) => string;

const float64: FieldType = { kind: 'float64' };
const simpleKinds: readonly FieldType['kind'][] = [
  ...(['int32', 'int64', 'count', 'float32', 'float64', 'decimal'] as const),
  ...(['string', 'bool', 'timestamp', 'date'] as const),
];
const aggregates: Readonly<Record<AggregateName, AggregateSql>> = {
  count: ({ of }) => of('COUNT'),
  countBy: refused(
    'Flink has no map of counters with a bound',
    'count each value that matters: count().where(p.category.eq(…)); or keep the view on the engine',
  ),
  countDistinct: (call) => needSimple(call) ?? call.of('COUNT DISTINCT'),
  sum: sumSql,
  avg: ({ of }) => of('AVG', float64),
  min: (call) => needSimple(call) ?? call.of('MIN'),
  max: (call) => needSimple(call) ?? call.of('MAX'),
  first: (call) => needOrder(call) ?? needSimple(call) ?? call.of('FIRST_VALUE'),
  last: (call) => needOrder(call) ?? needSimple(call) ?? call.of('LAST_VALUE'),
  firstN: refused(
    'Flink has no aggregate that keeps the first values in order of event time',
    'use first(x), or keep the view on the engine',
  ),
  lastN: refused(
    'Flink has no aggregate that keeps the last values in order of event time',
    'use last(x), or keep the view on the engine',
  ),
  stddevPop: ({ of }) => of('STDDEV_POP', float64),
  stddevSamp: ({ of }) => of('STDDEV_SAMP', float64),
  varPop: ({ of }) => of('VAR_POP', float64),
  varSamp: ({ of }) => of('VAR_SAMP', float64),
  quantile: quantileSql,
  approxDistinct: (call) => needSimple(call, ['bytes']) ?? approxDistinctSql(call),
  topK: (call) => needNoInstant(call) ?? needSimple(call) ?? topKSql(call),
  ewma: ewmaSql,
  user: (call) => userSql(call),
};

/** The value of a feature in its query, of the feature's type. */
export function aggregateSql(
  { aggregate, type, window }: Pick<FeatureNode, 'aggregate' | 'type' | 'window'>,
  place: AggregatePlace,
): string {
  const of: AggregateCall['of'] = (name, cast, ...args) =>
    place.family === 'over'
      ? overSql({ aggregate, scope: place.scope, name, cast, args })
      : endingSql({ aggregate, scope: place.scope, name, cast, args });
  const isRolling = window.kind === 'rolling' || window.kind === 'rollingRows';
  const text = aggregates[aggregate.fn]({ ...place, aggregate, isRolling, of });
  // Functions have one type, whatever goes in: values come out of them as text.
  if (type.kind === 'list' && type.item.kind !== 'string') {
    return `CAST(${text} AS ${sqlTypeOf(type)})`;
  }
  // An aggregate of a narrower type than the feature: SUM of a cast integer.
  return aggregate.fn === 'sum' && type.kind === 'int64' && text.includes('DECIMAL(38, 0)')
    ? `CAST(${text} AS BIGINT)`
    : text;
}

/** Functions in TypeScript run where the engine runs. */
function userSql({ aggregate, scope }: AggregateCall): string {
  const name = aggregate.user?.name ?? 'an aggregate';
  scope.refuse(
    `"${name}" is an aggregate that you wrote, which is engine only: Flink has no TypeScript`,
    "keep the view on the engine: featureView(…).on('engine')",
  );
  return refusedSql;
}

function refused(reason: string, alternative: string): AggregateSql {
  return ({ scope }) => {
    scope.refuse(reason, alternative);
    return refusedSql;
  };
}

/** BIGINT would wrap where the engine reports an overflow; sums of INT do not get that far. */
function sumSql({ aggregate, of }: AggregateCall): string {
  const name = aggregate.distinct ? 'SUM DISTINCT' : 'SUM';
  switch (aggregate.input?.type.kind) {
    case 'int32':
      return of(name, { kind: 'int64' });
    case 'int64':
    case 'count':
      return of(name, { kind: 'decimal', precision: 38, scale: 0 });
    case 'float32':
      return of(name, float64);
    default:
      return of(name);
  }
}

/** The share as a literal; integers and decimals by their doubles, as the engine ranks them. */
function quantileSql(call: AggregateCall): string {
  const name = call.isRolling ? 'millrace_quantile_rolling' : 'millrace_quantile';
  call.functions.add(name);
  const share = call.aggregate.quantile ?? 0.5;
  const literal = { kind: 'literal', value: share, type: float64, nullable: false } as const;
  return call.of(name, float64, literalSql(literal, call.scope));
}

/** The hash depends on the type: a value has to arrive with the one that the plan gives it. */
function approxDistinctSql(call: AggregateCall): string {
  const name = call.isRolling ? 'millrace_approx_distinct_rolling' : 'millrace_approx_distinct';
  call.functions.add(name);
  return call.of(name, hashedType(call.aggregate.input?.type));
}

/** Instants are BIGINT in queries, and counts; the engine hashes both as doubles. */
function hashedType(type: FieldType = float64): FieldType {
  return type.kind === 'timestamp' || type.kind === 'count' ? float64 : type;
}

/** Where rows stay, the summary takes its sample by time and id of the records, as the engine does. */
function topKSql(call: AggregateCall): string {
  const { aggregate, stream, functions, isRolling, of } = call;
  const type = hashedType(aggregate.input?.type);
  const limit = String(aggregate.limit ?? 1);
  if (isRolling) {
    functions.add('millrace_top_k_rolling');
    return of('millrace_top_k_rolling', type, limit);
  }
  functions.add('millrace_top_k');
  const id = stream.fields.find(({ name }) => name === stream.idField);
  const ids = id === undefined ? [] : [identitySql(id)];
  return of('millrace_top_k', type, quoteName(stream.eventTime.field), limit, ...ids);
}

function identitySql({ name, type }: StreamNode['fields'][number]): string {
  const cast = hashedType(type);
  return cast === type ? quoteName(name) : `CAST(${quoteName(name)} AS ${sqlTypeOf(cast)})`;
}

function ewmaSql({ aggregate, stream, functions, isRolling, of }: AggregateCall): string {
  const name = isRolling ? 'millrace_ewma_rolling' : 'millrace_ewma';
  functions.add(name);
  const halfLife = `CAST(${aggregate.halfLifeMs ?? 1} AS BIGINT)`;
  return of(name, float64, quoteName(stream.eventTime.field), halfLife);
}

function needNoInstant({ aggregate, scope }: AggregateCall): string | null {
  if (aggregate.input?.type.kind !== 'timestamp') return null;
  scope.refuse(
    'a list of instants is a list of numbers outside of Flink',
    'take the most frequent numbers: topK(p.at.epochMs(), 5), or keep the view on the engine',
  );
  return refusedSql;
}

function needSimple(
  { aggregate, scope }: AggregateCall,
  others: readonly FieldType['kind'][] = [],
): string | null {
  const type = aggregate.input?.type;
  if (type === undefined || [...simpleKinds, ...others].includes(type.kind)) return null;
  scope.refuse(
    `Flink has no ${aggregate.fn} of ${formatType(type)}`,
    'use a field of a simple type, or keep the view on the engine',
  );
  return refusedSql;
}

/** Within a window that ends, Flink takes records as they arrive. */
function needOrder({ aggregate, family, scope }: AggregateCall): string | null {
  if (family === 'over') return null;
  scope.refuse(
    `in a window that ends, Flink's ${aggregate.fn} goes by arrival, not by event time`,
    `take ${aggregate.fn} over rolling(…) or lifetime(), or keep the view on the engine`,
  );
  return refusedSql;
}

interface InputParts {
  readonly input: string | null;
  readonly where: string | null;
}

interface CallText {
  readonly aggregate: AggregateNode;
  readonly scope: RefusalScope;
  readonly name: string;
  readonly cast: FieldType | undefined;
  /** What follows the input. */
  readonly args: readonly string[];
}

function inputParts({ aggregate, scope, cast, name }: CallText): InputParts {
  const { input, where } = aggregate;
  const sql = input === null ? null : expressionSql(input, scope);
  // What an expression has as its type in Flink is not always what it has in the plan.
  const isOurs = name.startsWith('millrace_') && input?.kind !== 'column';
  const needsCast =
    cast !== undefined && input !== null && (isOurs || input.type.kind !== cast.kind);
  return {
    input: needsCast ? `CAST(${sql} AS ${sqlTypeOf(cast)})` : sql,
    where: where === null ? null : expressionSql(where, scope),
  };
}

function overSql(call: CallText): string {
  const { input, where } = inputParts(call);
  const value = where === null ? (input ?? '*') : `CASE WHEN ${where} THEN ${input ?? '1'} END`;
  return `${called(call, value)} OVER w`;
}

function endingSql(call: CallText): string {
  const { input, where } = inputParts(call);
  const filter = where === null ? '' : ` FILTER (WHERE ${where})`;
  return called(call, input ?? '*') + filter;
}

function called({ name, args }: CallText, value: string): string {
  const [fn = name, distinct] = name.split(' ');
  const inputs = [value, ...args].join(', ');
  return `${fn}(${distinct === undefined ? '' : `${distinct} `}${inputs})`;
}
