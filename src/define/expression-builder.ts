// The one class behind every typed expression: immutable, it holds a plan node and the sentences
// that say what did not fit. Nothing here throws: `check` reports all sentences at once.
import type { FieldType } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';
import { type FunctionName, functionSpec, isCallNullable } from '../plan/functions.ts';
import type { AnyExpr } from './expression.ts';
import { type LiteralUse, literalOf } from './expressions/literal.ts';

type Operand = unknown;

export class ExpressionBuilder implements AnyExpr {
  readonly node: Expression;
  readonly problems: readonly string[];

  constructor(node: Expression, problems: readonly string[] = []) {
    this.node = node;
    this.problems = problems;
  }

  get kind(): string {
    return this.node.type.kind;
  }

  /** `p.amount > 0` asks for a value here, and there is none: who calls callbacks reports it. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      'an expression has no value here: write .gt(0), .eq(…), .plus(1), not an operator',
    );
  }

  plus(other: Operand): ExpressionBuilder {
    return call('plus', [this, other]);
  }
  minus(other: Operand): ExpressionBuilder {
    return call('minus', [this, other]);
  }
  times(other: Operand): ExpressionBuilder {
    return call('times', [this, other]);
  }
  div(other: Operand): ExpressionBuilder {
    return call('div', [this, other]);
  }
  mod(other: Operand): ExpressionBuilder {
    return call('mod', [this, other]);
  }
  pow(other: Operand): ExpressionBuilder {
    return call('pow', [this, other]);
  }
  neg(): ExpressionBuilder {
    return call('neg', [this]);
  }
  abs(): ExpressionBuilder {
    return call('abs', [this]);
  }
  floor(): ExpressionBuilder {
    return call('floor', [this]);
  }
  ceil(): ExpressionBuilder {
    return call('ceil', [this]);
  }
  round(): ExpressionBuilder {
    return call('round', [this]);
  }
  sqrt(): ExpressionBuilder {
    return call('sqrt', [this]);
  }
  ln(): ExpressionBuilder {
    return call('ln', [this]);
  }
  exp(): ExpressionBuilder {
    return call('exp', [this]);
  }
  toFloat(): ExpressionBuilder {
    return call('toFloat', [this]);
  }
  eq(other: Operand): ExpressionBuilder {
    return call('eq', [this, other]);
  }
  ne(other: Operand): ExpressionBuilder {
    return call('ne', [this, other]);
  }
  gt(other: Operand): ExpressionBuilder {
    return call('gt', [this, other]);
  }
  gte(other: Operand): ExpressionBuilder {
    return call('gte', [this, other]);
  }
  lt(other: Operand): ExpressionBuilder {
    return call('lt', [this, other]);
  }
  lte(other: Operand): ExpressionBuilder {
    return call('lte', [this, other]);
  }
  in(values: readonly Operand[]): ExpressionBuilder {
    return call('in', [this, ...(Array.isArray(values) ? (values as Operand[]) : [values])]);
  }
  and(other: Operand): ExpressionBuilder {
    return call('and', [this, other]);
  }
  or(other: Operand): ExpressionBuilder {
    return call('or', [this, other]);
  }
  not(): ExpressionBuilder {
    return call('not', [this]);
  }
  isNull(): ExpressionBuilder {
    return call('isNull', [this]);
  }
  isNotNull(): ExpressionBuilder {
    return call('isNotNull', [this]);
  }
  coalesce(other: Operand): ExpressionBuilder {
    return call('coalesce', [this, other]);
  }
  lower(): ExpressionBuilder {
    return call('lower', [this]);
  }
  upper(): ExpressionBuilder {
    return call('upper', [this]);
  }
  trim(): ExpressionBuilder {
    return call('trim', [this]);
  }
  length(): ExpressionBuilder {
    return call('length', [this]);
  }
  concat(other: Operand): ExpressionBuilder {
    return call('concat', [this, other]);
  }
  substring(start: Operand, length: Operand): ExpressionBuilder {
    return call('substring', [this, int32Literal(start), int32Literal(length)]);
  }
  startsWith(other: Operand): ExpressionBuilder {
    return call('startsWith', [this, other]);
  }
  endsWith(other: Operand): ExpressionBuilder {
    return call('endsWith', [this, other]);
  }
  contains(other: Operand): ExpressionBuilder {
    return call('contains', [this, other]);
  }
  epochMs(): ExpressionBuilder {
    return call('epochMs', [this]);
  }
}

const literalUses: Partial<Record<FunctionName, LiteralUse>> = {
  div: 'real',
  pow: 'real',
  eq: 'compare',
  ne: 'compare',
  gt: 'compare',
  gte: 'compare',
  lt: 'compare',
  lte: 'compare',
  in: 'compare',
};

/** A function call; literals take the type of the first expression beside them. */
export function call(fn: FunctionName, operands: readonly Operand[]): ExpressionBuilder {
  const beside = operands.find((operand) => operand instanceof ExpressionBuilder)?.node.type;
  const args = operands.map((operand) => toExpression(operand, beside, literalUses[fn]));
  const problems = args.flatMap((arg) => arg.problems);
  const result = functionSpec(fn).resultType(args.map((arg) => arg.node.type));
  if (typeof result === 'string' && problems.length === 0) problems.push(`${fn}: ${result}`);
  const type: FieldType = typeof result === 'string' ? (beside ?? { kind: 'float64' }) : result;
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.node.nullable),
  );
  const node = { kind: 'call', fn, args: args.map((arg) => arg.node), type, nullable } as const;
  return new ExpressionBuilder(node, problems);
}

/** An operand as an expression; a plain value becomes a literal of the type beside it, if it fits. */
export function toExpression(
  operand: Operand,
  beside?: FieldType,
  use?: LiteralUse,
): ExpressionBuilder {
  if (operand instanceof ExpressionBuilder) return operand;
  const { type, value, problem } = literalOf(operand, beside, use);
  const node = { kind: 'literal', value, type, nullable: value === null } as const;
  return new ExpressionBuilder(node, problem === undefined ? [] : [problem]);
}

function int32Literal(value: Operand): Operand {
  return typeof value === 'number' ? toExpression(value, { kind: 'int32' }) : value;
}
