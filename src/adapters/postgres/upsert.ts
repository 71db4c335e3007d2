// One statement for many rows of a view: versions are compared in the server, row by row, and equal or
// older ones change nothing. Values travel as one array of text per column.
import { Buffer } from 'node:buffer';
import { createNewestRows } from '../../columns/newest-rows.ts';
import { createRowPacker } from '../../columns/packed-row-writer.ts';
import { readValue } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { decodeKey } from '../../kernel/key-encoding.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import { rowId } from './row-id.ts';
import { quoted, timestampText, type ViewTable } from './view-table.ts';

/** Rows of a batch, copied out: the parameters of statements. */
export interface UpsertRows {
  readonly chunks: readonly (readonly (readonly unknown[])[])[];
  readonly greatestAsOfMs: number;
}

const rowsMax = 1000;

export function upsertSql({ name, columns }: ViewTable): string {
  const typed = columns.map((column, i) => ({ ...column, alias: `c${i}` }));
  const own = ['event_time', 'as_of', '_as_of_ms', '_seq', '_row'];
  const names = ['_id', '_key', ...typed.map((column) => quoted(column.name)), ...own];
  const values = [
    'u.i',
    'u.k',
    ...typed.map(({ alias, sqlType }) => `u.${alias}::${sqlType}`),
    ...['u.e::timestamptz', 'u.a::timestamptz', 'u.m', 'u.s', 'u.r'],
  ];
  const types = [
    'bytea',
    'bytea',
    ...typed.map(() => 'text'),
    'text',
    'text',
    'float8',
    'float8',
    'bytea',
  ];
  const arrays = types.map((type, i) => `$${i + 1}::${type}[]`);
  const aliases = ['i', 'k', ...typed.map(({ alias }) => alias), 'e', 'a', 'm', 's', 'r'];
  const updates = names.slice(1).map((column) => `${column} = excluded.${column}`);
  const written = ['_written_at = clock_timestamp()', '_xid = pg_current_xact_id()'];
  return [
    `INSERT INTO ${name} AS t (${names.join(', ')})`,
    `SELECT ${values.join(', ')} FROM unnest(${arrays.join(', ')}) AS u(${aliases.join(', ')})`,
    `ON CONFLICT (_id) DO UPDATE SET ${[...updates, ...written].join(', ')}`,
    'WHERE (t._as_of_ms, t._seq) < (excluded._as_of_ms, excluded._seq)',
  ].join(' ');
}

const newest = createNewestRows();

/** Copies the newest row of each key out of a batch. */
export function rowsToUpsert(view: StoredView, table: ViewTable, batch: VectorBatch): UpsertRows {
  const byKey = new Map<string, number>();
  for (const row of newest.find(batch)) {
    const key = Buffer.from(keyOf(batch, row)).toString('latin1');
    const other = byKey.get(key);
    if (other === undefined || isNewer(batch, row, other)) byKey.set(key, row);
  }
  const rows = [...byKey.values()];
  const chunks: (readonly (readonly unknown[])[])[] = [];
  for (let at = 0; at < rows.length; at += rowsMax) {
    chunks.push(parametersOf(view, table, batch, rows.slice(at, at + rowsMax)));
  }
  const greatestAsOfMs = rows.reduce(
    (greatest, row) => Math.max(greatest, batch.asOfMs[row] as number),
    Number.NEGATIVE_INFINITY,
  );
  return { chunks, greatestAsOfMs };
}

function isNewer({ asOfMs, seq }: VectorBatch, row: number, other: number): boolean {
  const difference = (asOfMs[row] as number) - (asOfMs[other] as number);
  return difference > 0 || (difference === 0 && (seq[row] as number) > (seq[other] as number));
}

function keyOf({ keyData, keyStarts, keyEnds }: VectorBatch, row: number): Uint8Array {
  return keyData.subarray(keyStarts[row], keyEnds[row]);
}

function parametersOf(
  view: StoredView,
  table: ViewTable,
  batch: VectorBatch,
  rows: readonly number[],
): readonly (readonly unknown[])[] {
  const keys = rows.map((row) => Buffer.from(keyOf(batch, row)));
  const decoded = keys.map((key) => decodeKey(view.key, key));
  const keyColumns = view.key.map(({ name }, i) =>
    decoded.map((key) => table.columns[i]?.textOf(key[name] ?? null) ?? null),
  );
  const features = view.features.map((field, f) => {
    const column = batch.columns[f];
    const target = table.columns[table.keyCount + f];
    return rows.map((row) =>
      column === undefined ? null : (target?.textOf(readValue(column, field, row)) ?? null),
    );
  });
  const packer = createRowPacker();
  const packed = rows.map((row) => {
    packer.reset();
    packer.pack(batch, row);
    return Buffer.from(packer.bytes.slice(0, packer.length));
  });
  return [
    keys.map(rowId),
    keys,
    ...keyColumns,
    ...features,
    rows.map((row) => timestampText(batch.eventTimeMs[row] as number)),
    rows.map((row) => timestampText(batch.asOfMs[row] as number)),
    rows.map((row) => batch.asOfMs[row]),
    rows.map((row) => batch.seq[row]),
    packed,
  ];
}
