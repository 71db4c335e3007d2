// Types of fields as types of Flink SQL. Inside queries an instant is a BIGINT of epoch milliseconds,
// which is exact and has an order; columns of sinks hold it as TIMESTAMP_LTZ(3).
import type { FieldType, TypeKind } from '../kernel/types/field-type.ts';
import { quoteName } from './sql-text.ts';

type TypeSql = { readonly [K in TypeKind]: (type: Extract<FieldType, { kind: K }>) => string };

const typeSql = {
  bool: () => 'BOOLEAN',
  int32: () => 'INT',
  int64: () => 'BIGINT',
  count: () => 'BIGINT',
  float32: () => 'FLOAT',
  float64: () => 'DOUBLE',
  string: () => 'STRING',
  bytes: () => 'BYTES',
  timestamp: () => 'BIGINT',
  date: () => 'DATE',
  json: () => 'STRING',
  decimal: ({ precision, scale }) => `DECIMAL(${precision}, ${scale})`,
  list: ({ item }) => `ARRAY<${sqlTypeOf(item)}>`,
  map: ({ value }) => `MAP<STRING, ${sqlTypeOf(value)}>`,
  struct: ({ fields }) =>
    `ROW<${fields.map(({ name, type }) => `${quoteName(name)} ${sqlTypeOf(type)}`).join(', ')}>`,
} satisfies Partial<TypeSql>;

/** The type of a value in a query. */
export function sqlTypeOf(type: FieldType): string {
  const toSql = typeSql[type.kind] as (type: FieldType) => string;
  return toSql(type);
}

/** The type of a column that leaves the job. */
export function sinkTypeOf(type: FieldType): string {
  return type.kind === 'timestamp' ? instantType : sqlTypeOf(type);
}

/** Instants outside queries: UTC, milliseconds. */
export const instantType = 'TIMESTAMP_LTZ(3)';
