// CREATE TABLE as a table: types of its columns, its event time, and what it takes from another table.
import { suggestName } from '../../kernel/nearest-name.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type { ColumnSyntax, CreateTableStatement, SqlExpression } from '../syntax/syntax-tree.ts';
import { bindExpression } from './expressions/bind-expression.ts';
import { rowScope, tableRelation } from './relation.ts';
import {
  type ColumnSource,
  type MetadataKey,
  metadataKeys,
  type Rowtime,
  type RowtimeReader,
  type SqlTable,
  type TableColumn,
} from './sql-table.ts';
import { formatSqlType, resolveType, type SqlType, sqlTypes } from './sql-type.ts';

export function bindTable(statement: CreateTableStatement): SqlTable {
  const { name, at, options, primaryKey } = statement;
  const seen = new Set<string>();
  const columns = statement.columns.map((column) => {
    if (seen.has(column.name)) throw nameProblem(column.at, `there are two columns ${column.name}`);
    seen.add(column.name);
    return bindColumn(column);
  });
  const key = primaryKey?.columns ?? [];
  const unknown = key.find((column) => !seen.has(column));
  if (unknown !== undefined && primaryKey !== null) {
    const fix = suggestName(unknown, [...seen]);
    throw nameProblem(primaryKey.at, `there is no column ${unknown}`, fix);
  }
  const table: SqlTable = { name, at, columns, rowtime: null, primaryKey: key, options };
  const { watermark } = statement;
  if (watermark === null) return table;
  return withRowtime(table, watermark);
}

function bindColumn({ name, type, computed, at, metadata }: ColumnSyntax): TableColumn {
  if (computed !== null) {
    const isProctime = computed.kind === 'call' && computed.name === 'PROCTIME';
    const source: ColumnSource = isProctime
      ? { kind: 'proctime' }
      : { kind: 'computed', expression: computed };
    return { name, type: isProctime ? sqlTypes.timestampLtz : null, isNullable: true, source, at };
  }
  if (type === null) throw typeProblem(at, `column ${name} has no type`);
  const bound = resolveType(type);
  const isNullable = !type.isNotNull;
  if (metadata === null) return { name, type: bound, isNullable, source: { kind: 'physical' }, at };
  const key = metadataKeys.find((known) => known === metadata);
  if (key === undefined) {
    const fix = `what is read: ${metadataKeys.join(', ')}`;
    throw refusal(at, `metadata '${metadata}' is not read`, fix);
  }
  checkMetadata(key, bound, at);
  return { name, type: bound, isNullable, source: { kind: 'metadata', key }, at };
}

const metadataTypes: Readonly<Record<MetadataKey, readonly SqlType['name'][]>> = {
  timestamp: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
  partition: ['INT', 'BIGINT'],
  offset: ['BIGINT'],
  topic: ['STRING'],
};

function checkMetadata(key: MetadataKey, type: SqlType, at: number): void {
  const allowed = metadataTypes[key];
  if (allowed.includes(type.name)) return;
  const what = `metadata '${key}' is ${allowed.join(' or ')}, not ${formatSqlType(type)}`;
  throw typeProblem(at, what);
}

type Watermark = NonNullable<CreateTableStatement['watermark']>;

function withRowtime(table: SqlTable, { column: name, value, at }: Watermark): SqlTable {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    const names = table.columns.map((candidate) => candidate.name);
    throw nameProblem(at, `there is no column ${name}`, suggestName(name, names));
  }
  const delayMs = delayOf(value, name);
  const { source } = column;
  const fix = 'use a TIMESTAMP(3) or TIMESTAMP_LTZ(3) column';
  if (source.kind !== 'computed') {
    const isTime = column.type?.field.kind === 'timestamp' && source.kind !== 'proctime';
    if (!isTime) throw typeProblem(at, `${name} is no event time`, fix);
    return { ...table, rowtime: { column: name, delayMs } };
  }
  const computed = computedRowtime(source.expression, table);
  if (computed?.type.field.kind !== 'timestamp') {
    throw typeProblem(at, `${name} is no event time`, fix);
  }
  const rowtime: Rowtime = { column: name, delayMs, reader: computed.reader };
  const columns = table.columns.map((other) =>
    other === column ? { ...column, type: computed.type } : other,
  );
  return { ...table, columns, rowtime };
}

interface ComputedRowtime {
  readonly reader: RowtimeReader;
  readonly type: SqlType;
}

/** Usual forms are read from their column at once; others are expressions of the record. */
function computedRowtime(expression: SqlExpression, table: SqlTable): ComputedRowtime | null {
  const usual = usualReader(expression, table);
  if (usual !== null) return usual;
  const relation = tableRelation(table, table.name, null);
  const { node, type } = bindExpression(expression, rowScope(relation));
  if (type === null) return null;
  return { reader: { kind: 'expression', node, scalars: relation.scalars.columns }, type };
}

function usualReader(expression: SqlExpression, table: SqlTable): ComputedRowtime | null {
  if (expression.kind !== 'call') return null;
  const [of, second] = expression.args;
  const from = of?.kind === 'name' && of.parts.length === 1 ? of.parts[0] : undefined;
  const column = table.columns.find(({ name }) => name === from);
  if (from === undefined || column?.source.kind !== 'physical') return null;
  if (expression.name === 'TO_TIMESTAMP' && second === undefined) {
    if (column.type?.name !== 'STRING') return null;
    return { reader: { kind: 'column', from, unit: 'text' }, type: sqlTypes.timestamp };
  }
  if (expression.name !== 'TO_TIMESTAMP_LTZ' || column.type?.name !== 'BIGINT') return null;
  const digits = second === undefined ? '3' : second.kind === 'number' ? second.text : '';
  if (digits !== '0' && digits !== '3') return null;
  const unit = digits === '0' ? 's' : 'ms';
  return { reader: { kind: 'column', from, unit }, type: sqlTypes.timestampLtz };
}

/** `rt`, or `rt - INTERVAL '5' SECOND`. */
function delayOf(value: SqlExpression, name: string): number {
  if (value.kind === 'name' && value.parts.at(-1) === name) return 0;
  if (
    value.kind === 'binary' &&
    value.operator === '-' &&
    value.left.kind === 'name' &&
    value.left.parts.at(-1) === name &&
    value.right.kind === 'interval' &&
    value.right.months === 0 &&
    value.right.ms >= 0
  ) {
    return value.right.ms;
  }
  const fix = `write ${name} - INTERVAL '5' SECOND`;
  throw refusal(value.at, 'a watermark is the event time less a fixed length', fix);
}

/** A table with what it takes from another one: own columns behind, own options instead. */
export function tableLike(
  own: CreateTableStatement,
  base: CreateTableStatement,
): CreateTableStatement {
  const excluded = new Set(own.like?.excluded ?? []);
  const isKept = (what: string): boolean => !excluded.has('ALL') && !excluded.has(what);
  const columns = base.columns.filter(({ computed, metadata }) => {
    if (computed !== null) return isKept('GENERATED');
    return metadata === null || isKept('METADATA');
  });
  const others = columns.filter(({ name }) => own.columns.every((column) => column.name !== name));
  return {
    ...own,
    columns: [...others, ...own.columns],
    watermark: own.watermark ?? (isKept('WATERMARKS') ? base.watermark : null),
    primaryKey: own.primaryKey ?? (isKept('CONSTRAINTS') ? base.primaryKey : null),
    options: new Map([...(isKept('OPTIONS') ? base.options : []), ...own.options]),
  };
}
