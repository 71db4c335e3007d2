// Literals of a plan as literals of SQL that Flink gives the same type.
import { type FieldType, formatType, type Value } from '../kernel/types/field-type.ts';
import type { LiteralExpression } from '../plan/expression.ts';
import { type RefusalScope, refusedSql } from './refusal.ts';
import { quoteText } from './sql-text.ts';
import { sqlTypeOf } from './sql-type.ts';

const intMax = 2_147_483_647;

/** A literal that Flink gives the literal's own type. */
export function literalSql(literal: LiteralExpression, scope: RefusalScope): string {
  const { value, type } = literal;
  if (value === null) return `CAST(NULL AS ${sqlTypeOf(type)})`;
  switch (type.kind) {
    case 'bool':
      return value === true ? 'TRUE' : 'FALSE';
    case 'int32':
      return String(value);
    case 'int64':
    case 'count':
    case 'timestamp':
      return wholeSql(String(value));
    case 'float32':
    case 'float64':
      return doubleSql(Number(value), type, scope);
    case 'decimal':
      return `CAST(${String(value)} AS ${sqlTypeOf(type)})`;
    case 'string':
    case 'json':
      return quoteText(String(value));
    case 'date':
      return `DATE ${quoteText(String(value))}`;
    case 'bytes':
      return `X'${Buffer.from(value as Uint8Array).toString('hex')}'`;
    case 'list':
    case 'map':
    case 'struct':
      return refuseLiteral(type, value, scope);
  }
}

/** Beyond the range of INT a number is a BIGINT by itself. */
function wholeSql(text: string): string {
  return Math.abs(Number(text)) > intMax ? text : `CAST(${text} AS BIGINT)`;
}

function doubleSql(value: number, type: FieldType, scope: RefusalScope): string {
  if (!Number.isFinite(value)) return refuseLiteral(type, value, scope);
  const [digits = '0', exponent = '0'] = String(value).split('e');
  const text = `${digits}E${exponent.replace('+', '')}`;
  return type.kind === 'float64' ? text : `CAST(${text} AS FLOAT)`;
}

function refuseLiteral(type: FieldType, value: Value, scope: RefusalScope): string {
  const what = typeof value === 'number' ? String(value) : `of type ${formatType(type)}`;
  scope.refuse(`Flink SQL has no literal ${what}`, 'compute it from fields, or leave it out');
  return refusedSql;
}
