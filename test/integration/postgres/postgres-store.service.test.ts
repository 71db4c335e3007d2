// The online store on a real Postgres: what every store must do, tables that people can query, their
// evolution with the definitions, changes in order, and a server that goes away.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolvePostgresOptions } from '../../../src/adapters/postgres/postgres-options.ts';
import { openPool } from '../../../src/adapters/postgres/postgres-pool.ts';
import { postgres } from '../../../src/adapters/postgres/postgres.ts';
import { createRowReader } from '../../../src/columns/packed-row-reader.ts';
import { asOfMsOf } from '../../../src/columns/packed-row.ts';
import { encodeKey } from '../../../src/kernel/key-encoding.ts';
import type { Field, FieldType } from '../../../src/kernel/types/field-type.ts';
import type { ChangeFeed } from '../../../src/ports/stores/change-feed.ts';
import type { OnlineStore, StoreContext, StoredView } from '../../../src/ports/online-store.ts';
import { testOnlineStore } from '../../../src/testing/conformance/online-store.ts';
import { type VectorRow, vectorBatch } from '../../../src/testing/vectors.ts';
import { howToRun, withServices } from '../service.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';

let server: PostgresServer;
let client: Client;
let schemas = 0;
beforeAll(async () => {
  if (!withServices) return;
  server = await startPostgres();
  client = new Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
}, 120_000);
afterAll(async () => {
  await client?.end().catch(() => undefined);
  await server?.stop();
});

function fresh() {
  schemas++;
  return postgres(server?.url ?? 'postgres://nowhere/none', { schema: `s${schemas}` });
}

async function rowsOf(sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await client.query(sql)).rows as Record<string, unknown>[];
}

function field(name: string, type: FieldType): Field {
  return { name, type, nullable: true };
}

const users: StoredView = {
  view: 'users',
  key: [field('id', { kind: 'int64' })],
  features: [
    field('total', { kind: 'float64' }),
    field('big', { kind: 'int64' }),
    field('name', { kind: 'string' }),
    field('money', { kind: 'decimal', precision: 10, scale: 2 }),
    field('seen', { kind: 'timestamp' }),
    field('day', { kind: 'date' }),
    field('is_new', { kind: 'bool' }),
    field('raw', { kind: 'bytes' }),
    field('by', { kind: 'map', value: { kind: 'count' } }),
  ],
  fingerprint: 'users-1',
};

const values = {
  total: Number.NaN,
  big: 9007199254740993n,
  name: 'a\0é"{},\\',
  money: '12.50',
  seen: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  day: '2026-01-02',
  is_new: true,
  raw: Uint8Array.of(0, 255),
  by: { 'x"y': 1 },
};

function row(id: bigint, asOfMs: number, seq = 1): VectorRow {
  return { key: { id }, values, asOfMs, seq, eventTimeMs: asOfMs - 5 };
}

const at = Date.UTC(2026, 0, 5);

function contextOf(mode: 'read' | 'write', views: readonly StoredView[] = [users]): StoreContext {
  return { project: 'shop', baseDirectory: '.', mode, views };
}

describe.skipIf(!withServices)(`Postgres (${howToRun})`, () => {
  testOnlineStore('postgres', { create: fresh });

  it('keeps typed columns that people can query, and packed rows that lose nothing', async () => {
    const binding = fresh();
    const store = await binding.open(contextOf('write'));
    await store.write(vectorBatch(users, [row(7n, at)]));
    const [found] = await rowsOf(
      `SELECT *, by::text AS by_text, day::text AS day_text FROM s${schemas}.shop__users`,
    );
    expect(found).toMatchObject({
      id: '7',
      big: '9007199254740993',
      name: 'a\uFFFDé"{},\\',
      money: '12.50',
      seen: new Date(values.seen),
      day_text: '2026-01-02',
      is_new: true,
      raw: Buffer.of(0, 255),
      by_text: '{"x\\"y":1}',
      event_time: new Date(at - 5),
      as_of: new Date(at),
      _seq: 1,
    });
    expect(found?.['total']).toBeNaN();
    const [packed] = await store.read('users', [encodeKey(users.key, { id: 7n })]);
    expect(createRowReader(users.features).values(packed as Uint8Array)).toEqual(values);
    await store.close();
  });

  it('takes large batches, keys that come twice, and instants that Postgres does not know', async () => {
    const store = await fresh().open(contextOf('write'));
    const many = Array.from({ length: 2500 }, (_, i) => row(BigInt(i), at + i));
    await store.write(vectorBatch(users, many));
    const batch = vectorBatch(users, [row(1n, at + 9000, 1), row(1n, at + 9000, 2)]);
    await store.write({ ...batch, keySlots: Int32Array.of(0, 1) });
    await store.write(vectorBatch(users, [row(2n, 8.64e15), row(3n, Date.UTC(9998, 1, 1))]));
    expect(await rowsOf(`SELECT count(*)::int AS n FROM s${schemas}.shop__users`)).toEqual([
      { n: 2500 },
    ]);
    expect(await rowsOf(`SELECT _seq FROM s${schemas}.shop__users WHERE id = 1`)).toEqual([
      { _seq: 2 },
    ]);
    await store.close();
  });

  it('takes keys that no index would take, and tells them apart', async () => {
    const texts: StoredView = { ...users, key: [field('id', { kind: 'string' })] };
    const store = await fresh().open(contextOf('write', [texts]));
    const long = Array.from({ length: 3 }, (_, i) => {
      const noise = Buffer.from(Array.from({ length: 30_000 }, (__, n) => (n * n * 31 + n) % 251));
      return `${noise.toString('base64')}${i}`;
    });
    const rows = long.map((id, i) => ({ key: { id }, values, asOfMs: at + i, seq: 1 }));
    await store.write(vectorBatch(texts, rows));
    const found = await store.read(
      'users',
      long.map((id) => encodeKey(texts.key, { id })),
    );
    expect(found.map((row) => (row === null ? null : asOfMsOf(row)))).toEqual([at, at + 1, at + 2]);
    const scanned: number[] = [];
    for await (const { key } of store.scan('users')) scanned.push(key.length);
    expect(scanned).toHaveLength(3);
    expect(Math.min(...scanned)).toBeGreaterThan(40_000);
    await store.close();
  });

  it('refuses rows of another definition, and changes the table when they may go', async () => {
    const binding = fresh();
    const first = await binding.open(contextOf('write'));
    await first.write(vectorBatch(users, [row(7n, at)]));
    await first.close();
    await client.query(`CREATE VIEW s${schemas}.ids AS SELECT id FROM s${schemas}.shop__users`);
    const [, ...others] = users.features;
    const changed: StoredView = {
      ...users,
      features: [
        ...others.slice(1),
        field('big', { kind: 'float64' }),
        field('n', { kind: 'count' }),
      ],
      fingerprint: 'users-2',
    };
    for (const mode of ['read', 'write'] as const) {
      await expect(binding.open(contextOf(mode, [changed]))).rejects.toMatchObject({
        code: 'MR_STORE_SCHEMA',
      });
    }
    const context = { ...contextOf('write', [changed]), existing: 'dropChanged' as const };
    const store = await binding.open(context);
    const moved: VectorRow = { key: { id: 7n }, values: { big: 0.5, n: 3 }, asOfMs: 5, seq: 1 };
    await store.write(vectorBatch(changed, [moved]));
    expect(await rowsOf(`SELECT id, big, n FROM s${schemas}.shop__users`)).toEqual([
      { id: '7', big: 0.5, n: '3' },
    ]);
    expect(await rowsOf(`SELECT * FROM s${schemas}.ids`)).toEqual([{ id: '7' }]);
    expect(store.greatestAsOfMs()).toBe(5);
    await store.close();
  });

  it('says what to do where nothing was written, and nobody is there', async () => {
    await expect(fresh().open(contextOf('read'))).rejects.toMatchObject({
      code: 'MR_STORE_OPEN',
      fix: 'millrace run writes them',
    });
    const nobody = postgres('postgres://127.0.0.1:1/none', { openTimeout: '200ms' });
    await expect(nobody.open(contextOf('read'))).rejects.toMatchObject({ code: 'MR_STORE_AWAY' });
  });

  it('tells of every change once, also of transactions that end late', async () => {
    const store = (await fresh().open(contextOf('write'))) as OnlineStore & ChangeFeed;
    const ids = async (cursor: string | null, limit = 100) => {
      const changes = await store.changes('users', cursor, limit);
      const reader = changes.rows.map(({ key }) => Buffer.from(key).readBigInt64BE(1));
      return { ...changes, ids: reader.map((id) => Number(BigInt.asUintN(63, id))) };
    };
    await store.write(vectorBatch(users, [row(1n, at), row(2n, at), row(3n, at)]));
    const page = await ids(null, 2);
    expect([page.rows.length, page.isAtEnd]).toEqual([2, false]);
    const rest = await ids(page.cursor, 2);
    expect([rest.rows.length, rest.isAtEnd]).toEqual([1, true]);
    expect((await ids(rest.cursor)).rows).toEqual([]);

    const slow = new Client({ connectionString: server.url });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(
      `UPDATE s${schemas}.shop__users SET _seq = _seq + 1, _xid = pg_current_xact_id() WHERE id = 3`,
    );
    await store.write(vectorBatch(users, [row(1n, at + 1)]));
    const during = await ids(rest.cursor);
    await slow.query('COMMIT');
    await slow.end();
    const after = await ids(during.cursor);
    expect(during.rows.length + after.rows.length).toBe(2);
    expect((await ids(after.cursor)).rows).toEqual([]);
    await store.close();
  });

  it('holds writes back while the server is gone, and loses none', async () => {
    const own = await startPostgres();
    const notices: string[] = [];
    const binding = postgres(own.url, { readTimeout: '500ms' });
    const store = await binding.open({
      ...contextOf('write'),
      onNotice: (text) => notices.push(text),
    });
    try {
      await store.write(vectorBatch(users, [row(1n, at)]));
      await own.kill();
      const writing = store.write(vectorBatch(users, [row(1n, at + 1), row(2n, at)]));
      await expect(store.read('users', [encodeKey(users.key, { id: 1n })])).rejects.toMatchObject({
        code: 'MR_STORE_AWAY',
      });
      expect(store.health?.().state).toBe('away');
      await own.restart();
      await writing;
      const found = await store.read(
        'users',
        [1n, 2n].map((id) => encodeKey(users.key, { id })),
      );
      expect(found.every((one) => one !== null)).toBe(true);
      expect(store.health?.().state).toBe('ready');
      expect(notices.at(0)).toContain('does not answer');
      expect(notices.at(-1)).toContain('answers again');
    } finally {
      await store.close();
      await own.stop();
    }
  }, 60_000);

  it('outlives a connection that ends between the statements of a transaction', async () => {
    const pool = await openPool(resolvePostgresOptions(server.url, {}));
    try {
      const outcome = pool.transaction(async (sql) => {
        const [own] = await sql('SELECT pg_backend_pid() AS pid');
        await rowsOf(`SELECT pg_terminate_backend(${Number(own?.['pid'])}, 10000)`);
        // The end is heard of while no statement runs.
        await new Promise((resolve) => setTimeout(resolve, 200));
        await sql('SELECT 1');
      });
      await expect(outcome).rejects.toMatchObject({ code: 'MR_STORE_AWAY' });
      expect(await pool.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await pool.close();
    }
  });
});
