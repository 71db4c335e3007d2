// Expressions as people read them: infix where that is usual, with as few parentheses as keep the
// meaning. The text is for eyes and messages; nothing parses it.
import { formatInstant } from '../../kernel/instant.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { CallExpression, CaseExpression, Expression } from '../expression.ts';

interface Infix {
  readonly sign: string;
  /** Binds tighter when greater. */
  readonly rank: number;
}

const infixes: Readonly<Record<string, Infix>> = {
  or: { sign: 'or', rank: 1 },
  and: { sign: 'and', rank: 2 },
  eq: { sign: '=', rank: 4 },
  ne: { sign: '≠', rank: 4 },
  gt: { sign: '>', rank: 4 },
  gte: { sign: '≥', rank: 4 },
  lt: { sign: '<', rank: 4 },
  lte: { sign: '≤', rank: 4 },
  plus: { sign: '+', rank: 5 },
  minus: { sign: '-', rank: 5 },
  times: { sign: '*', rank: 6 },
  div: { sign: '/', rank: 6 },
  mod: { sign: '%', rank: 6 },
};

const rankOfNot = 3;
const rankOfPostfix = 4;

/** `amount > 0 and (category = 'toys' or category is null)`. */
export function formatExpression(expression: Expression): string {
  return format(expression, 0);
}

/** `outer`: how tightly the place binds; a looser expression gets parentheses. */
function format(expression: Expression, outer: number): string {
  switch (expression.kind) {
    case 'column':
      return expression.name;
    case 'literal':
      return formatLiteral(expression.value, expression.type);
    case 'call':
      return formatCall(expression, outer);
    case 'case':
      return formatCase(expression);
  }
}

function formatCall(call: CallExpression, outer: number): string {
  const [a, b] = call.args;
  const infix = infixes[call.fn];
  if (infix !== undefined && a !== undefined && b !== undefined) {
    const left = format(a, infix.rank);
    return parenthesize(`${left} ${infix.sign} ${format(b, infix.rank + 1)}`, infix.rank, outer);
  }
  if (a !== undefined && call.fn === 'not') {
    return parenthesize(`not ${format(a, rankOfNot + 1)}`, rankOfNot, outer);
  }
  const postfix = a === undefined ? null : formatPostfix(call, a);
  if (postfix !== null) return parenthesize(postfix, rankOfPostfix, outer);
  if (a !== undefined && call.fn === 'neg') return `-${format(a, 7)}`;
  return `${call.fn}(${call.args.map((arg) => format(arg, 0)).join(', ')})`;
}

function formatPostfix(call: CallExpression, a: Expression): string | null {
  const subject = format(a, rankOfPostfix + 1);
  if (call.fn === 'isNull') return `${subject} is null`;
  if (call.fn === 'isNotNull') return `${subject} is not null`;
  if (call.fn !== 'in') return null;
  const values = call.args.slice(1).map((arg) => format(arg, 0));
  return `${subject} in (${values.join(', ')})`;
}

function parenthesize(text: string, rank: number, outer: number): string {
  return rank < outer ? `(${text})` : text;
}

function formatCase({ branches, otherwise }: CaseExpression): string {
  const parts = branches.map((b) => `when ${format(b.when, 0)} then ${format(b.then, 0)}`);
  return `case ${parts.join(' ')} else ${format(otherwise, 0)} end`;
}

/** A value as in SQL: text in single quotes, instants as timestamps. */
function formatLiteral(value: Value, type: FieldType): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'string') {
    return type.kind === 'decimal' ? value : `'${value.replaceAll("'", "''")}'`;
  }
  if (typeof value === 'number' && type.kind === 'timestamp' && Math.abs(value) <= 8.64e15) {
    return formatInstant(value);
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
