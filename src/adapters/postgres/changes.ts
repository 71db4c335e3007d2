// Changes of a table in the order in which they became visible. Transactions do not end in the order in
// which they began, so a row counts once every transaction up to its own has ended: none can slip in
// behind the cursor. A cursor names the generation of the table, which changes when its rows are dropped.
import { Buffer } from 'node:buffer';
import type { Changes } from '../../ports/stores/change-feed.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import type { PostgresPool, SqlRow } from './postgres-pool.ts';
import { metaTables, placeOf } from './table-schema.ts';
import type { TablePlace, ViewTable } from './view-table.ts';

interface ChangesAsked {
  readonly view: StoredView;
  readonly table: ViewTable;
  readonly cursor: string | null;
  readonly limit: number;
}

/** `generation/xid` (from there on) or `generation/xid/id` (after that row of it). */
interface Cursor {
  readonly generation: string;
  readonly xid: string;
  readonly id: Buffer | null;
}

export async function readChanges(
  pool: PostgresPool,
  place: TablePlace,
  { view, table, cursor, limit }: ChangesAsked,
): Promise<Changes> {
  const [now] = await pool.sql(
    `SELECT generation::text, pg_snapshot_xmin(pg_current_snapshot())::text AS upto,
       extract(epoch FROM clock_timestamp())::float8 * 1000 AS at
     FROM ${metaTables(place.schema).views} WHERE project = $1 AND variant = $2 AND view = $3`,
    [...placeOf(place), view.view],
  );
  const generation = String(now?.['generation']);
  const upto = String(now?.['upto']);
  const known = cursor === null ? null : parseCursor(cursor);
  const isRestarted = known !== null && known.generation !== generation;
  const from: Cursor = known === null || isRestarted ? { generation, xid: '0', id: null } : known;
  const isAfterRow = from.id !== null;
  const rows = await pool.sql(
    `SELECT _id, _key, _row, _xid::text AS xid, extract(epoch FROM _written_at)::float8 * 1000 AS written
     FROM ${table.name} WHERE ${isAfterRow ? '(_xid, _id) > ($1::xid8, $4)' : '_xid >= $1::xid8'}
     AND _xid < $2::xid8 ORDER BY _xid, _id LIMIT $3`,
    [from.xid, upto, limit, ...(isAfterRow ? [from.id] : [])],
  );
  const isAtEnd = rows.length < limit;
  return {
    rows: rows.map((row) => ({
      key: new Uint8Array(row['_key'] as Buffer),
      row: new Uint8Array(row['_row'] as Buffer),
      writtenAtMs: Number(row['written']),
    })),
    cursor: isAtEnd ? `${generation}/${upto}` : cursorAfter(generation, rows.at(-1)),
    isAtEnd,
    isRestarted,
    atMs: Number(now?.['at']),
  };
}

function cursorAfter(generation: string, row: SqlRow | undefined): string {
  const id = Buffer.from((row?.['_id'] as Buffer | undefined) ?? []).toString('hex');
  return `${generation}/${String(row?.['xid'])}/${id}`;
}

function parseCursor(text: string): Cursor {
  const [generation = '', xid = '0', id] = text.split('/');
  return { generation, xid, id: id === undefined ? null : Buffer.from(id, 'hex') };
}
