// Expressions of a plan against the fields they read and the table of functions.
import { suggestName } from '../kernel/nearest-name.ts';
import { type Field, formatType, sameType } from '../kernel/types/field-type.ts';
import type { Expression } from './expression.ts';
import { functionTable, functionSpec } from './functions.ts';
import type { Reporter } from './validate.ts';

/** Reports unknown fields, wrong types and unknown functions, at any depth. */
export function checkExpression(
  expression: Expression,
  fields: readonly Field[],
  path: string,
  report: Reporter,
): void {
  switch (expression.kind) {
    case 'column':
      checkColumn(expression, fields, path, report);
      break;
    case 'literal':
      break;
    case 'call':
      for (const arg of expression.args) checkExpression(arg, fields, path, report);
      checkCall(expression, path, report);
      break;
    case 'case':
      for (const branch of expression.branches) {
        checkExpression(branch.when, fields, path, report);
        checkExpression(branch.then, fields, path, report);
      }
      checkExpression(expression.otherwise, fields, path, report);
      break;
  }
}

function checkColumn(
  column: Expression & { kind: 'column' },
  fields: readonly Field[],
  path: string,
  report: Reporter,
): void {
  const field = fields.find((f) => f.name === column.name);
  if (field === undefined) {
    const hint = suggestName(
      column.name,
      fields.map((f) => f.name),
    );
    report.error(
      path,
      'MR_DEFINITION_UNKNOWN_FIELD',
      `there is no field "${column.name}"; ${hint}`,
    );
  } else if (!sameType(field.type, column.type) || field.nullable !== column.nullable) {
    const said = `${formatType(column.type)}${column.nullable ? '?' : ''}`;
    const is = `${formatType(field.type)}${field.nullable ? '?' : ''}`;
    report.error(path, 'MR_DEFINITION_TYPE', `"${column.name}" is ${is}, but is used as ${said}`);
  }
}

function checkCall(call: Expression & { kind: 'call' }, path: string, report: Reporter): void {
  if (!Object.hasOwn(functionTable, call.fn)) {
    const hint = suggestName(call.fn, Object.keys(functionTable));
    report.error(path, 'MR_DEFINITION_TYPE', `there is no function "${call.fn}"; ${hint}`);
    return;
  }
  const result = functionSpec(call.fn).resultType(call.args.map((arg) => arg.type));
  if (typeof result === 'string') report.error(path, 'MR_DEFINITION_TYPE', `${call.fn}: ${result}`);
  else if (!sameType(result, call.type)) {
    report.error(
      path,
      'MR_DEFINITION_TYPE',
      `${call.fn} is declared ${formatType(call.type)}, but is ${formatType(result)}`,
    );
  }
}
