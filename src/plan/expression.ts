// Expressions: a small frozen AST over the columns of one row, typed when it is built.
// Null semantics are SQL's: a function of null is null unless `functions.ts` says otherwise;
// `and`/`or` are three-valued; a predicate keeps a row only when it is true.
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import type { FunctionName } from './functions.ts';

/** Any expression; `type` and `nullable` describe its value. */
export type Expression = ColumnExpression | LiteralExpression | CallExpression | CaseExpression;

/** The value of a column of the row (of a feature, in a derived feature). */
export interface ColumnExpression {
  readonly kind: 'column';
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
}

export interface LiteralExpression {
  readonly kind: 'literal';
  readonly value: Value;
  readonly type: FieldType;
  readonly nullable: boolean;
}

/** A function of `functions.ts` applied to arguments. `type` is what the table's rule gives. */
export interface CallExpression {
  readonly kind: 'call';
  readonly fn: FunctionName;
  readonly args: readonly Expression[];
  readonly type: FieldType;
  readonly nullable: boolean;
}

/** The first branch whose condition is true, else `otherwise`. */
export interface CaseExpression {
  readonly kind: 'case';
  readonly branches: readonly CaseBranch[];
  readonly otherwise: Expression;
  readonly type: FieldType;
  readonly nullable: boolean;
}

export interface CaseBranch {
  readonly when: Expression;
  readonly then: Expression;
}

/** Names of the columns that an expression reads. */
export function columnsOf(expression: Expression, into: Set<string> = new Set()): Set<string> {
  switch (expression.kind) {
    case 'column':
      into.add(expression.name);
      break;
    case 'literal':
      break;
    case 'call':
      for (const arg of expression.args) columnsOf(arg, into);
      break;
    case 'case':
      for (const branch of expression.branches) {
        columnsOf(branch.when, into);
        columnsOf(branch.then, into);
      }
      columnsOf(expression.otherwise, into);
      break;
  }
  return into;
}
