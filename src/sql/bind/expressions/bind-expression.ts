// Expressions of SQL as expressions of the plan with the same value and type. Functions that the plan does
// not have become columns that are computed for each record (`scalar-columns.ts`).
import type { Expression } from '../../../plan/expression.ts';
import type { FunctionName } from '../../../plan/functions.ts';
import { castFunction } from '../../functions/casts.ts';
import { dateOf, readTimestamp } from '../../functions/java-text.ts';
import { RowError, type RowFunction } from '../../functions/row-function.ts';
import { textFunctions } from '../../functions/text-functions.ts';
import { refusal, typeProblem } from '../../syntax/sql-error.ts';
import type {
  BetweenExpression,
  BinaryExpression,
  CaseWhenExpression,
  CastExpression,
  InExpression,
  LikeExpression,
  SqlExpression,
  UnaryExpression,
} from '../../syntax/syntax-tree.ts';
import { bindArithmetic, bindTimeStep } from './bind-arithmetic.ts';
import { bindField, bindItem } from './bind-item.ts';
import { type Bound, coerce, commonOf, needNumber, needText, numberLiteral } from './bound.ts';
import { callNode, caseNode, literalNode } from './expression-nodes.ts';
import { type ExpressionScope, guarded } from './expression-scope.ts';
import { formatSqlType, isNumber, resolveType, sqlTypes } from '../sql-type.ts';

type Visitor = {
  readonly [K in SqlExpression['kind']]: (
    expression: Extract<SqlExpression, { kind: K }>,
    scope: ExpressionScope,
  ) => Bound;
};

const visitor: Visitor = {
  name: (expression, scope) => scope.name(expression),
  call: (expression, scope) => scope.call(expression, scope),
  star: ({ at }) => {
    throw typeProblem(at, '* stands alone in a SELECT, or in COUNT(*)');
  },
  number: ({ text }) => numberLiteral(text),
  text: ({ value }) => ({ node: literalNode(value, sqlTypes.string.field), type: sqlTypes.string }),
  bool: ({ value }) => ({
    node: literalNode(value, sqlTypes.boolean.field),
    type: sqlTypes.boolean,
  }),
  null: () => ({ node: literalNode(null, sqlTypes.string.field), type: null }),
  interval: ({ at }) => {
    throw refusal(at, 'an interval stands beside + or - of a time', "ts - INTERVAL '1' HOUR");
  },
  date: ({ value, at }) => {
    const ms = /^\s*\d{4}-\d{2}-\d{2}\s*$/.test(value) ? readTimestamp(value) : null;
    if (ms === null) throw typeProblem(at, `'${value}' is no date`, "write DATE '2026-01-31'");
    return { node: literalNode(dateOf(ms), sqlTypes.date.field), type: sqlTypes.date };
  },
  timestamp: ({ value, at }) => {
    const ms = readTimestamp(value);
    const fix = "write TIMESTAMP '2026-01-31 10:00:00'";
    if (ms === null) throw typeProblem(at, `'${value}' is no timestamp`, fix);
    return { node: literalNode(ms, sqlTypes.timestamp.field), type: sqlTypes.timestamp };
  },
  item: ({ arg, index }, scope) =>
    bindItem(bindExpression(arg, scope), bindExpression(index, scope), index.at, scope),
  field: ({ arg, name, at }, scope) => bindField(bindExpression(arg, scope), name, at, scope),
  unary: bindUnary,
  binary: bindBinary,
  in: bindIn,
  between: bindBetween,
  like: bindLike,
  case: bindCase,
  cast: bindCast,
};

/** The expression with its type. */
export function bindExpression(expression: SqlExpression, scope: ExpressionScope): Bound {
  const visit = visitor[expression.kind] as (e: SqlExpression, scope: ExpressionScope) => Bound;
  return scope.whole?.(expression) ?? visit(expression, scope);
}

/** An expression that decides. */
export function bindCondition(expression: SqlExpression, scope: ExpressionScope): Expression {
  const bound = bindExpression(expression, scope);
  return conditionOf(bound, expression.at);
}

function conditionOf({ node, type }: Bound, at: number): Expression {
  if (type?.name !== 'BOOLEAN') {
    throw typeProblem(
      at,
      `a condition is BOOLEAN, not ${type === null ? 'NULL' : formatSqlType(type)}`,
    );
  }
  return node;
}

function bindAll(expressions: readonly SqlExpression[], scope: ExpressionScope): readonly Bound[] {
  return expressions.map((expression) => bindExpression(expression, scope));
}

function truth(node: Expression): Bound {
  return { node, type: sqlTypes.boolean };
}

function negated(node: Expression, isNegated: boolean): Bound {
  return truth(isNegated ? callNode('not', node) : node);
}

function bindUnary({ at, operator, arg }: UnaryExpression, scope: ExpressionScope): Bound {
  if (operator === '-' && arg.kind === 'number') return numberLiteral(`-${arg.text}`);
  const bound = bindExpression(arg, scope);
  switch (operator) {
    case '-':
      needNumber(bound, at);
      return { node: callNode('neg', bound.node), type: bound.type };
    case 'NOT':
      return truth(callNode('not', conditionOf(bound, at)));
    case 'IS NULL':
      return truth(callNode('isNull', bound.node));
    case 'IS NOT NULL':
      return truth(callNode('isNotNull', bound.node));
    default: {
      const no = literalNode(operator.endsWith('FALSE'), sqlTypes.boolean.field);
      const known = callNode('coalesce', conditionOf(bound, at), no);
      const isTrue = operator === 'IS TRUE' || operator === 'IS NOT FALSE';
      if (operator === 'IS TRUE' || operator === 'IS FALSE') {
        return truth(isTrue ? known : callNode('not', known));
      }
      const unknown = literalNode(operator === 'IS NOT FALSE', sqlTypes.boolean.field);
      const filled = callNode('coalesce', bound.node, unknown);
      return truth(isTrue ? filled : callNode('not', filled));
    }
  }
}

const comparisons: Readonly<Record<string, FunctionName>> = {
  '=': 'eq',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
};

function bindIn({ at, arg, values, isNegated }: InExpression, scope: ExpressionScope): Bound {
  const { nodes } = commonOf(bindAll([arg, ...values], scope), at);
  const [wanted, ...others] = nodes as [Expression, ...Expression[]];
  if (others.every((node) => node.kind === 'literal' && node.value !== null)) {
    return negated(callNode('in', ...nodes), isNegated);
  }
  const either = others
    .map((node) => callNode('eq', wanted, node))
    .reduce((a, b) => callNode('or', a, b));
  return negated(either, isNegated);
}

function bindBetween(expression: BetweenExpression, scope: ExpressionScope): Bound {
  const { at, arg, low, high, isNegated } = expression;
  const { nodes } = commonOf(bindAll([arg, low, high], scope), at);
  const [x, from, to] = nodes as [Expression, Expression, Expression];
  return negated(callNode('and', callNode('gte', x, from), callNode('lte', x, to)), isNegated);
}

function bindBinary(expression: BinaryExpression, scope: ExpressionScope): Bound {
  const { operator, at, left, right } = expression;
  if (operator === 'AND' || operator === 'OR') return bindLogic(expression, scope);
  if (right.kind === 'interval' && (operator === '+' || operator === '-')) {
    const sign = operator === '+' ? 1 : -1;
    return bindTimeStep(right, bindExpression(left, scope), sign, scope);
  }
  if (left.kind === 'interval' && operator === '+') {
    return bindTimeStep(left, bindExpression(right, scope), 1, scope);
  }
  const [a, b] = bindAll([left, right], scope) as [Bound, Bound];
  const comparison = comparisons[operator];
  if (comparison !== undefined) {
    const { nodes } = commonOf([a, b], at);
    return truth(callNode(comparison, ...nodes));
  }
  if (operator === 'IS DISTINCT FROM') return truth(distinct(a, b, at));
  if (operator !== '||') return bindArithmetic(expression, [a, b], scope);
  const texts = [a, b].map((side, i) => needText(side, i === 0 ? left.at : right.at));
  return { node: callNode('concat', ...texts), type: sqlTypes.string };
}

/** The right side is wanted only where the left does not decide. */
function bindLogic({ operator, left, right }: BinaryExpression, scope: ExpressionScope): Bound {
  const a = bindCondition(left, scope);
  const isAnd = operator === 'AND';
  const known = callNode('coalesce', a, literalNode(isAnd, sqlTypes.boolean.field));
  const open = isAnd ? known : callNode('not', known);
  const b = bindCondition(right, guarded(scope, open));
  return truth(callNode(isAnd ? 'and' : 'or', a, b));
}

/** Nulls are equal to each other, and to nothing else. */
function distinct(a: Bound, b: Bound, at: number): Expression {
  const { nodes } = commonOf([a, b], at);
  const no = literalNode(false, sqlTypes.boolean.field);
  const equal = callNode('coalesce', callNode('eq', ...nodes), no);
  const [x, y] = nodes.map((node) => callNode('isNull', node)) as [Expression, Expression];
  return callNode('not', callNode('or', equal, callNode('and', x, y)));
}

function bindLike(expression: LikeExpression, scope: ExpressionScope): Bound {
  const { arg, pattern, escape, isNegated } = expression;
  const text = bindExpression(arg, scope);
  const node = needText(text, arg.at);
  const simple = pattern.kind === 'text' && escape === null ? simplePattern(pattern.value) : null;
  if (simple !== null) {
    const part = literalNode(simple.inner, sqlTypes.string.field);
    return negated(callNode(simple.fn, node, part), isNegated);
  }
  const others = (escape === null ? [pattern] : [pattern, escape]).map((e) => {
    const bound = bindExpression(e, scope);
    return { node: needText(bound, e.at), type: sqlTypes.string };
  });
  const { run } = textFunctions['LIKE'] as { readonly run: RowFunction };
  const args = [{ node, type: sqlTypes.string }, ...others];
  const matched = scope.scalars.add(
    { fn: 'LIKE', args, type: sqlTypes.boolean, run },
    scope.guards,
  );
  return negated(matched.node, isNegated);
}

/** A pattern with % at its ends alone, which the plan has a function for. */
function simplePattern(pattern: string): { fn: FunctionName; inner: string } | null {
  const found = /^(%?)([^%_\\]*)(%?)$/.exec(pattern);
  if (found === null) return null;
  const [, before, inner = '', after] = found;
  if (before === '') return { fn: after === '' ? 'eq' : 'startsWith', inner };
  return { fn: after === '' && inner !== '' ? 'endsWith' : 'contains', inner };
}

function bindCase(expression: CaseWhenExpression, scope: ExpressionScope): Bound {
  const { at, operand, branches, otherwise } = expression;
  const whens: Expression[] = [];
  const thens: Bound[] = [];
  let open = scope;
  for (const { when, then } of branches) {
    const condition = branchCondition(operand, when, open);
    whens.push(condition);
    thens.push(bindExpression(then, guarded(open, condition)));
    const no = literalNode(false, sqlTypes.boolean.field);
    open = guarded(open, callNode('not', callNode('coalesce', condition, no)));
  }
  const last: Bound =
    otherwise === null
      ? { node: literalNode(null, sqlTypes.string.field), type: null }
      : bindExpression(otherwise, open);
  const { nodes, type } = commonOf([...thens, last], at);
  const otherwiseNode = nodes.at(-1) as Expression;
  const pairs = whens.map((when, i) => ({ when, then: nodes[i] as Expression }));
  return { node: caseNode(pairs, otherwiseNode, type.field), type };
}

function branchCondition(
  operand: SqlExpression | null,
  when: SqlExpression,
  scope: ExpressionScope,
): Expression {
  if (operand === null) return bindCondition(when, scope);
  const { nodes } = commonOf(bindAll([operand, when], scope), when.at);
  return callNode('eq', ...nodes);
}

function bindCast(expression: CastExpression, scope: ExpressionScope): Bound {
  const { name, args, at } = expression.type;
  const narrow = ['TINYINT', 'SMALLINT', 'CHAR', 'BINARY', 'VARBINARY', 'BYTES'];
  if (narrow.includes(name)) {
    throw refusal(at, `CAST to ${name} is not done here`, 'CAST to INT, BIGINT or STRING');
  }
  const bound = bindWideCast(expression, scope);
  const [length] = args;
  if (name !== 'VARCHAR' || length === undefined) return bound;
  const run: RowFunction = ([text]) => [...String(text)].slice(0, length).join('');
  const use = { fn: `varchar ${length}`, args: [bound], type: sqlTypes.string, run };
  return scope.scalars.add(use, scope.guards);
}

function bindWideCast(expression: CastExpression, scope: ExpressionScope): Bound {
  const { arg, type: syntax, at, isTry } = expression;
  const target = resolveType(syntax);
  const bound = bindExpression(arg, scope);
  const { type } = bound;
  const isSame = type !== null && formatSqlType(type) === formatSqlType(target);
  if (type === null || isSame) return { node: coerce(bound, target, at), type: target };
  const isWider =
    isNumber(type) &&
    ((target.name === 'DOUBLE' && type.name !== 'DECIMAL') ||
      (type.name === 'INT' && target.name === 'BIGINT'));
  if (isWider) return { node: coerce(bound, target, at), type: target };
  if (type.field.kind === 'timestamp' && target.field.kind === 'timestamp') {
    return { node: bound.node, type: target };
  }
  const cast = castFunction(type, target);
  if (cast === null) {
    const what = `CAST of ${formatSqlType(type)} to ${formatSqlType(target)}`;
    throw refusal(at, `${what} is not done here`, 'cast between numbers, texts and times');
  }
  const run = isTry ? nullWhereItFails(cast) : cast;
  const fn = `${isTry ? 'try ' : ''}cast ${formatSqlType(type)}`;
  return scope.scalars.add({ fn, args: [bound], type: target, run }, scope.guards);
}

function nullWhereItFails(cast: RowFunction): RowFunction {
  return (args, row) => {
    try {
      return cast(args, row);
    } catch (error) {
      if (error instanceof RowError) return null;
      throw error;
    }
  };
}
