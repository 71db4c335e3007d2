// Aggregates of a query as features of its view. Equal ones are one feature; the types are Flink's,
// with what is needed to get them from the plan's wider ones.
import type { AggregateName } from '../../plan/aggregate.ts';
import { aggregateResult } from '../../plan/aggregate.ts';
import type { Expression } from '../../plan/expression.ts';
import type { FeatureNode } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import { refusal, typeProblem } from '../syntax/sql-error.ts';
import type { CallExpression, SqlExpression } from '../syntax/syntax-tree.ts';
import { decimalOf, divideRounded, fitDecimal } from '../functions/decimal-math.ts';
import type { RowFunction } from '../functions/row-function.ts';
import { bindCondition, bindExpression } from './expressions/bind-expression.ts';
import type { Bound } from './expressions/bound.ts';
import type { Finish } from './bound-query.ts';
import { nodeText } from './expressions/expression-nodes.ts';
import type { ExpressionScope } from './expressions/expression-scope.ts';
import { decimalType, formatSqlType, isNumber, type SqlType, sqlTypes } from './sql-type.ts';

/** An aggregate as a feature, and how its value is read. */
export interface BoundAggregate {
  readonly feature: FeatureNode;
  readonly type: SqlType;
  readonly finish: Finish;
}

const asIs: Finish = { kind: 'as-is' };

/** The features of one view. */
export class QueryFeatures {
  readonly features: FeatureNode[] = [];
  readonly #window: WindowNode;
  readonly #rows: ExpressionScope;
  readonly #byText = new Map<string, FeatureNode>();

  constructor(window: WindowNode, rows: ExpressionScope) {
    this.#window = window;
    this.#rows = rows;
  }

  /** The aggregate of a call; `isOver`: it stands over a window of rows, in order of event time. */
  bind(call: CallExpression, isOver: boolean): BoundAggregate {
    const { name, args, at, isDistinct, filter } = call;
    const where = filter === null ? null : bindCondition(filter, this.#rows);
    const [arg] = args;
    if (name === 'COUNT' && arg?.kind === 'star') {
      return { feature: this.add('count', null, where), type: sqlTypes.bigint, finish: asIs };
    }
    if (arg === undefined || args.length > 1) throw typeProblem(at, `${name} takes one argument`);
    const input = this.#input(arg);
    if (isDistinct && name !== 'COUNT' && name !== 'SUM' && name !== 'MIN' && name !== 'MAX') {
      throw refusal(at, `${name} of distinct values is no aggregate of the plan`, 'COUNT or SUM');
    }
    const bind = binders[name];
    if (bind === undefined) throw typeProblem(at, `${name} is no aggregate`);
    return bind({ features: this, call, input, where, isOver });
  }

  #input(arg: SqlExpression): Bound & { readonly type: SqlType } {
    const { node, type } = bindExpression(arg, this.#rows);
    if (type === null) throw typeProblem(arg.at, 'NULL has no type here', 'CAST(NULL AS …)');
    return { node, type };
  }

  /** A feature of this aggregate, which may be there already. */
  add(
    fn: AggregateName,
    input: Expression | null,
    where: Expression | null,
    options: { readonly distinct?: boolean; readonly name?: string } = {},
  ): FeatureNode {
    const { distinct = false } = options;
    const text = nodeText([fn, input, where, distinct, options.name ?? '']);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const result = aggregateResult(fn, input?.type ?? null);
    if (typeof result === 'string') throw new TypeError(result);
    const name = options.name ?? `f${this.features.length}`;
    const feature: FeatureNode = {
      kind: 'feature',
      name,
      uid: `view:query/feature:${name}`,
      ...result,
      aggregate: { kind: 'aggregate', fn, input, where, distinct, limit: null, quantile: null },
      window: this.#window,
    };
    this.#byText.set(text, feature);
    this.features.push(feature);
    return feature;
  }
}

interface AggregateParts {
  readonly features: QueryFeatures;
  readonly call: CallExpression;
  readonly input: Bound & { readonly type: SqlType };
  readonly where: Expression | null;
  readonly isOver: boolean;
}

type BindAggregate = (parts: AggregateParts) => BoundAggregate;

const binders: Readonly<Record<string, BindAggregate>> = {
  COUNT: ({ features, call, input, where }) => ({
    feature: features.add(call.isDistinct ? 'countDistinct' : 'count', input.node, where),
    type: sqlTypes.bigint,
    finish: asIs,
  }),
  SUM: bindSum,
  AVG: bindAverage,
  MIN: extreme('min'),
  MAX: extreme('max'),
  FIRST_VALUE: inOrder('first'),
  LAST_VALUE: inOrder('last'),
  STDDEV_POP: spread('stddevPop'),
  STDDEV_SAMP: spread('stddevSamp'),
  STDDEV: spread('stddevSamp'),
  VAR_POP: spread('varPop'),
  VAR_SAMP: spread('varSamp'),
  VARIANCE: spread('varSamp'),
};

function needNumber({ call, input }: AggregateParts): void {
  if (isNumber(input.type) && input.type.name !== 'FLOAT') return;
  if (input.type.name === 'FLOAT') {
    throw refusal(call.at, `${call.name} of FLOAT is rounded otherwise`, 'CAST(… AS DOUBLE) first');
  }
  throw typeProblem(call.at, `${call.name} takes a number, not ${formatSqlType(input.type)}`);
}

function bindSum(parts: AggregateParts): BoundAggregate {
  needNumber(parts);
  const { features, call, input, where } = parts;
  const { node, type } = input;
  const feature = features.add('sum', node, where, { distinct: call.isDistinct });
  if (type.name === 'DECIMAL') return { feature, type: decimalType(38, type.scale), finish: asIs };
  return { feature, type, finish: type.name === 'INT' ? { kind: 'int' } : asIs };
}

/** Of doubles it is the plan's; of exact numbers Flink divides exactly and cuts. */
function bindAverage(parts: AggregateParts): BoundAggregate {
  needNumber(parts);
  const { features, input, where } = parts;
  const { node, type } = input;
  if (type.name === 'DOUBLE') {
    return { feature: features.add('avg', node, where), type, finish: asIs };
  }
  const feature = features.add('sum', node, where);
  const count = features.add('count', node, where).name;
  const finish: Finish = { kind: 'quotient', count, inputScale: type.scale };
  if (type.name !== 'DECIMAL') return { feature, type, finish };
  return { feature, type: decimalType(38, Math.max(6, type.scale)), finish };
}

const ordered: readonly SqlType['name'][] = [
  ...(['INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL'] as const),
  ...(['STRING', 'DATE', 'TIMESTAMP', 'TIMESTAMP_LTZ', 'BOOLEAN'] as const),
];

function extreme(fn: 'min' | 'max'): BindAggregate {
  return ({ features, call, input, where }) => {
    if (!ordered.includes(input.type.name)) {
      throw typeProblem(call.at, `${call.name} takes no ${formatSqlType(input.type)}`);
    }
    return { feature: features.add(fn, input.node, where), type: input.type, finish: asIs };
  };
}

function inOrder(fn: 'first' | 'last'): BindAggregate {
  return ({ features, call, input, where, isOver }) => {
    if (!isOver) {
      throw refusal(
        call.at,
        `Flink's ${call.name} goes by arrival here, the plan's by event time`,
        `use ${call.name} with OVER (… ORDER BY the event time …)`,
      );
    }
    return { feature: features.add(fn, input.node, where), type: input.type, finish: asIs };
  };
}

/** Of whole numbers and decimals Flink cuts the result to the argument's type. */
function spread(fn: AggregateName): BindAggregate {
  return (parts) => {
    needNumber(parts);
    const { features, call, input, where } = parts;
    if (input.type.name !== 'DOUBLE') {
      const what = formatSqlType(input.type);
      throw refusal(
        call.at,
        `${call.name} of ${what} is cut to ${what}`,
        'CAST(… AS DOUBLE) first',
      );
    }
    return { feature: features.add(fn, input.node, where), type: input.type, finish: asIs };
  };
}

/** A feature's value inside an expression over features. */
export function featureColumn(
  { feature, type, finish }: BoundAggregate,
  { scalars, guards }: ExpressionScope,
): Bound {
  const { name, type: field, nullable } = feature;
  const node: Expression = { kind: 'column', name, type: field, nullable };
  if (finish.kind === 'as-is') return { node, type };
  if (finish.kind === 'int') {
    const run: RowFunction = ([sum]) => Number(BigInt.asIntN(32, sum as bigint));
    return scalars.add({ fn: 'int', args: [{ node, type: sqlTypes.bigint }], type, run }, guards);
  }
  const count: Expression = {
    ...{ kind: 'column', name: finish.count, type: { kind: 'count' }, nullable: false },
  };
  const sum = type.name === 'DECIMAL' ? type : sqlTypes.bigint;
  const args = [
    { node, type: sum },
    { node: count, type: sqlTypes.bigint },
  ];
  const run: RowFunction = ([total, rows]) => quotientOf(total, rows as bigint, type);
  return scalars.add({ fn: 'quotient', args, type, run }, guards);
}

/** AVG of exact numbers: cut for whole numbers, rounded for decimals. */
function quotientOf(total: unknown, rows: bigint, type: SqlType): string | number | bigint | null {
  if (rows === 0n) return null;
  if (type.name !== 'DECIMAL') {
    const cut = BigInt(String(total)) / rows;
    return type.name === 'INT' ? Number(cut) : cut;
  }
  const exact = decimalOf(total);
  if (exact === null) return null;
  const more = 10n ** BigInt(Math.max(0, type.scale - exact.scale));
  const digits = divideRounded(exact.digits * more, rows);
  return fitDecimal({ digits, scale: Math.max(type.scale, exact.scale) }, type);
}
