// Expressions of the plan over one row, interpreted: SQL's null rules, three-valued logic, checked
// integer arithmetic. A result that does not fit throws MR_DATA_OVERFLOW: an error of the record.
import type { Value } from '../../kernel/types/field-type.ts';
import type { CallExpression, Expression } from '../../plan/expression.ts';
import { scalarFunctions } from './scalar-functions.ts';
import { coerce } from './values.ts';

export type Row = Readonly<Record<string, Value>>;

/** The value of an expression over a row. */
export function evaluate(expression: Expression, row: Row): Value {
  switch (expression.kind) {
    case 'column':
      return row[expression.name] ?? null;
    case 'literal':
      return expression.value;
    case 'call':
      return evaluateCall(expression, row);
    case 'case': {
      const branch = expression.branches.find(({ when }) => evaluate(when, row) === true);
      const chosen = branch === undefined ? expression.otherwise : branch.then;
      return coerce(evaluate(chosen, row), chosen.type, expression.type);
    }
  }
}

function evaluateCall(call: CallExpression, row: Row): Value {
  const args = call.args.map((arg) => evaluate(arg, row));
  switch (call.fn) {
    case 'and':
      return args.includes(false) ? false : args.includes(null) ? null : true;
    case 'or':
      return args.includes(true) ? true : args.includes(null) ? null : false;
    case 'isNull':
      return args[0] === null;
    case 'isNotNull':
      return args[0] !== null;
    case 'coalesce': {
      const at = args.findIndex((arg) => arg !== null);
      const chosen = call.args[at];
      return chosen === undefined ? null : coerce(args[at] ?? null, chosen.type, call.type);
    }
    default:
      if (args.includes(null)) return null;
      return scalarFunctions[call.fn](
        args,
        call.args.map((arg) => arg.type),
        call.type,
      );
  }
}
