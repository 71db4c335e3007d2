// Expressions of a plan as SQL with the same value. Where operands have different types they are cast
// to the common type of the plan's rules, not to Flink's; `sql-functions.ts` has a line per function.
import type { FieldType } from '../kernel/types/field-type.ts';
import type { CaseExpression, Expression } from '../plan/expression.ts';
import type { RefusalScope } from './refusal.ts';
import { callSql } from './sql-functions.ts';
import { literalSql } from './sql-literal.ts';
import { quoteName } from './sql-text.ts';
import { sqlTypeOf } from './sql-type.ts';
import { atom, type RankedSql, type SqlWriter } from './sql-writer.ts';

/** The SQL of an expression. */
export function expressionSql(expression: Expression, scope: RefusalScope, outer = 0): string {
  return new ExpressionWriter(scope).sql(expression, outer);
}

type ExpressionVisitor = {
  readonly [K in Expression['kind']]: (
    expression: Extract<Expression, { kind: K }>,
    writer: SqlWriter,
  ) => RankedSql;
};

const visitor: ExpressionVisitor = {
  column: ({ name }) => atom(quoteName(name)),
  literal: (literal, writer) => atom(literalSql(literal, writer)),
  call: (call, writer) => callSql[call.fn](call, writer),
  case: (expression, writer) => atom(caseSql(expression, writer)),
};

class ExpressionWriter implements SqlWriter {
  readonly #scope: RefusalScope;

  constructor(scope: RefusalScope) {
    this.#scope = scope;
  }

  refuse(reason: string, alternative: string): void {
    this.#scope.refuse(reason, alternative);
  }

  sql(expression: Expression, outer = 0): string {
    const visit = visitor[expression.kind] as (e: Expression, writer: SqlWriter) => RankedSql;
    const { text, rank } = visit(expression, this);
    return rank < outer ? `(${text})` : text;
  }

  coerced(expression: Expression, type: FieldType, outer = 0): string {
    if (expression.kind === 'literal') return literalSql({ ...expression, type }, this);
    if (sqlTypeOf(expression.type) === sqlTypeOf(type)) return this.sql(expression, outer);
    return `CAST(${this.sql(expression)} AS ${sqlTypeOf(type)})`;
  }
}

function caseSql({ branches, otherwise, type }: CaseExpression, writer: SqlWriter): string {
  const whens = branches.map(
    (branch) => `WHEN ${writer.sql(branch.when)} THEN ${writer.coerced(branch.then, type)}`,
  );
  return `CASE ${whens.join(' ')} ELSE ${writer.coerced(otherwise, type)} END`;
}
