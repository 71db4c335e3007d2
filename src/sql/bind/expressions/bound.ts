// Bound expressions: a node of the plan with its type in SQL, and how values of different types meet.
import type { Expression } from '../../../plan/expression.ts';
import { asDecimalType } from '../../functions/decimal-math.ts';
import { dateOf, readTimestamp } from '../../functions/java-text.ts';
import { typeProblem } from '../../syntax/sql-error.ts';
import { callNode, literalNode } from './expression-nodes.ts';
import { decimalType, formatSqlType, isNumber, type SqlType, sqlTypes } from '../sql-type.ts';

/** An expression with its type; null is the type of NULL. */
export interface Bound {
  readonly node: Expression;
  readonly type: SqlType | null;
}

const intMax = 2_147_483_647;

/** A number as it was written: INT or BIGINT, DECIMAL with a point, DOUBLE with an exponent. */
export function numberLiteral(text: string): Bound {
  if (/[eE]/.test(text)) {
    return { node: literalNode(Number(text), sqlTypes.double.field), type: sqlTypes.double };
  }
  if (text.includes('.')) {
    const [whole = '', fraction = ''] = text.replace('-', '').split('.');
    const wholes = whole.replace(/^0+(?=\d)/, '');
    const digits = (wholes === '0' ? 0 : wholes.length) + fraction.length;
    const type = decimalType(Math.max(1, digits), fraction.length);
    const value = `${text.startsWith('-') ? '-' : ''}${whole === '' ? '0' : whole}`;
    const decimal = fraction === '' ? value : `${value}.${fraction}`;
    return { node: literalNode(decimal, type.field), type };
  }
  if (Math.abs(Number(text)) <= intMax) {
    return { node: literalNode(Number(text), sqlTypes.int.field), type: sqlTypes.int };
  }
  return { node: literalNode(BigInt(text), sqlTypes.bigint.field), type: sqlTypes.bigint };
}

/** A value as one of another type. Only what `canCoerce` allows. */
export function coerce({ node, type }: Bound, target: SqlType, at: number): Expression {
  if (type === null) return literalNode(null, target.field);
  if (formatSqlType(type) === formatSqlType(target)) return node;
  if (node.kind === 'literal' && isNumber(type)) return coercedLiteral(node.value, target);
  if (node.kind === 'literal' && type.name === 'STRING') return timeLiteral(node.value, target, at);
  if (target.name === 'DOUBLE' && isNumber(type)) return callNode('toFloat', node);
  if (target.name === 'BIGINT' && type.name === 'INT') {
    return callNode('plus', node, literalNode(0n, sqlTypes.bigint.field));
  }
  // The plan's own rules bring whole numbers and decimals together.
  if (target.name === 'DECIMAL' && isNumber(type)) return node;
  if (target.field.kind === type.field.kind) return node;
  throw typeProblem(at, `${formatSqlType(type)} cannot stand for ${formatSqlType(target)}`);
}

function coercedLiteral(value: unknown, target: SqlType): Expression {
  if (target.name === 'BIGINT') return literalNode(BigInt(String(value)), target.field);
  if (target.name === 'DECIMAL') {
    const scale = String(value).split('.')[1]?.length ?? 0;
    return literalNode(String(value), decimalType(38, Math.max(scale, target.scale)).field);
  }
  return literalNode(Number(value), target.field);
}

/** A text in quotes beside a time is one. */
function timeLiteral(value: unknown, target: SqlType, at: number): Expression {
  const ms = readTimestamp(String(value));
  if (ms !== null && target.name === 'DATE') return literalNode(dateOf(ms), target.field);
  if (ms !== null && target.field.kind === 'timestamp') return literalNode(ms, target.field);
  throw typeProblem(at, `'${String(value)}' cannot stand for ${formatSqlType(target)}`);
}

const order = ['INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'];

/** Values brought to one type. */
export function commonOf(
  bounds: readonly Bound[],
  at: number,
): { readonly nodes: readonly Expression[]; readonly type: SqlType } {
  const isTimed = bounds.some(({ type }) => type !== null && isTime(type));
  const isText = ({ node, type }: Bound): boolean =>
    isTimed && node.kind === 'literal' && type?.name === 'STRING';
  const types = bounds
    .filter((bound) => !isText(bound))
    .flatMap(({ type }) => (type === null ? [] : [type]));
  const [first] = types;
  if (first === undefined) throw typeProblem(at, 'NULL has no type here', 'CAST(NULL AS …)');
  const type = types.reduce((a, b) => commonType(a, b, at), first);
  return { nodes: bounds.map((bound) => coerce(bound, type, at)), type };
}

function isTime({ name, field }: SqlType): boolean {
  return name === 'DATE' || field.kind === 'timestamp';
}

function commonType(a: SqlType, b: SqlType, at: number): SqlType {
  if (formatSqlType(a) === formatSqlType(b)) return a;
  if (isNumber(a) && isNumber(b)) {
    const wider = order.indexOf(a.name) > order.indexOf(b.name) ? a : b;
    if (wider.name === 'FLOAT') return sqlTypes.double;
    if (wider.name !== 'DECIMAL') return wider;
    const [x, y] = [asDecimalType(a), asDecimalType(b)];
    const scale = Math.max(x.scale, y.scale);
    return decimalType(Math.max(x.precision - x.scale, y.precision - y.scale) + scale, scale);
  }
  if (a.field.kind === 'timestamp' && b.field.kind === 'timestamp') return a;
  throw typeProblem(
    at,
    `${formatSqlType(a)} and ${formatSqlType(b)} have no common type`,
    'CAST one of them',
  );
}

/** How a type is named to people; NULL has none. */
export function typeName({ type }: Bound): string {
  return type === null ? 'NULL' : formatSqlType(type);
}

export function needNumber(bound: Bound, at: number): void {
  if (bound.type !== null && isNumber(bound.type)) return;
  throw typeProblem(at, `a number is needed, not ${typeName(bound)}`);
}

export function needText(bound: Bound, at: number): Expression {
  if (bound.type === null) return coerce(bound, sqlTypes.string, at);
  if (bound.type.name === 'STRING') return bound.node;
  throw typeProblem(at, `a STRING is needed, not ${typeName(bound)}`, 'CAST(… AS STRING)');
}
