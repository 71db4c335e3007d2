// Nodes of the plan made from typed parts, with the types that the plan's own rules give.
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import type { CallExpression, CaseBranch, Expression } from '../../../plan/expression.ts';
import { type FunctionName, functionSpec, isCallNullable } from '../../../plan/functions.ts';

/** A call; throws TypeError when the binder let arguments through that do not fit. */
export function callNode(fn: FunctionName, ...args: readonly Expression[]): CallExpression {
  const type = functionSpec(fn).resultType(args.map((arg) => arg.type));
  if (typeof type === 'string') throw new TypeError(`${fn}: ${type}`);
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.nullable),
  );
  return { kind: 'call', fn, args, type, nullable };
}

export function literalNode(value: Value, type: FieldType): Expression {
  return { kind: 'literal', value, type, nullable: value === null };
}

export function caseNode(
  branches: readonly CaseBranch[],
  otherwise: Expression,
  type: FieldType,
): Expression {
  const values = [...branches.map(({ then }) => then), otherwise];
  const nullable = values.some((value) => value.nullable);
  return { kind: 'case', branches, otherwise, type, nullable };
}

/** A text that is equal for equal nodes. */
export function nodeText(node: unknown): string {
  return JSON.stringify(node, (_name, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
