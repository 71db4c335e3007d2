// Tables as they were created: columns with types, which one is the event time and how it is made from
// what records hold, connector options. A table is also the stream that a query of it reads.
import { suggestName } from '../../kernel/nearest-name.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { nameProblem, refusal, typeProblem } from '../syntax/sql-error.ts';
import type {
  ColumnSyntax,
  CreateTableStatement,
  OptionSyntax,
  SqlExpression,
} from '../syntax/syntax-tree.ts';
import { resolveType, type SqlType, sqlTypes } from './sql-type.ts';

/** What a column holds. */
export type ColumnSource =
  | { readonly kind: 'physical' }
  /** The event time, from another column: milliseconds, seconds, or text. */
  | { readonly kind: 'rowtime'; readonly from: string; readonly unit: 'ms' | 's' | 'text' }
  | { readonly kind: 'proctime' }
  | { readonly kind: 'computed'; readonly expression: SqlExpression };

export interface TableColumn {
  readonly name: string;
  /** Null for computed columns: it follows from the expression. */
  readonly type: SqlType | null;
  readonly isNullable: boolean;
  readonly source: ColumnSource;
  readonly at: number;
}

export interface SqlTable {
  readonly name: string;
  readonly at: number;
  readonly columns: readonly TableColumn[];
  readonly rowtime: { readonly column: string; readonly delayMs: number } | null;
  readonly primaryKey: readonly string[];
  readonly options: ReadonlyMap<string, OptionSyntax>;
}

export function bindTable(statement: CreateTableStatement): SqlTable {
  const { name, at, options, primaryKey } = statement;
  const seen = new Set<string>();
  const columns = statement.columns.map((column) => {
    if (seen.has(column.name)) throw nameProblem(column.at, `there are two columns ${column.name}`);
    seen.add(column.name);
    return bindColumn(column, statement);
  });
  const key = primaryKey?.columns ?? [];
  const unknown = key.find((column) => !seen.has(column));
  if (unknown !== undefined && primaryKey !== null) {
    throw nameProblem(
      primaryKey.at,
      `there is no column ${unknown}`,
      suggestName(unknown, [...seen]),
    );
  }
  return { name, at, columns, rowtime: rowtimeOf(statement, columns), primaryKey: key, options };
}

function bindColumn(column: ColumnSyntax, table: CreateTableStatement): TableColumn {
  const { name, type, computed, at, isMetadata } = column;
  if (isMetadata) {
    throw refusal(at, 'columns of metadata are not read', 'have the record hold what is needed');
  }
  if (type !== null) {
    const source = { kind: 'physical' } as const;
    return { name, type: resolveType(type), isNullable: !type.isNotNull, source, at };
  }
  const source = sourceOf(computed as SqlExpression, table);
  return { name, type: typeOf(source), isNullable: true, source, at };
}

function typeOf(source: ColumnSource): SqlType | null {
  if (source.kind === 'proctime') return sqlTypes.timestampLtz;
  if (source.kind !== 'rowtime') return null;
  return source.unit === 'text' ? sqlTypes.timestamp : sqlTypes.timestampLtz;
}

/** TO_TIMESTAMP_LTZ(ts, 3) and TO_TIMESTAMP(text) make event times; everything else is an expression. */
function sourceOf(computed: SqlExpression, table: CreateTableStatement): ColumnSource {
  const plain: ColumnSource = { kind: 'computed', expression: computed };
  if (computed.kind !== 'call') return plain;
  if (computed.name === 'PROCTIME') return { kind: 'proctime' };
  const [of, precision] = computed.args;
  if (!computed.name.startsWith('TO_TIMESTAMP')) return plain;
  if (of?.kind !== 'name') {
    throw refusal(computed.at, 'an event time is made from one column', 'TO_TIMESTAMP_LTZ(ts, 3)');
  }
  const from = of.parts[0] as string;
  const column = table.columns.find((candidate) => candidate.name === from);
  if (column?.type == null) {
    const names = table.columns.map((candidate) => candidate.name);
    throw nameProblem(of.at, `there is no column ${from}`, suggestName(from, names));
  }
  const { field } = resolveType(column.type);
  if (computed.name === 'TO_TIMESTAMP') {
    if (field.kind === 'string' && precision === undefined)
      return { kind: 'rowtime', from, unit: 'text' };
    const fix = "a STRING column as in '2026-01-31 10:00:00', without a pattern";
    throw refusal(computed.at, 'TO_TIMESTAMP reads one form of text here', fix);
  }
  const digits = precision?.kind === 'number' ? precision.text : '3';
  if (field.kind !== 'int64' || (digits !== '0' && digits !== '3')) {
    const fix = 'use a BIGINT column of seconds (0) or milliseconds (3)';
    throw typeProblem(computed.at, 'TO_TIMESTAMP_LTZ takes a BIGINT and 0 or 3', fix);
  }
  return { kind: 'rowtime', from, unit: digits === '0' ? 's' : 'ms' };
}

function rowtimeOf(
  { watermark }: CreateTableStatement,
  columns: readonly TableColumn[],
): SqlTable['rowtime'] {
  if (watermark === null) return null;
  const { column: name, value, at } = watermark;
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    const names = columns.map((candidate) => candidate.name);
    throw nameProblem(at, `there is no column ${name}`, suggestName(name, names));
  }
  if (column.type?.field.kind !== 'timestamp' || column.source.kind === 'proctime') {
    throw typeProblem(
      at,
      `${name} is no event time`,
      'use a TIMESTAMP(3) or TIMESTAMP_LTZ(3) column',
    );
  }
  return { column: name, delayMs: delayOf(value, name) };
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
    value.right.ms >= 0
  ) {
    return value.right.ms;
  }
  const fix = `write ${name} - INTERVAL '5' SECOND`;
  throw refusal(value.at, 'a watermark is the event time less a fixed length', fix);
}

/** The columns that records hold, as fields. */
export function physicalFields({ columns, rowtime }: SqlTable): readonly Field[] {
  return columns.flatMap(({ name, type, source }) =>
    source.kind === 'physical' && type !== null
      ? [{ name, type: type.field, nullable: rowtime?.column !== name }]
      : [],
  );
}
