// The table of one view: the encoded key as primary key, then the key and the features as typed columns
// for people and queries, the version, and the packed row that reads are answered from. What Postgres
// cannot hold in a typed column (the character NUL, an instant out of its range) is replaced there, and
// exact in the packed row.
import { createHash } from 'node:crypto';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { toJsonValue } from '../../columns/read-value.ts';
import type { StoredView } from '../../ports/stored-view.ts';

/** A typed column: how it is declared, and how values reach it as arrays of text. */
export interface TableColumn {
  readonly name: string;
  readonly sqlType: string;
  textOf(value: Value): string | null;
}

export interface ViewTable {
  /** Quoted, with its schema. */
  readonly name: string;
  readonly bareName: string;
  readonly columns: readonly TableColumn[];
  readonly keyCount: number;
}

/** Columns of our own, after those of the view. */
export const ownColumns: readonly (readonly [string, string])[] = [
  ['event_time', 'timestamptz'],
  ['as_of', 'timestamptz'],
  ['_as_of_ms', 'double precision NOT NULL'],
  ['_seq', 'double precision NOT NULL'],
  ['_row', 'bytea NOT NULL'],
  ['_written_at', 'timestamptz NOT NULL DEFAULT clock_timestamp()'],
  ['_xid', 'xid8 NOT NULL DEFAULT pg_current_xact_id()'],
];

const identifierMax = 63;

export interface TablePlace {
  readonly schema: string;
  readonly project: string;
  readonly variant: string | null;
}

export function viewTable({ schema, project, variant }: TablePlace, view: StoredView): ViewTable {
  const job = variant === null ? project : `${project}__${variant}`;
  const bareName = shortName(`${job}__${view.view}`.replaceAll('-', '_'));
  const taken = new Set(['_id', '_key', ...ownColumns.map(([name]) => name)]);
  const columnOf = (field: Field): TableColumn => {
    const name = freeName(shortName(field.name), taken);
    taken.add(name);
    return typedColumn(name, field.type);
  };
  return {
    name: `${quoted(schema)}.${quoted(bareName)}`,
    bareName,
    columns: [...view.key.map(columnOf), ...view.features.map(columnOf)],
    keyCount: view.key.length,
  };
}

export function createTableSql({ name, columns }: ViewTable): string {
  const lines = [
    '_id bytea PRIMARY KEY',
    '_key bytea NOT NULL',
    ...columns.map((column) => `${quoted(column.name)} ${column.sqlType}`),
    ...ownColumns.map(([column, type]) => `${column} ${type}`),
  ];
  return `CREATE TABLE IF NOT EXISTS ${name} (${lines.join(', ')})`;
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** Names longer than Postgres takes end in a hash of the whole name. */
function shortName(name: string): string {
  if (Buffer.byteLength(name) <= identifierMax) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${Buffer.from(name).subarray(0, 48).toString('latin1').replaceAll(/\W/g, '_')}_${hash}`;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}_${i}`;
  return free;
}

function typedColumn(name: string, type: FieldType): TableColumn {
  return { name, sqlType: sqlTypeOf(type), textOf: textWriter(type) };
}

function sqlTypeOf(type: FieldType): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int32':
      return 'integer';
    case 'int64':
    case 'count':
      return 'bigint';
    case 'float32':
      return 'real';
    case 'float64':
      return 'double precision';
    case 'bytes':
      return 'bytea';
    case 'timestamp':
      return 'timestamptz';
    case 'date':
      return 'date';
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`;
    case 'string':
      return 'text';
    case 'json':
    case 'list':
    case 'map':
    case 'struct':
      return 'json';
  }
}

function textWriter(type: FieldType): (value: Value) => string | null {
  const write = plainWriter(type);
  return (value) => (value === null ? null : write(value));
}

function plainWriter({ kind }: FieldType): (value: Value) => string {
  switch (kind) {
    case 'timestamp':
      return (value) => timestampText(Number(value));
    case 'bytes':
      return (value) => `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;
    case 'json':
      return String;
    case 'list':
    case 'map':
    case 'struct':
      return (value) => JSON.stringify(toJsonValue(value));
    case 'float32':
    case 'float64':
      return (value) => String(value);
    default:
      return (value) => String(value).replaceAll('\0', '\uFFFD');
  }
}

const leastMs = Date.UTC(-4000, 0, 1);
const greatestMs = Date.UTC(9999, 11, 31);

/** Instants that both sides know; beyond, infinities stand for them. */
export function timestampText(ms: number): string {
  if (ms >= greatestMs) return 'infinity';
  if (!(ms >= leastMs)) return '-infinity';
  const text = new Date(ms).toISOString();
  if (!text.startsWith('-')) return text.replace(/^\+0+/, '');
  const year = 1 - Number(text.slice(0, 7));
  return `${String(year).padStart(4, '0')}${text.slice(7)} BC`;
}
