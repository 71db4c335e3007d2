// Bound expressions: a node of the plan with its type in SQL, and how values of different types meet.
import type { Expression } from '../../plan/expression.ts';
import { typeProblem } from '../syntax/sql-error.ts';
import { callNode, literalNode } from './expression-nodes.ts';
import { decimalType, formatSqlType, isNumber, type SqlType, sqlTypes } from './sql-type.ts';

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
    const type = decimalType(Math.max(1, whole.length + fraction.length), fraction.length);
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

const order = ['INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'];

/** Values brought to one type. */
export function commonOf(
  bounds: readonly Bound[],
  at: number,
): { readonly nodes: readonly Expression[]; readonly type: SqlType } {
  const types = bounds.map(({ type }) => type).filter((type) => type !== null);
  const [first] = types;
  if (first === undefined) throw typeProblem(at, 'NULL has no type here', 'CAST(NULL AS …)');
  const type = types.reduce((a, b) => commonType(a, b, at), first);
  return { nodes: bounds.map((bound) => coerce(bound, type, at)), type };
}

function commonType(a: SqlType, b: SqlType, at: number): SqlType {
  if (formatSqlType(a) === formatSqlType(b)) return a;
  if (isNumber(a) && isNumber(b)) {
    const wider = order.indexOf(a.name) > order.indexOf(b.name) ? a : b;
    if (wider.name === 'FLOAT') return sqlTypes.double;
    if (wider.name !== 'DECIMAL') return wider;
    const scale = Math.max(a.scale, b.scale);
    const wholes = Math.max(wholeDigits(a), wholeDigits(b));
    return decimalType(wholes + scale, scale);
  }
  if (a.field.kind === 'timestamp' && b.field.kind === 'timestamp') return a;
  throw typeProblem(
    at,
    `${formatSqlType(a)} and ${formatSqlType(b)} have no common type`,
    'CAST one of them',
  );
}

function wholeDigits({ name, precision, scale }: SqlType): number {
  if (name === 'INT') return 10;
  return name === 'BIGINT' ? 19 : precision - scale;
}
