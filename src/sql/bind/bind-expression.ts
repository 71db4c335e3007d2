// Expressions of SQL as expressions of the plan with the same value and type. Where the plan computes
// otherwise than Flink (whole-number division, the scale of products of decimals) it is refused.
import type { Expression } from '../../plan/expression.ts';
import type { FunctionName } from '../../plan/functions.ts';
import { isDate } from '../../plan/literal-fits.ts';
import { refusal, typeProblem } from '../syntax/sql-error.ts';
import type {
  BinaryExpression,
  CallExpression,
  CaseWhenExpression,
  CastExpression,
  LikeExpression,
  NameExpression,
  SqlExpression,
  UnaryExpression,
} from '../syntax/syntax-tree.ts';
import { type Bound, coerce, commonOf, numberLiteral } from './bound.ts';
import { callNode, caseNode, literalNode } from './expression-nodes.ts';
import { decimalType, formatSqlType, isNumber, resolveType, sqlTypes } from './sql-type.ts';

/** What names and calls mean where an expression stands. */
export interface ExpressionScope {
  name(expression: NameExpression): Bound;
  /** A function with its arguments not yet bound. */
  call(expression: CallExpression, bind: (argument: SqlExpression) => Bound): Bound;
}

type Visitor = {
  readonly [K in SqlExpression['kind']]: (
    expression: Extract<SqlExpression, { kind: K }>,
    scope: ExpressionScope,
  ) => Bound;
};

const visitor: Visitor = {
  name: (expression, scope) => scope.name(expression),
  call: (expression, scope) => scope.call(expression, (arg) => bindExpression(arg, scope)),
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
    throw refusal(at, 'arithmetic with intervals is no function of the plan', 'use windows');
  },
  date: ({ value, at }) => {
    if (!isDate(value)) throw typeProblem(at, `'${value}' is no date`, "write DATE '2026-01-31'");
    return { node: literalNode(value, sqlTypes.date.field), type: sqlTypes.date };
  },
  unary: bindUnary,
  binary: bindBinary,
  in: ({ at, arg, values, isNegated }, scope) => {
    const bound = bindAll([arg, ...values], scope);
    const { nodes } = commonOf(bound, at);
    if (nodes.slice(1).some((node) => node.kind !== 'literal' || node.value === null)) {
      throw refusal(at, 'IN takes literals that are not null', 'write a = x OR a = y');
    }
    return negated(callNode('in', ...nodes), isNegated);
  },
  between: ({ at, arg, low, high, isNegated }, scope) => {
    const { nodes } = commonOf(bindAll([arg, low, high], scope), at);
    const [x, from, to] = nodes as [Expression, Expression, Expression];
    return negated(callNode('and', callNode('gte', x, from), callNode('lte', x, to)), isNegated);
  },
  like: bindLike,
  case: bindCase,
  cast: bindCast,
};

/** The expression with its type. */
export function bindExpression(expression: SqlExpression, scope: ExpressionScope): Bound {
  const visit = visitor[expression.kind] as (e: SqlExpression, scope: ExpressionScope) => Bound;
  return visit(expression, scope);
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

function needNumber({ type }: Bound, at: number): void {
  if (type !== null && isNumber(type)) return;
  throw typeProblem(at, `a number is needed, not ${type === null ? 'NULL' : formatSqlType(type)}`);
}

const comparisons: Readonly<Record<string, FunctionName>> = {
  '=': 'eq',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
};

function bindBinary(expression: BinaryExpression, scope: ExpressionScope): Bound {
  const { operator, at, left, right } = expression;
  const [a, b] = bindAll([left, right], scope) as [Bound, Bound];
  const comparison = comparisons[operator];
  if (comparison !== undefined) {
    const { nodes } = commonOf([a, b], at);
    return truth(callNode(comparison, ...nodes));
  }
  if (operator === 'AND' || operator === 'OR') {
    const sides = [conditionOf(a, left.at), conditionOf(b, right.at)] as const;
    return truth(callNode(operator === 'AND' ? 'and' : 'or', ...sides));
  }
  if (operator === '||') {
    const texts = [a, b].map((side, i) => needText(side, i === 0 ? left.at : right.at));
    return { node: callNode('concat', ...texts), type: sqlTypes.string };
  }
  return bindArithmetic(expression, a, b);
}

export function needText(bound: Bound, at: number): Expression {
  if (bound.type === null) return coerce(bound, sqlTypes.string, at);
  if (bound.type.name === 'STRING') return bound.node;
  throw typeProblem(at, `a STRING is needed, not ${formatSqlType(bound.type)}`);
}

const arithmetic: Readonly<Record<string, FunctionName>> = {
  '+': 'plus',
  '-': 'minus',
  '*': 'times',
  '/': 'div',
  '%': 'mod',
};

function bindArithmetic({ operator, at }: BinaryExpression, a: Bound, b: Bound): Bound {
  needNumber(a, at);
  needNumber(b, at);
  const { nodes, type } = commonOf([a, b], at);
  const fn = arithmetic[operator] as FunctionName;
  if (type.name === 'FLOAT') {
    throw refusal(at, 'arithmetic of FLOAT is rounded otherwise', 'CAST(… AS DOUBLE) first');
  }
  if (operator === '/' && type.name !== 'DOUBLE') {
    const what = type.name === 'DECIMAL' ? 'decimals' : 'whole numbers';
    throw refusal(at, `division of ${what} is no function of the plan`, 'CAST(… AS DOUBLE) first');
  }
  if (type.name === 'DECIMAL' && (operator === '*' || operator === '%')) {
    const fix = 'CAST(… AS DOUBLE) first';
    throw refusal(at, `${operator} of decimals has another scale in the plan`, fix);
  }
  if (type.name === 'DOUBLE' && operator === '%') {
    throw refusal(at, 'Flink has no remainder of DOUBLE', 'use whole numbers');
  }
  const result = type.name === 'DECIMAL' ? decimalType(type.precision + 1, type.scale) : type;
  return { node: callNode(fn, ...nodes), type: result };
}

function bindLike({ at, arg, pattern, isNegated }: LikeExpression, scope: ExpressionScope): Bound {
  const text = needText(bindExpression(arg, scope), arg.at);
  if (pattern.kind !== 'text')
    throw refusal(pattern.at, 'LIKE takes a text in quotes', "as in '%a%'");
  const found = /^(%?)([^%_\\]*)(%?)$/.exec(pattern.value);
  if (found === null) {
    const fix = "use 'text%', '%text', '%text%' or no % at all";
    throw refusal(pattern.at, 'only % at the ends of a pattern is a function of the plan', fix);
  }
  const [, before, inner = '', after] = found;
  const part = literalNode(inner, sqlTypes.string.field);
  const fn: FunctionName =
    before === ''
      ? after === ''
        ? 'eq'
        : 'startsWith'
      : after === '' && inner !== ''
        ? 'endsWith'
        : 'contains';
  void at;
  return negated(callNode(fn, text, part), isNegated);
}

function bindCase(expression: CaseWhenExpression, scope: ExpressionScope): Bound {
  const { at, operand, branches, otherwise } = expression;
  const whens = branches.map(({ when }) => {
    if (operand === null) return bindCondition(when, scope);
    const { nodes } = commonOf(bindAll([operand, when], scope), when.at);
    return callNode('eq', ...nodes);
  });
  const thens = bindAll(
    branches.map(({ then }) => then),
    scope,
  );
  const last: Bound =
    otherwise === null
      ? { node: literalNode(null, sqlTypes.string.field), type: null }
      : bindExpression(otherwise, scope);
  const { nodes, type } = commonOf([...thens, last], at);
  const otherwiseNode = nodes.at(-1) as Expression;
  const pairs = whens.map((when, i) => ({ when, then: nodes[i] as Expression }));
  return { node: caseNode(pairs, otherwiseNode, type.field), type };
}

function bindCast({ arg, type: syntax, at }: CastExpression, scope: ExpressionScope): Bound {
  const target = resolveType(syntax);
  const bound = bindExpression(arg, scope);
  const { type } = bound;
  const isSame = type !== null && formatSqlType(type) === formatSqlType(target);
  if (type === null || isSame) return { node: coerce(bound, target, at), type: target };
  const isWider =
    isNumber(type) &&
    (target.name === 'DOUBLE' || (type.name === 'INT' && target.name === 'BIGINT'));
  if (!isWider) {
    throw refusal(
      at,
      `CAST of ${formatSqlType(type)} to ${formatSqlType(target)} is no function of the plan`,
      'numbers can be cast to DOUBLE, and INT to BIGINT',
    );
  }
  return { node: coerce(bound, target, at), type: target };
}
