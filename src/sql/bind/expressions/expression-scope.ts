// What an expression may refer to where it stands.
import type { Expression } from '../../../plan/expression.ts';
import type { CallExpression, NameExpression, SqlExpression } from '../../syntax/syntax-tree.ts';
import type { Bound } from './bound.ts';
import type { ScalarColumns } from './scalar-columns.ts';

/** What names and calls mean where an expression stands. */
export interface ExpressionScope {
  name(expression: NameExpression): Bound;
  /** An expression that has a name of its own as a whole; null: what it says. */
  whole?(expression: SqlExpression): Bound | null;
  /** A function with its arguments not yet bound; in `scope`, which knows the guards of its place. */
  call(expression: CallExpression, scope: ExpressionScope): Bound;
  /** Where functions that the plan does not have become columns. */
  readonly scalars: ScalarColumns;
  /** What is true where the expression is wanted. */
  readonly guards: readonly Expression[];
}

/** The scope where this holds, too. */
export function guarded(scope: ExpressionScope, guard: Expression): ExpressionScope {
  return { ...scope, guards: [...scope.guards, guard] };
}
