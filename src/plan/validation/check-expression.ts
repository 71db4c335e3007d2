// Expressions of a plan against the fields they read and the table of functions: every type and
// nullability that a node declares is computed again, so that generated code can rely on it.
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Field, formatType, sameType } from '../../kernel/types/field-type.ts';
import type {
  CallExpression,
  CaseExpression,
  ColumnExpression,
  Expression,
  LiteralExpression,
} from '../expression.ts';
import { commonType, functionSpec, functionTable, isCallNullable } from '../functions.ts';
import { literalFits } from '../literal-fits.ts';
import type { Reporter } from '../reporter.ts';

/** Reports unknown fields, wrong types and unknown functions, at any depth. */
export function checkExpression(
  expression: Expression,
  fields: readonly Field[],
  path: string,
  report: Reporter,
): void {
  switch (expression.kind) {
    case 'column':
      return checkColumn(expression, fields, path, report);
    case 'literal':
      return checkLiteral(expression, path, report);
    case 'call':
      for (const arg of expression.args) checkExpression(arg, fields, path, report);
      return checkCall(expression, path, report);
    case 'case':
      for (const branch of expression.branches) {
        checkCondition(branch.when, fields, path, report);
        checkExpression(branch.then, fields, path, report);
      }
      checkExpression(expression.otherwise, fields, path, report);
      return checkCase(expression, path, report);
  }
}

/** An expression that decides: a bool that depends on something. */
export function checkCondition(
  condition: Expression,
  fields: readonly Field[],
  path: string,
  report: Reporter,
): void {
  checkExpression(condition, fields, path, report);
  if (condition.type.kind !== 'bool') {
    const message = `a condition must be a bool, not ${formatType(condition.type)}`;
    report.error(path, 'MR_DEFINITION_TYPE', message, 'compare it: .gt(0), .eq(…), .isNotNull()');
  } else if (condition.kind === 'literal') {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `the condition is always ${String(condition.value)}`,
      'compare fields with methods: p.amount.gt(0), p.category.eq(…), not with operators',
    );
  }
}

function checkColumn(
  column: ColumnExpression,
  fields: readonly Field[],
  path: string,
  report: Reporter,
): void {
  const field = fields.find((f) => f.name === column.name);
  if (field === undefined) {
    const names = fields.map((f) => f.name);
    const message = `there is no field "${column.name}"; ${suggestName(column.name, names)}`;
    report.error(path, 'MR_DEFINITION_UNKNOWN_FIELD', message);
  } else {
    checkDeclared(column, field, `"${column.name}"`, { path, report });
  }
}

function checkLiteral(literal: LiteralExpression, path: string, report: Reporter): void {
  const { value, type } = literal;
  if (value === null) checkDeclared(literal, { type, nullable: true }, 'null', { path, report });
  else if (literalFits(value, type)) {
    checkDeclared(literal, { type, nullable: false }, 'a literal', { path, report });
  } else {
    const shown = typeof value === 'object' ? 'the literal' : `${typeof value} ${String(value)}`;
    report.error(path, 'MR_DEFINITION_TYPE', `${shown} is no ${formatType(type)}`);
  }
}

/** Functions whose rule in the table does not count their arguments: least and most. */
const argCounts: Readonly<Record<string, readonly [number, number]>> = {
  ...Object.fromEntries(
    ['plus', 'minus', 'times', 'div', 'mod', 'pow', 'eq', 'ne', 'gt', 'gte', 'lt', 'lte'].map(
      (name) => [name, [2, 2]],
    ),
  ),
  ...Object.fromEntries(
    ['neg', 'abs', 'floor', 'ceil', 'round', 'sqrt', 'ln', 'exp', 'toFloat'].map((name) => [
      name,
      [1, 1],
    ]),
  ),
  isNull: [1, 1],
  isNotNull: [1, 1],
  in: [2, Number.POSITIVE_INFINITY],
};

function checkCall(call: CallExpression, path: string, report: Reporter): void {
  const { fn, args } = call;
  const fail = (message: string): void => report.error(path, 'MR_DEFINITION_TYPE', message);
  if (!Object.hasOwn(functionTable, fn)) {
    return fail(`there is no function "${fn}"; ${suggestName(fn, Object.keys(functionTable))}`);
  }
  const [least, most] = argCounts[fn] ?? [1, Number.POSITIVE_INFINITY];
  if (args.length < least || args.length > most) {
    return fail(
      fn === 'in' ? 'in: at least one value is needed' : `${fn} takes ${least}, not ${args.length}`,
    );
  }
  if (fn === 'in' && args.slice(1).some((arg) => arg.kind !== 'literal')) {
    fail('in: the values must be literals; use .eq(…).or(…)');
  }
  const type = functionSpec(fn).resultType(args.map((arg) => arg.type));
  if (typeof type === 'string') return fail(`${fn}: ${type}`);
  const nullable = isCallNullable(
    fn,
    args.map((arg) => arg.nullable),
  );
  checkDeclared(call, { type, nullable }, fn, { path, report });
}

function checkCase(expression: CaseExpression, path: string, report: Reporter): void {
  const values = [...expression.branches.map((branch) => branch.then), expression.otherwise];
  const type = commonType(values.map((value) => value.type));
  if (typeof type === 'string') return report.error(path, 'MR_DEFINITION_TYPE', `when: ${type}`);
  const nullable = values.some((value) => value.nullable);
  checkDeclared(expression, { type, nullable }, 'when', { path, report });
}

/** What a node says of its value, against what it is. */
function checkDeclared(
  said: Pick<Expression, 'type' | 'nullable'>,
  is: Pick<Expression, 'type' | 'nullable'>,
  what: string,
  { path, report }: { readonly path: string; readonly report: Reporter },
): void {
  if (sameType(said.type, is.type) && said.nullable === is.nullable) return;
  const show = (e: Pick<Expression, 'type' | 'nullable'>): string =>
    `${formatType(e.type)}${e.nullable ? '?' : ''}`;
  report.error(path, 'MR_DEFINITION_TYPE', `${what} is ${show(is)}, but is declared ${show(said)}`);
}
