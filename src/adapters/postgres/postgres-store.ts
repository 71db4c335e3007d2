// An open Postgres store. Reads are answered from packed rows; writes wait for a server that is away or
// full and are tried again, for they are versioned; notes and the greatest `as_of` are kept here and
// looked up again with writes, and with reads once a second.
import { Buffer } from 'node:buffer';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { ChangeFeed, Changes } from '../../ports/stores/change-feed.ts';
import type { OnlineStore, StoreContext, StoreHealth } from '../../ports/online-store.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import { readChanges } from './changes.ts';
import type { ResolvedPostgresOptions } from './postgres-options.ts';
import { openPool, type PostgresPool } from './postgres-pool.ts';
import { rowId } from './row-id.ts';
import { checkTables, metaTables, placeOf, prepareTables } from './table-schema.ts';
import { rowsToUpsert, upsertSql } from './upsert.ts';
import { type TablePlace, type ViewTable, viewTable } from './view-table.ts';

const refreshMs = 1000;
const scanRows = 1000;
const retryLeastMs = 50;
const retryMostMs = 5000;

interface OpenView {
  readonly view: StoredView;
  readonly table: ViewTable;
  readonly upsert: string;
}

export async function openPostgresStore(
  options: ResolvedPostgresOptions,
  context: StoreContext,
): Promise<OnlineStore & ChangeFeed> {
  const pool = await openPool(options);
  const { schema, name: store } = options;
  const place = { schema, project: context.project, variant: context.variant ?? null };
  const tables = { ...place, views: context.views, store };
  try {
    await untilAnswered(options.openTimeoutMs, () =>
      context.mode === 'write'
        ? prepareTables(pool, tables, context.existing ?? 'keep')
        : checkTables(pool, tables, context.acceptsSameShape ?? false),
    );
    const opened = new PostgresStore(pool, place, context, store);
    await opened.refresh();
    return opened;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Tries again while the server is away, for so long. */
async function untilAnswered(ms: number, task: () => Promise<void>): Promise<void> {
  const endMs = systemClock.monotonicMs() + ms;
  for (let pauseMs = retryLeastMs; ; pauseMs *= 2) {
    try {
      return await task();
    } catch (error) {
      const isAway = error instanceof MillraceError && error.code === 'MR_STORE_AWAY';
      if (!isAway || systemClock.monotonicMs() + pauseMs > endMs) throw error;
      await systemClock.sleep(pauseMs);
    }
  }
}

class PostgresStore implements OnlineStore, ChangeFeed {
  readonly #pool: PostgresPool;
  readonly #place: TablePlace;
  readonly #name: string;
  readonly #notice: (message: string) => void;
  readonly #views = new Map<string, OpenView>();
  readonly #over = new AbortController();
  #notes = new Map<string, string>();
  #greatestAsOfMs: number | null = null;
  #refreshedMs = 0;
  #refreshing: Promise<void> | null = null;
  /** Why the server is away; null while it answers. */
  #away: string | null = null;

  constructor(pool: PostgresPool, place: TablePlace, context: StoreContext, name: string) {
    this.#pool = pool;
    this.#place = place;
    this.#name = name;
    this.#notice = context.onNotice ?? (() => undefined);
    for (const view of context.views) {
      const table = viewTable(place, view);
      this.#views.set(view.view, { view, table, upsert: upsertSql(table) });
    }
  }

  async write(batch: VectorBatch): Promise<void> {
    const open = this.#views.get(batch.view);
    if (open === undefined || batch.rowCount === 0) return;
    const { chunks, greatestAsOfMs } = rowsToUpsert(open.view, open.table, batch);
    const { views } = metaTables(this.#place.schema);
    for (const parameters of chunks) {
      await this.#untilTaken(() =>
        this.#pool.transaction(async (sql) => {
          await sql(open.upsert, parameters);
          await sql(
            `UPDATE ${views} SET greatest_as_of_ms = GREATEST(greatest_as_of_ms, $4)
             WHERE project = $1 AND variant = $2 AND view = $3`,
            [...placeOf(this.#place), batch.view, greatestAsOfMs],
          );
        }),
      );
    }
    this.#greatestAsOfMs = Math.max(this.#greatestAsOfMs ?? -Infinity, greatestAsOfMs);
  }

  async read(view: string, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | null)[]> {
    const open = this.#views.get(view);
    if (open === undefined || keys.length === 0) return keys.map(() => null);
    this.#refreshSoon();
    const rows = await this.#answered(() =>
      this.#pool.sql(`SELECT _key, _row FROM ${open.table.name} WHERE _id = ANY($1::bytea[])`, [
        [...new Set(keys.map(textOf))].map((text) => rowId(Buffer.from(text, 'latin1'))),
      ]),
    );
    const byKey = new Map(rows.map((row) => [textOf(row['_key'] as Buffer), bytesOf(row['_row'])]));
    return keys.map((key) => byKey.get(textOf(key)) ?? null);
  }

  async *scan(view: string): ReturnType<OnlineStore['scan']> {
    const open = this.#views.get(view);
    if (open === undefined) return;
    const { name } = open.table;
    let after: Buffer | null = null;
    for (;;) {
      const where: string = after === null ? '' : 'WHERE _id > $1';
      const rows = await this.#pool.sql(
        `SELECT _id, _key, _row FROM ${name} ${where} ORDER BY _id LIMIT ${scanRows}`,
        after === null ? [] : [after],
      );
      for (const row of rows) {
        yield { key: bytesOf(row['_key']), row: bytesOf(row['_row']) };
      }
      if (rows.length < scanRows) return;
      after = rows.at(-1)?.['_id'] as Buffer;
    }
  }

  async changes(view: string, cursor: string | null, limit: number): Promise<Changes> {
    const open = this.#views.get(view);
    if (open === undefined) throw new MillraceError('MR_INTERNAL', `no view "${view}" is open`);
    return this.#answered(() => readChanges(this.#pool, this.#place, { ...open, cursor, limit }));
  }

  greatestAsOfMs(): number | null {
    return this.#greatestAsOfMs;
  }

  async writeNote(name: string, value: string): Promise<void> {
    await this.#untilTaken(() =>
      this.#pool.sql(
        `INSERT INTO ${metaTables(this.#place.schema).notes} (project, variant, name, value)
         VALUES ($1, $2, $3, $4) ON CONFLICT (project, variant, name) DO UPDATE SET value = excluded.value`,
        [...placeOf(this.#place), name, value],
      ),
    );
    this.#notes.set(name, value);
  }

  readNote(name: string): string | null {
    return this.#notes.get(name) ?? null;
  }

  health(): StoreHealth {
    if (this.#away === null) return { state: 'ready', message: '' };
    return { state: 'away', message: this.#away };
  }

  giveUp(): void {
    this.#over.abort();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#refreshing;
    await this.#pool.close();
  }

  /** Notes and the greatest `as_of` as the server has them. */
  async refresh(): Promise<void> {
    const { notes, views } = metaTables(this.#place.schema);
    const place = placeOf(this.#place);
    const where = 'WHERE project = $1 AND variant = $2';
    const [found, [greatest]] = await this.#answered(() =>
      Promise.all([
        this.#pool.sql(`SELECT name, value FROM ${notes} ${where}`, place),
        this.#pool.sql(`SELECT max(greatest_as_of_ms) AS ms FROM ${views} ${where}`, place),
      ]),
    );
    this.#notes = new Map(found.map(({ name, value }) => [String(name), String(value)]));
    const ms = greatest?.['ms'];
    this.#greatestAsOfMs = typeof ms === 'number' ? ms : null;
    this.#refreshedMs = systemClock.monotonicMs();
  }

  #refreshSoon(): void {
    if (this.#refreshing !== null) return;
    if (systemClock.monotonicMs() - this.#refreshedMs < refreshMs) return;
    this.#refreshing = this.refresh()
      .catch(() => undefined)
      .finally(() => {
        this.#refreshing = null;
      });
  }

  /** Remembers whether the server answers. */
  async #answered<T>(task: () => Promise<T>): Promise<T> {
    try {
      const result = await task();
      if (this.#away !== null) this.#notice(`postgres ${this.#name} answers again`);
      this.#away = null;
      return result;
    } catch (error) {
      if (error instanceof MillraceError && error.retry === 'backoff') {
        if (this.#away === null) this.#notice(error.message);
        this.#away = error.message;
      }
      throw error;
    }
  }

  /** A server that is away or full holds the job back; nothing is lost and nothing ends. */
  async #untilTaken<T>(task: () => Promise<T>): Promise<T> {
    for (let pauseMs = retryLeastMs; ; pauseMs = Math.min(retryMostMs, pauseMs * 2)) {
      try {
        return await this.#answered(task);
      } catch (error) {
        const passes =
          error instanceof MillraceError &&
          (error.code === 'MR_STORE_AWAY' || error.code === 'MR_STORE_FULL');
        if (!passes || this.#over.signal.aborted) throw error;
        await systemClock.sleep(pauseMs, this.#over.signal);
      }
    }
  }
}

/** Not a Buffer: its `slice` copies nothing. */
function bytesOf(value: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = value as Buffer;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
