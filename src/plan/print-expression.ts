// Expressions, aggregates and windows as people write them.
import { formatDuration } from '../kernel/duration.ts';
import type { AggregateNode } from './aggregate.ts';
import type { Expression } from './expression.ts';
import type { FunctionName } from './functions.ts';
import type { WindowNode } from './window.ts';

const infix: Partial<Record<FunctionName, string>> = {
  plus: '+',
  minus: '-',
  times: '*',
  div: '/',
  mod: '%',
  eq: '=',
  ne: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  and: 'and',
  or: 'or',
};

/** `amount > 0 and category = 'book'`. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'column':
      return expression.name;
    case 'literal':
      return printLiteral(expression.value);
    case 'case': {
      const branches = expression.branches.map(
        (b) => `when ${printExpression(b.when)} then ${printExpression(b.then)}`,
      );
      return `case ${branches.join(' ')} else ${printExpression(expression.otherwise)} end`;
    }
    case 'call':
      return printCall(expression.fn, expression.args);
  }
}

function printLiteral(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return String(value);
}

function printCall(fn: FunctionName, args: readonly Expression[]): string {
  const [a, b] = args;
  const operator = infix[fn];
  if (operator !== undefined && a !== undefined && b !== undefined) {
    return `${printOperand(a)} ${operator} ${printOperand(b)}`;
  }
  if (a !== undefined && fn === 'isNull') return `${printOperand(a)} is null`;
  if (a !== undefined && fn === 'isNotNull') return `${printOperand(a)} is not null`;
  if (a !== undefined && fn === 'in') {
    return `${printOperand(a)} in (${args.slice(1).map(printExpression).join(', ')})`;
  }
  return `${fn}(${args.map(printExpression).join(', ')})`;
}

function printOperand(expression: Expression): string {
  const isInfix = expression.kind === 'call' && infix[expression.fn] !== undefined;
  return isInfix ? `(${printExpression(expression)})` : printExpression(expression);
}

/** `sum(amount) where amount > 0`. */
export function printAggregate(aggregate: AggregateNode): string {
  const args = [
    ...(aggregate.input === null ? [] : [printExpression(aggregate.input)]),
    ...(aggregate.limit === null ? [] : [String(aggregate.limit)]),
    ...(aggregate.quantile === null ? [] : [String(aggregate.quantile)]),
  ];
  const where = aggregate.where === null ? '' : ` where ${printExpression(aggregate.where)}`;
  return `${aggregate.fn}(${aggregate.distinct ? 'distinct ' : ''}${args.join(', ')})${where}`;
}

/** `rolling 1h`, `hopping 1h every 10m`. */
export function printWindow(window: WindowNode): string {
  const d = formatDuration;
  switch (window.kind) {
    case 'rolling':
      return `rolling ${d(window.sizeMs)}${window.resolutionMs === null ? '' : ` by ${d(window.resolutionMs)}`}`;
    case 'rollingRows':
      return `rolling ${window.rows} rows`;
    case 'lifetime':
      return 'lifetime';
    case 'tumbling':
      return `tumbling ${d(window.sizeMs)}${printBoundaries(window)}`;
    case 'hopping':
      return `hopping ${d(window.sizeMs)} every ${d(window.everyMs)}${printBoundaries(window)}`;
    case 'cumulate':
      return `cumulate ${d(window.sizeMs)} step ${d(window.stepMs)}${printBoundaries(window)}`;
    case 'session':
      return `session gap ${d(window.gapMs)}`;
  }
}

function printBoundaries(window: {
  readonly offsetMs: number;
  readonly allowedLatenessMs: number;
  readonly serve?: string;
}): string {
  const offset = window.offsetMs === 0 ? '' : ` offset ${formatDuration(window.offsetMs)}`;
  const late =
    window.allowedLatenessMs === 0
      ? ''
      : ` allowed lateness ${formatDuration(window.allowedLatenessMs)}`;
  return `${offset}${late}${window.serve === 'open' ? ' (open)' : ''}`;
}
