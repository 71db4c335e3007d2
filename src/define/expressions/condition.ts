// Conditions as users give them: an expression, or a callback that makes one. What is no condition,
// and what a callback throws, becomes a sentence; a definition never throws while it is loaded.
import type { Expression } from '../../plan/expression.ts';
import { ExpressionBuilder } from '../expression-builder.ts';

export interface Condition {
  readonly node: Expression;
  readonly problems: readonly string[];
}

const keepAll: Expression = {
  kind: 'literal',
  value: true,
  type: { kind: 'bool' },
  nullable: false,
};

/** The condition that a callback returns. */
export function conditionOf(make: () => unknown): Condition {
  const { value, problem } = attempt(make);
  return problem === null ? readCondition(value) : { node: keepAll, problems: [problem] };
}

/** A condition that is there already. */
export function readCondition(value: unknown): Condition {
  if (!(value instanceof ExpressionBuilder)) {
    return { node: keepAll, problems: [`where: ${whatElse(value)}`] };
  }
  if (value.kind === 'bool' || value.problems.length > 0) {
    return { node: value.kind === 'bool' ? value.node : keepAll, problems: value.problems };
  }
  const problem = `where: a condition must be a bool, not ${value.kind}`;
  return { node: keepAll, problems: [problem] };
}

function whatElse(value: unknown): string {
  if (value === undefined) return 'the condition is missing: return an expression';
  if (typeof value === 'boolean') {
    return `the condition is always ${value}: compare with .gt(0), .eq(…), not with an operator`;
  }
  return `a condition is an expression such as p.amount.gt(0), not a value of type ${typeof value}`;
}

/** Calls a callback of the user's; what it throws becomes a sentence. */
export function attempt(call: () => unknown): {
  readonly value: unknown;
  readonly problem: string | null;
} {
  try {
    return { value: call(), problem: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { value: undefined, problem: message };
  }
}
