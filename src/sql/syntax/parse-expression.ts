// Expressions by precedence climbing (Pratt): what may begin one, then operators for as long as they
// bind tighter than the place where the expression stands.
import { parseCall } from './parse-call.ts';
import { parseInterval } from './parse-interval.ts';
import { parseType } from './parse-type.ts';
import { refusal } from './sql-error.ts';
import type { BinaryOperator, SqlExpression, UnaryOperator } from './syntax-tree.ts';
import type { TokenReader } from './token-reader.ts';

const powers = { or: 1, and: 2, not: 3, compare: 4, add: 5, times: 6, sign: 7 } as const;

const binaries: Readonly<Record<string, { operator: BinaryOperator; power: number }>> = {
  OR: { operator: 'OR', power: powers.or },
  AND: { operator: 'AND', power: powers.and },
  '=': { operator: '=', power: powers.compare },
  '<>': { operator: '<>', power: powers.compare },
  '!=': { operator: '<>', power: powers.compare },
  '<': { operator: '<', power: powers.compare },
  '<=': { operator: '<=', power: powers.compare },
  '>': { operator: '>', power: powers.compare },
  '>=': { operator: '>=', power: powers.compare },
  '||': { operator: '||', power: powers.add },
  '+': { operator: '+', power: powers.add },
  '-': { operator: '-', power: powers.add },
  '*': { operator: '*', power: powers.times },
  '/': { operator: '/', power: powers.times },
  '%': { operator: '%', power: powers.times },
};

/** An expression whose operators all bind tighter than `power`. */
export function parseExpression(reader: TokenReader, power = 0): SqlExpression {
  let left = parseParts(reader, parsePrefix(reader));
  for (;;) {
    const next = parseInfix(reader, left, power);
    if (next === null) return left;
    left = next;
  }
}

/** Elements and fields behind an expression: `a[1].b`. */
function parseParts(reader: TokenReader, first: SqlExpression): SqlExpression {
  let arg = first;
  for (;;) {
    const { at } = reader;
    if (reader.takeSign('[')) {
      const index = parseExpression(reader);
      reader.expectSign(']');
      arg = { kind: 'item', at, arg, index };
    } else if (arg.kind !== 'star' && reader.takeSign('.')) {
      arg = { kind: 'field', at, arg, name: reader.expectName('the name of a field') };
    } else return arg;
  }
}

/** The expression with the next operator behind it; null when none binds tightly enough. */
function parseInfix(reader: TokenReader, left: SqlExpression, power: number): SqlExpression | null {
  const token = reader.current;
  if (token.kind === 'word' && power < powers.compare) {
    const found = parseTest(reader, left);
    if (found !== null) return found;
  }
  const binary = token.kind === 'word' || token.kind === 'sign' ? binaries[token.text] : undefined;
  if (binary === undefined || binary.power <= power) return null;
  reader.next();
  const right = parseExpression(reader, binary.power);
  return { kind: 'binary', at: token.at, operator: binary.operator, left, right };
}

/** IS …, [NOT] IN, BETWEEN, LIKE. */
function parseTest(reader: TokenReader, arg: SqlExpression): SqlExpression | null {
  const { at } = reader;
  if (reader.takeWords('IS')) return parseIs(reader, at, arg);
  const isNegated = ['IN', 'BETWEEN', 'LIKE'].some((word) => reader.isWords('NOT', word));
  if (isNegated) reader.next();
  if (reader.takeWords('IN')) {
    reader.expectSign('(');
    const values = reader.list(() => parseExpression(reader));
    reader.expectSign(')');
    return { kind: 'in', at, arg, values, isNegated };
  }
  if (reader.takeWords('BETWEEN')) {
    const low = parseExpression(reader, powers.compare);
    reader.expectWords('AND');
    const high = parseExpression(reader, powers.compare);
    return { kind: 'between', at, arg, low, high, isNegated };
  }
  if (reader.takeWords('LIKE')) {
    const pattern = parseExpression(reader, powers.compare);
    const escape = reader.takeWords('ESCAPE') ? parseExpression(reader, powers.compare) : null;
    return { kind: 'like', at, arg, pattern, escape, isNegated };
  }
  return null;
}

function parseIs(reader: TokenReader, at: number, arg: SqlExpression): SqlExpression {
  const isNot = reader.isWords('NOT', 'DISTINCT');
  if (isNot) reader.next();
  if (!reader.takeWords('DISTINCT', 'FROM')) {
    return { kind: 'unary', at, operator: isOperator(reader), arg };
  }
  const right = parseExpression(reader, powers.compare);
  const operator = 'IS DISTINCT FROM';
  const distinct: SqlExpression = { kind: 'binary', at, operator, left: arg, right };
  return isNot ? { kind: 'unary', at, operator: 'NOT', arg: distinct } : distinct;
}

function isOperator(reader: TokenReader): UnaryOperator {
  const not = reader.takeWords('NOT') ? 'NOT ' : '';
  for (const word of ['NULL', 'TRUE', 'FALSE'] as const) {
    if (reader.takeWords(word)) return `IS ${not}${word}` as UnaryOperator;
  }
  if (reader.takeWords('UNKNOWN')) return `IS ${not}NULL` as UnaryOperator;
  throw reader.expected('NULL, TRUE or FALSE');
}

function parsePrefix(reader: TokenReader): SqlExpression {
  const token = reader.current;
  const { at } = token;
  switch (token.kind) {
    case 'number':
      reader.next();
      return { kind: 'number', at, text: token.text };
    case 'string':
      reader.next();
      return { kind: 'text', at, value: token.text };
    case 'quoted':
      return parseName(reader);
    case 'word':
      return parseWord(reader);
    case 'sign':
      return parseSign(reader);
    case 'end':
      throw reader.expected('an expression');
  }
}

function parseSign(reader: TokenReader): SqlExpression {
  const { at } = reader;
  if (reader.takeSign('-')) {
    return { kind: 'unary', at, operator: '-', arg: parseExpression(reader, powers.times) };
  }
  if (reader.takeSign('+')) return parseExpression(reader, powers.times);
  if (reader.takeSign('*')) return { kind: 'star', at };
  if (!reader.takeSign('(')) throw reader.expected('an expression');
  if (reader.isWords('SELECT'))
    throw refusal(at, 'a query in an expression is no node of the plan', 'use a view');
  const inner = parseExpression(reader);
  reader.expectSign(')');
  return inner;
}

const constants: Readonly<Record<string, (at: number) => SqlExpression>> = {
  TRUE: (at) => ({ kind: 'bool', at, value: true }),
  FALSE: (at) => ({ kind: 'bool', at, value: false }),
  NULL: (at) => ({ kind: 'null', at }),
};

/** Functions that are written without parentheses. */
const clocks = new Set(['CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_TIME', 'LOCALTIMESTAMP']);

/** Words that no expression can begin with: a name of that kind must be quoted. */
const reserved = new Set(
  (
    'SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT WINDOW UNION JOIN ON AS AND OR WHEN THEN ELSE ' +
    'END INTO VALUES TABLE OVER PARTITION ROWS RANGE'
  ).split(' '),
);

function parseWord(reader: TokenReader): SqlExpression {
  const { text, at } = reader.current;
  const constant = constants[text];
  if (constant !== undefined) {
    reader.next();
    return constant(at);
  }
  if (reader.takeWords('NOT')) {
    return { kind: 'unary', at, operator: 'NOT', arg: parseExpression(reader, powers.not) };
  }
  if (reader.takeWords('CASE')) return parseCase(reader, at);
  if (text === 'INTERVAL' && ['string', 'sign'].includes(reader.peek(1).kind)) {
    reader.next();
    return parseInterval(reader, at);
  }
  if (text === 'DATE' && reader.peek(1).kind === 'string') {
    reader.next();
    return { kind: 'date', at, value: reader.expectText('a date') };
  }
  if (text === 'TIMESTAMP' && reader.peek(1).kind === 'string') {
    reader.next();
    return { kind: 'timestamp', at, value: reader.expectText('a timestamp') };
  }
  if (reader.isWords('CAST') || reader.isWords('TRY_CAST')) return parseCast(reader);
  if (reader.peek(1).kind === 'sign' && reader.peek(1).text === '(') {
    return parseCall(reader, parseExpression);
  }
  if (clocks.has(text)) {
    reader.next();
    const none = { isDistinct: false, filter: null, over: null } as const;
    return { kind: 'call', at, name: text, args: [], ...none };
  }
  if (reserved.has(text)) throw reader.expected('an expression');
  return parseName(reader);
}

function parseName(reader: TokenReader): SqlExpression {
  const { at } = reader;
  const parts = [reader.expectName('a column')];
  while (reader.takeSign('.')) {
    if (reader.takeSign('*')) return { kind: 'star', at };
    parts.push(reader.expectName('a column'));
  }
  return { kind: 'name', at, parts };
}

function parseCase(reader: TokenReader, at: number): SqlExpression {
  const operand = reader.isWords('WHEN') ? null : parseExpression(reader);
  const branches = [];
  while (reader.takeWords('WHEN')) {
    const when = parseExpression(reader);
    reader.expectWords('THEN');
    branches.push({ when, then: parseExpression(reader) });
  }
  if (branches.length === 0) throw reader.expected('WHEN');
  const otherwise = reader.takeWords('ELSE') ? parseExpression(reader) : null;
  reader.expectWords('END');
  return { kind: 'case', at, operand, branches, otherwise };
}

function parseCast(reader: TokenReader): SqlExpression {
  const { at, text } = reader.next();
  reader.expectSign('(');
  const arg = parseExpression(reader);
  reader.expectWords('AS');
  const type = parseType(reader);
  reader.expectSign(')');
  return { kind: 'cast', at, arg, type, isTry: text === 'TRY_CAST' };
}
