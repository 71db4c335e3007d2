// What Feast wrote into Redis, read here: the recorded project materialised by Feast itself, rows that
// its SDK writes, and both beside rows of ours.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../../src/adapters/memory/index.ts';
import { redis } from '../../../src/adapters/redis/index.ts';
import { type App, millrace } from '../../../src/app/millrace.ts';
import { createRowReader } from '../../../src/columns/packed-row-reader.ts';
import type { OnlineStore, OnlineStoreBinding } from '../../../src/ports/online-store.ts';
import { type VectorRow, vectorBatch } from '../../../src/testing/vectors.ts';
import { fillGoldens, goldensViews } from '../../feast/goldens-data.ts';
import { type RedisServer, startRedis } from '../redis/redis-server.ts';
import { howToRun, withServices } from '../service.ts';
import { allTypesProject } from './all-types-project.ts';
import { feastPython, runFeast, runFeastScript } from './feast-environment.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/feast/repo');

/** Views of the recorded project that Feast materialises; the others are pushed. */
const materialised = ['user_stats', 'item_stats', 'user_item'];

async function openGoldens(
  binding: OnlineStoreBinding,
  mode: 'read' | 'write',
): Promise<OnlineStore> {
  return binding.open({ project: 'goldens', baseDirectory: '.', mode, views: goldensViews });
}

type Rows = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

async function rowsOf(store: OnlineStore, name: string): Promise<Rows> {
  const view = goldensViews.find((one) => one.view === name);
  const reader = createRowReader(view?.features ?? []);
  const rows = new Map<string, Readonly<Record<string, unknown>>>();
  for await (const { key, row } of store.scan(name)) {
    rows.set(Buffer.from(key).toString('hex'), {
      ...reader.values(row),
      eventTimeMs: Math.round(reader.eventTimeMs(row) * 1000),
    });
  }
  return rows;
}

// Each script is a process that first loads Feast.
vi.setConfig({ testTimeout: 240_000 });

if (withServices) {
  let folder = '';
  let server: RedisServer | undefined;
  let binding: OnlineStoreBinding = memoryStore();
  let app: App | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-feast-writes-'));
    server = await startRedis();
    binding = redis(server.url, { layout: 'feast' });
    const repository = join(folder, 'goldens');
    cpSync(fixtures, repository, { recursive: true });
    mkdirSync(join(repository, 'data'));
    execFileSync(await feastPython(), ['make_data.py'], { cwd: repository });
    writeFileSync(
      join(repository, 'feature_store.yaml'),
      `project: goldens
provider: local
registry: data/registry.db
online_store:
  type: redis
  connection_string: "${new URL(server.url).host}"
offline_store:
  type: file
entity_key_serialization_version: 3
`,
    );
    await runFeast(repository, 'apply');
    await runFeast(repository, 'materialize', '2026-11-19T00:00:00', '2026-11-21T00:00:00');
  }, 580_000);

  afterAll(async () => {
    await app?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe('what Feast materialised into Redis', () => {
    it.each(materialised)('%s: every row is read here as it was made', async (name) => {
      const expected = await openGoldens(memoryStore(), 'write');
      await fillGoldens(expected);
      const store = await openGoldens(binding, 'read');
      const rows = await rowsOf(store, name);
      expect(rows.size).toBe(1000);
      expect(rows).toEqual(await rowsOf(expected, name));
      await Promise.all([store.close(), expected.close()]);
    });

    it('is replaced by what we write, and the rest of the hash stays', async () => {
      const store = await openGoldens(binding, 'write');
      const view = goldensViews.find((one) => one.view === 'user_stats');
      if (view === undefined) throw new Error('no view');
      const asOfMs = Date.UTC(2026, 10, 20, 6);
      const row: VectorRow = { key: { user_id: 'u0001' }, values: { clicks: 5n }, asOfMs, seq: 9 };
      await store.write(vectorBatch(view, [row]));
      const script = `
import json
from feast import FeatureStore
print(json.dumps(FeatureStore(repo_path=".").get_online_features(
  features=["user_stats:clicks", "user_stats:spend", "user_push:last_page"],
  entity_rows=[{"user_id": "u0001"}, {"user_id": "u0002"}]).to_dict()))`;
      const read = await runFeastScript(script, { cwd: join(folder, 'goldens') });
      expect(JSON.parse(read)).toEqual({
        user_id: ['u0001', 'u0002'],
        clicks: [5, 21],
        spend: [null, 2.6],
        last_page: ['/p/1', '/p/2'],
      });
      await store.close();
    });
  });

  describe('what the SDK writes by the registry that we exported', () => {
    it('is read and typed as we define it, before any run of ours and after one', async () => {
      const config = allTypesProject(folder, binding);
      app = await millrace(config, { baseDirectory: folder });
      await app.feast.export({ out: join(folder, 'repo') });
      await runFeastScript(readFileSync(join(import.meta.dirname, 'write-all-types.py'), 'utf8'), {
        cwd: join(folder, 'repo'),
      });
      const { values } = await app.read('all_types', { user_id: 'feast' });
      expect(values).toEqual({
        flag: false,
        small: 7,
        big: 9_007_199_254_740_993n,
        single: 0.5,
        double: -0,
        text: 'é日本',
        raw: Uint8Array.of(0, 255),
        at: Date.UTC(2026, 10, 20, 11),
        born: '2000-02-29',
        price: '12.50',
        doc: '{"a": [1, null]}',
        bigs: [1n, -2n],
        doubles: [1.5],
        texts: ['', 'x'],
        flags: [true],
        stamps: [0, Date.UTC(2026, 10, 20, 11)],
        raws: [Uint8Array.of(1)],
        nested: [[1n], []],
        counts: { a: 1n, b: null },
        place: { city: 'Köln', zip: null },
        places: [{ city: 'A', zip: 1 }],
        events: 3,
        by_text: { x: 2 },
      });
      const pair = await app.read('pairs', { user_id: 'feast', item_id: -1n });
      expect(pair.values).toEqual({ pair_events: 4, pair_doubles: [], pair_twice: null });
      expect(pair.eventTime).toBe(Date.UTC(2026, 10, 20, 11, 0, 0, 123));
      await app.run({ untilEnd: true });
      expect((await app.read('all_types', { user_id: 'u0' })).values['events']).toBe(1);
      expect((await app.read('all_types', { user_id: 'feast' })).values['events']).toBe(3);
    });
  });
} else {
  it.skip(`what Feast wrote is read here (${howToRun})`, () => undefined);
}
