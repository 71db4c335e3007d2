// Where in an expression aggregates and OVER windows stand.
import type { CallExpression, SqlExpression } from '../../syntax/syntax-tree.ts';

/** Names of aggregates. */
export const aggregateFunctions: readonly string[] = [
  ...['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'FIRST_VALUE', 'LAST_VALUE'],
  ...['STDDEV_POP', 'STDDEV_SAMP', 'STDDEV', 'VAR_POP', 'VAR_SAMP', 'VARIANCE'],
];

type Parts = {
  readonly [K in SqlExpression['kind']]: (
    expression: Extract<SqlExpression, { kind: K }>,
  ) => readonly (SqlExpression | null)[];
};

const none = (): readonly SqlExpression[] => [];

const parts: Parts = {
  name: none,
  star: none,
  number: none,
  text: none,
  bool: none,
  null: none,
  interval: none,
  date: none,
  timestamp: none,
  item: ({ arg, index }) => [arg, index],
  field: ({ arg }) => [arg],
  unary: ({ arg }) => [arg],
  binary: ({ left, right }) => [left, right],
  in: ({ arg, values }) => [arg, ...values],
  between: ({ arg, low, high }) => [arg, low, high],
  like: ({ arg, pattern, escape }) => [arg, pattern, escape],
  case: ({ operand, branches, otherwise }) => [
    operand,
    ...branches.flatMap(({ when, then }) => [when, then]),
    otherwise,
  ],
  cast: ({ arg }) => [arg],
  call: ({ args, filter }) => [...args, filter],
};

function callsOf(expression: SqlExpression): readonly CallExpression[] {
  const partsOf = parts[expression.kind] as (e: SqlExpression) => readonly (SqlExpression | null)[];
  const inner = partsOf(expression).flatMap((part) => (part === null ? [] : callsOf(part)));
  return expression.kind === 'call' ? [expression, ...inner] : inner;
}

/** Calls with OVER, from the outside in. */
export function overCalls(expression: SqlExpression): readonly CallExpression[] {
  return callsOf(expression).filter(({ over }) => over !== null);
}

export function hasOver(expression: SqlExpression): boolean {
  return overCalls(expression).length > 0;
}

/** Whether an aggregate of a group stands in it. */
export function hasAggregate(expression: SqlExpression): boolean {
  return callsOf(expression).some(
    ({ name, over }) => over === null && aggregateFunctions.includes(name),
  );
}

/** Whether an aggregate stands in it, of a group or of a window. */
export function holdsAggregate(expression: SqlExpression): boolean {
  return callsOf(expression).some(({ name }) => aggregateFunctions.includes(name));
}
