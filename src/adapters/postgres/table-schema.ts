// Tables of a store: made when a job first writes, and changed when a view's definition did. Rows of
// another definition are refused unless the caller says that they may go; columns then become those of
// the view as it is now, and the table itself stays, with what others built on it.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ExistingRows } from '../../ports/online-store.ts';
import { checkStoredView } from '../../ports/stores/stored-view-change.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import type { PostgresPool, Sql } from './postgres-pool.ts';
import {
  createTableSql,
  ownColumns,
  quoted,
  type TablePlace,
  type ViewTable,
  viewTable,
} from './view-table.ts';

export interface SchemaOptions extends TablePlace {
  readonly views: readonly StoredView[];
  /** For messages. */
  readonly store: string;
}

/** Names of the store's own tables. */
export function metaTables(schema: string): { readonly views: string; readonly notes: string } {
  return {
    views: `${quoted(schema)}.millrace_views`,
    notes: `${quoted(schema)}.millrace_notes`,
  };
}

const fix = 'run it with --fresh, or give the view another name';

/** Makes what is missing and checks the rest, as one transaction; several processes may come at once. */
export async function prepareTables(
  pool: PostgresPool,
  options: SchemaOptions,
  existing: ExistingRows,
): Promise<void> {
  await pool.transaction(async (sql) => {
    await sql("SELECT pg_advisory_xact_lock(hashtext('millrace tables'))");
    const [found] = await sql('SELECT to_regnamespace($1) IS NOT NULL AS there', [options.schema]);
    if (found?.['there'] !== true) await sql(`CREATE SCHEMA ${quoted(options.schema)}`);
    await createMeta(sql, options.schema);
    for (const view of options.views) await prepareView(sql, options, view, existing);
  });
}

/** Refuses to read rows of another definition; throws MR_STORE_OPEN when nothing was written yet. */
export async function checkTables(
  pool: PostgresPool,
  options: SchemaOptions,
  acceptsSameShape: boolean,
): Promise<void> {
  const { schema, store, views } = options;
  const [found] = await pool.sql('SELECT to_regclass($1) IS NOT NULL AS there', [
    `${schema}.millrace_views`,
  ]);
  const missing = (name: string): MillraceError =>
    new MillraceError('MR_STORE_OPEN', `postgres ${store} has no rows of ${name} yet`, {
      context: { store },
      fix: 'millrace run writes them',
    });
  if (found?.['there'] !== true) throw missing(options.project);
  for (const view of views) {
    const stored = await storedView(pool.sql, options, view.view);
    if (stored === null) throw missing(view.view);
    checkStoredView(stored, view, { store: `postgres ${store}`, fix, acceptsSameShape });
  }
}

async function createMeta(sql: Sql, schema: string): Promise<void> {
  const { views, notes } = metaTables(schema);
  const place = 'project text NOT NULL, variant text NOT NULL';
  await sql(
    `CREATE TABLE IF NOT EXISTS ${views} (${place}, view text NOT NULL, fingerprint text NOT NULL,
     definition json NOT NULL, greatest_as_of_ms double precision, generation bigint NOT NULL DEFAULT 1,
     PRIMARY KEY (project, variant, view))`,
  );
  await sql(
    `CREATE TABLE IF NOT EXISTS ${notes} (${place}, name text NOT NULL, value text NOT NULL,
     PRIMARY KEY (project, variant, name))`,
  );
}

async function prepareView(
  sql: Sql,
  options: SchemaOptions,
  view: StoredView,
  existing: ExistingRows,
): Promise<void> {
  const table = viewTable(options, view);
  const stored = await storedView(sql, options, view.view);
  await sql(createTableSql(table));
  await sql(
    `CREATE INDEX IF NOT EXISTS ${quoted(`${table.bareName.slice(0, 50)}_changes`)} ON ${table.name} (_xid, _id)`,
  );
  const isChanged = stored !== null && stored.fingerprint !== view.fingerprint;
  const isDropped = existing === 'dropAll' || (existing === 'dropChanged' && isChanged);
  if (stored !== null && isChanged && !isDropped) {
    const store = `postgres ${options.store}`;
    checkStoredView(stored, view, { store, fix, acceptsSameShape: false });
  }
  if (stored !== null && isDropped) {
    await sql(`TRUNCATE ${table.name}`);
    await changeColumns(sql, viewTable(options, stored), table);
  }
  await sql(
    `INSERT INTO ${metaTables(options.schema).views} AS v (project, variant, view, fingerprint, definition)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project, variant, view) DO UPDATE
     SET fingerprint = excluded.fingerprint, definition = excluded.definition,
       greatest_as_of_ms = CASE WHEN $6 THEN NULL ELSE v.greatest_as_of_ms END,
       generation = v.generation + CASE WHEN $6 THEN 1 ELSE 0 END`,
    [...placeOf(options), view.view, view.fingerprint, JSON.stringify(view), isDropped],
  );
}

/** The table is empty: columns that are others now go and come. */
async function changeColumns(sql: Sql, before: ViewTable, after: ViewTable): Promise<void> {
  const was = new Map(before.columns.map(({ name, sqlType }) => [name, sqlType]));
  const is = new Map(after.columns.map(({ name, sqlType }) => [name, sqlType]));
  const gone = [...was].filter(([name, type]) => is.get(name) !== type);
  const come = [...is].filter(([name, type]) => was.get(name) !== type);
  const changes = [
    ...gone.map(([name]) => `DROP COLUMN IF EXISTS ${quoted(name)}`),
    ...come.map(([name, type]) => `ADD COLUMN ${quoted(name)} ${type}`),
    ...ownColumns.map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${name} ${type}`),
  ];
  await sql(`ALTER TABLE ${after.name} ${changes.join(', ')}`);
}

async function storedView(
  sql: Sql,
  options: SchemaOptions,
  view: string,
): Promise<StoredView | null> {
  const [row] = await sql(
    `SELECT definition FROM ${metaTables(options.schema).views}
     WHERE project = $1 AND variant = $2 AND view = $3`,
    [...placeOf(options), view],
  );
  return row === undefined ? null : (row['definition'] as StoredView);
}

export function placeOf({ project, variant }: TablePlace): readonly [string, string] {
  return [project, variant ?? ''];
}
