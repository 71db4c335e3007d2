// `when(condition, value).when(…).otherwise(value)`: the plan's case expression.
import type { Expression } from '../../plan/expression.ts';
import { commonType } from '../../plan/functions.ts';
import type { AnyExpr, Either, ExprOf, NullOf } from '../expression.ts';
import { ExpressionBuilder, toExpression } from '../expression-builder.ts';

/** Branches so far; not an expression until `.otherwise(…)`. */
export interface When<K extends string, V, N extends boolean> {
  /** Another branch, tried when the conditions before it are not true. */
  when<O extends AnyExpr<K, V> | V | null>(
    condition: AnyExpr<'bool'>,
    value: O,
  ): When<K, V, Either<N, NullOf<O>>>;
  /** The value when no condition is true; null is one too. */
  otherwise<O extends AnyExpr<K, V> | V | null>(value: O): ExprOf<K, V, Either<N, NullOf<O>>>;
}

type LiteralKind<V> = V extends number
  ? 'float64'
  : V extends bigint
    ? 'int64'
    : V extends boolean
      ? 'bool'
      : 'string';

type Widened<V> = V extends number
  ? number
  : V extends bigint
    ? bigint
    : V extends boolean
      ? boolean
      : string;

/** `when(condition, value).otherwise(other)`: the value of the first branch whose condition is true. */
export function when<K extends string, V, N extends boolean>(
  condition: AnyExpr<'bool'>,
  value: AnyExpr<K, V, N>,
): When<K, V, N>;
export function when<V extends number | bigint | string | boolean>(
  condition: AnyExpr<'bool'>,
  value: V,
): When<LiteralKind<V>, Widened<V>, false>;
export function when(condition: AnyExpr<'bool'>, value: unknown): unknown {
  return caseBuilder([{ condition, value }]);
}

interface Branch {
  readonly condition: AnyExpr;
  readonly value: unknown;
}

function caseBuilder(branches: readonly Branch[]): unknown {
  return Object.freeze({
    when: (condition: AnyExpr, value: unknown) => caseBuilder([...branches, { condition, value }]),
    otherwise: (value: unknown) => buildCase(branches, value),
  });
}

function buildCase(branches: readonly Branch[], otherwise: unknown): ExpressionBuilder {
  const operands = [...branches.map((b) => b.value), otherwise];
  const beside = operands.find((operand) => operand instanceof ExpressionBuilder)?.node.type;
  const guess = beside ?? toExpression(operands.find((o) => o !== null) ?? null).node.type;
  const values = operands.map((operand) => toExpression(operand, guess));
  const last = values[values.length - 1] ?? toExpression(null, guess);
  const conditions = branches.map((b) => toExpression(b.condition));
  const problems = [...conditions, ...values].flatMap((e) => e.problems);
  const type = commonType(values.map((v) => v.node.type));
  if (typeof type === 'string') problems.push(`when: ${type}`);
  for (const { kind } of conditions) {
    if (kind !== 'bool') problems.push(`when: a condition must be a bool, not ${kind}`);
  }
  const node: Expression = {
    kind: 'case',
    branches: conditions.map((c, i) => ({ when: c.node, then: (values[i] ?? last).node })),
    otherwise: last.node,
    type: typeof type === 'string' ? guess : type,
    nullable: values.some((v) => v.node.nullable),
  };
  return new ExpressionBuilder(node, problems);
}
