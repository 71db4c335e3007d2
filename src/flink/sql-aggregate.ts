// Aggregates of a plan as SQL aggregates. Two families of windows: `over` has a row for each record in
// order of event time and knows no FILTER; `ending` has one row a window, in no order within it.
import { type FieldType, formatType } from '../kernel/types/field-type.ts';
import type { AggregateName, AggregateNode } from '../plan/aggregate.ts';
import type { FeatureNode } from '../plan/plan.ts';
import { type RefusalScope, refusedSql } from './refusal.ts';
import { expressionSql } from './sql-expression.ts';
import { sqlTypeOf } from './sql-type.ts';

/** Which kind of query an aggregate stands in. */
export type WindowFamily = 'over' | 'ending';

interface AggregateCall {
  readonly aggregate: AggregateNode;
  readonly family: WindowFamily;
  readonly scope: RefusalScope;
  /** Writes `NAME(input) OVER w` or `NAME(input) FILTER (WHERE …)`; `cast` is the input's type. */
  readonly of: (name: string, cast?: FieldType) => string;
}

type AggregateSql = (call: AggregateCall) => string;

const float64: FieldType = { kind: 'float64' };
const simpleKinds: readonly FieldType['kind'][] = [
  ...(['int32', 'int64', 'count', 'float32', 'float64', 'decimal'] as const),
  ...(['string', 'bool', 'timestamp', 'date'] as const),
];
const sketches =
  "an approximate summary with the engine's format needs a function of ours in Flink";

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
  quantile: refused(
    `Flink's PERCENTILE interpolates, and ${sketches}`,
    'use min, max, avg and stddev, or keep the view on the engine',
  ),
  approxDistinct: refused(
    `Flink's APPROX_COUNT_DISTINCT does not run on streams, and ${sketches}`,
    'use countDistinct(x), which is exact, or keep the view on the engine',
  ),
  topK: refused(
    'Flink has no aggregate of the most frequent values',
    'count each value that matters: count().where(p.category.eq(…)); or keep the view on the engine',
  ),
  ewma: refused(
    'Flink has no mean that weighs by event time',
    'use avg(x) over a shorter window, or keep the view on the engine',
  ),
};

/** The value of a feature in its query, of the feature's type. */
export function aggregateSql(
  { aggregate, type }: Pick<FeatureNode, 'aggregate' | 'type'>,
  family: WindowFamily,
  scope: RefusalScope,
): string {
  const of = (name: string, cast?: FieldType): string =>
    family === 'over'
      ? overSql(aggregate, scope, name, cast)
      : endingSql(aggregate, scope, name, cast);
  const text = aggregates[aggregate.fn]({ aggregate, family, scope, of });
  // An aggregate of a narrower type than the feature: SUM of a cast integer.
  return aggregate.fn === 'sum' && type.kind === 'int64' && text.includes('DECIMAL(38, 0)')
    ? `CAST(${text} AS BIGINT)`
    : text;
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

function needSimple({ aggregate, scope }: AggregateCall): string | null {
  const type = aggregate.input?.type;
  if (type === undefined || simpleKinds.includes(type.kind)) return null;
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

function inputParts(aggregate: AggregateNode, scope: RefusalScope, cast?: FieldType): InputParts {
  const { input, where } = aggregate;
  const sql = input === null ? null : expressionSql(input, scope);
  const needsCast = cast !== undefined && input !== null && input.type.kind !== cast.kind;
  return {
    input: needsCast ? `CAST(${sql} AS ${sqlTypeOf(cast)})` : sql,
    where: where === null ? null : expressionSql(where, scope),
  };
}

function overSql(
  aggregate: AggregateNode,
  scope: RefusalScope,
  name: string,
  cast?: FieldType,
): string {
  const { input, where } = inputParts(aggregate, scope, cast);
  const value = where === null ? (input ?? '*') : `CASE WHEN ${where} THEN ${input ?? '1'} END`;
  return `${called(name, value)} OVER w`;
}

function endingSql(
  aggregate: AggregateNode,
  scope: RefusalScope,
  name: string,
  cast?: FieldType,
): string {
  const { input, where } = inputParts(aggregate, scope, cast);
  const filter = where === null ? '' : ` FILTER (WHERE ${where})`;
  return called(name, input ?? '*') + filter;
}

function called(name: string, value: string): string {
  const [fn = name, distinct] = name.split(' ');
  return `${fn}(${distinct === undefined ? '' : `${distinct} `}${value})`;
}
