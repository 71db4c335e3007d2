// The one class behind every typed expression: immutable, it holds a plan node and the sentences
// that say what did not fit. Nothing here throws: `check` reports all sentences at once.
import { suggestName } from '../kernel/nearest-name.ts';
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';
import { formatType, isIntegerType, isNumericType } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';
import { commonType, type FunctionName, functionSpec, isCallNullable } from '../plan/functions.ts';
import type { AnyExpr, ExprOf } from './expression.ts';

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
    return call('in', [this, ...values]);
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

/** A function call; literals take the type of the first expression beside them. */
export function call(fn: FunctionName, operands: readonly Operand[]): ExpressionBuilder {
  const beside = operands.find((operand) => operand instanceof ExpressionBuilder)?.node.type;
  const args = operands.map((operand) => toExpression(operand, fn === 'not' ? undefined : beside));
  const problems = args.flatMap((arg) => arg.problems);
  const result = functionSpec(fn).resultType(args.map((arg) => arg.node.type));
  if (typeof result === 'string') problems.push(`${fn}: ${result}`);
  const type: FieldType = typeof result === 'string' ? (beside ?? { kind: 'float64' }) : result;
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.node.nullable),
  );
  const node = { kind: 'call', fn, args: args.map((arg) => arg.node), type, nullable } as const;
  return new ExpressionBuilder(node, problems);
}

/** An operand as an expression; a plain value becomes a literal of the type beside it, if it fits. */
export function toExpression(operand: Operand, beside?: FieldType): ExpressionBuilder {
  if (operand instanceof ExpressionBuilder) return operand;
  const { type, value, problem } = literalOf(operand, beside);
  const node = { kind: 'literal', value, type, nullable: value === null } as const;
  return new ExpressionBuilder(node, problem === undefined ? [] : [problem]);
}

interface LiteralParts {
  readonly type: FieldType;
  readonly value: Value;
  readonly problem?: string;
}

function literalOf(operand: Operand, beside: FieldType | undefined): LiteralParts {
  if (operand === null) return { type: beside ?? { kind: 'string' }, value: null };
  switch (typeof operand) {
    case 'number':
      return numberLiteral(operand, beside);
    case 'bigint':
      return beside !== undefined && isNumericType(beside) && beside.kind !== 'int64'
        ? numberLiteral(Number(operand), beside)
        : { type: { kind: 'int64' }, value: operand };
    case 'boolean':
      return { type: { kind: 'bool' }, value: operand };
    case 'string':
      return textLiteral(operand, beside);
    default:
      return {
        type: beside ?? { kind: 'string' },
        value: null,
        problem: `a literal must be a number, bigint, string, boolean or null, not ${typeof operand}`,
      };
  }
}

function numberLiteral(value: number, beside: FieldType | undefined): LiteralParts {
  if (Number.isNaN(value))
    return { type: { kind: 'float64' }, value: 0, problem: 'NaN is no literal' };
  if (beside?.kind === 'timestamp') return { type: beside, value };
  if (beside?.kind === 'decimal') return { type: beside, value: value.toFixed(beside.scale) };
  if (beside === undefined || !isIntegerType(beside)) return { type: { kind: 'float64' }, value };
  if (!Number.isInteger(value)) {
    const problem = `${value} is a fraction beside a ${beside.kind}: write .toFloat() on the other side`;
    return { type: beside, value: beside.kind === 'int64' ? 0n : 0, problem };
  }
  if (beside.kind === 'int64') return { type: beside, value: BigInt(value) };
  if (beside.kind === 'int32' && (value | 0) !== value)
    return { type: { kind: 'int64' }, value: BigInt(value) };
  return { type: beside, value };
}

function textLiteral(value: string, beside: FieldType | undefined): LiteralParts {
  if (beside?.kind !== 'date' && beside?.kind !== 'decimal')
    return { type: { kind: 'string' }, value };
  const fits =
    beside.kind === 'date' ? /^\d{4}-\d{2}-\d{2}$/.test(value) : /^-?\d+(\.\d+)?$/.test(value);
  return fits
    ? { type: beside, value }
    : { type: beside, value: null, problem: `"${value}" is not a ${formatType(beside)}` };
}

function int32Literal(value: Operand): Operand {
  return typeof value === 'number'
    ? new ExpressionBuilder({ kind: 'literal', value, type: { kind: 'int32' }, nullable: false })
    : value;
}

/** Fields as a proxy: a name that does not exist becomes a problem, not a crash. */
export function fieldsProxy<Shape>(fields: readonly Field[], owner: string): Shape {
  const byName = new Map(
    fields.map((f) => [
      f.name,
      new ExpressionBuilder({ kind: 'column', name: f.name, type: f.type, nullable: f.nullable }),
    ]),
  );
  const names = [...byName.keys()];
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name !== 'string' || name === 'then') return undefined;
      return byName.get(name) ?? unknownField(name, owner, names);
    },
    has: (_target, name) => typeof name === 'string' && byName.has(name),
    ownKeys: () => names,
    getOwnPropertyDescriptor: (_target, name) => ({
      value: byName.get(String(name)),
      enumerable: true,
      configurable: true,
    }),
  }) as Shape;
}

/** Marks a problem as "unknown field", so that it gets that code. */
export const unknownFieldMark = 'unknown field ';

function unknownField(name: string, owner: string, names: readonly string[]): ExpressionBuilder {
  const problem = `${unknownFieldMark}"${name}" of ${owner}: ${suggestName(name, names)}`;
  return new ExpressionBuilder(
    { kind: 'column', name, type: { kind: 'float64' }, nullable: true },
    [problem],
  );
}

interface When<K extends string, V, N extends boolean> {
  /** Another branch, tried when the conditions before it are not true. */
  when(condition: AnyExpr<'bool'>, value: AnyExpr<K, V> | V): When<K, V, N>;
  /** The value when no condition is true. */
  otherwise(value: AnyExpr<K, V> | V): ExprOf<K, V, N>;
  /** Null when no condition is true. */
  otherwise(value: null): ExprOf<K, V, true>;
}

type LiteralKind<V> = V extends number
  ? 'float64'
  : V extends bigint
    ? 'int64'
    : V extends boolean
      ? 'bool'
      : 'string';

/** `when(condition, value).otherwise(other)`: the first branch whose condition is true. */
export function when<K extends string, V, N extends boolean>(
  condition: AnyExpr<'bool'>,
  value: AnyExpr<K, V, N>,
): When<K, V, N>;
export function when<V extends number | bigint | string | boolean>(
  condition: AnyExpr<'bool'>,
  value: V,
): When<
  LiteralKind<V>,
  V extends number ? number : V extends string ? string : V extends bigint ? bigint : boolean,
  false
>;
export function when(condition: AnyExpr<'bool'>, value: unknown): unknown {
  return caseBuilder([{ condition, value }]);
}

interface Branch {
  readonly condition: AnyExpr;
  readonly value: unknown;
}

function caseBuilder(branches: readonly Branch[]): unknown {
  return {
    when: (condition: AnyExpr, value: unknown) => caseBuilder([...branches, { condition, value }]),
    otherwise: (value: unknown) => buildCase(branches, value),
  };
}

function buildCase(branches: readonly Branch[], otherwise: unknown): ExpressionBuilder {
  const operands = [...branches.map((b) => b.value), otherwise];
  const beside = operands.find((operand) => operand instanceof ExpressionBuilder)?.node.type;
  const guess = beside ?? toExpression(operands.find((o) => o !== null)).node.type;
  const values = operands.map((operand) => toExpression(operand, guess));
  const conditions = branches.map((b) => toExpression(b.condition));
  const problems = [...conditions, ...values].flatMap((e) => e.problems);
  const type = commonType(values.map((v) => v.node.type));
  if (typeof type === 'string') problems.push(`when: ${type}`);
  for (const c of conditions) {
    if (c.kind !== 'bool') problems.push(`when: a condition must be a bool, not ${c.kind}`);
  }
  const last = values[values.length - 1] as ExpressionBuilder;
  const node: Expression = {
    kind: 'case',
    branches: conditions.map((c, i) => ({
      when: c.node,
      then: (values[i] as ExpressionBuilder).node,
    })),
    otherwise: last.node,
    type: typeof type === 'string' ? guess : type,
    nullable: values.some((v) => v.node.nullable),
  };
  return new ExpressionBuilder(node, problems);
}
