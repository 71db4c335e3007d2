// Copies of a store in regions, on a real Postgres and real Redis servers: what the copy has is what the
// centre has, whatever was restarted, and the example shows what it says it shows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  sum,
  t,
} from 'millrace';
import { file } from 'millrace/file';
import { postgres } from 'millrace/postgres';
import { redis } from 'millrace/redis';
import { regional } from 'millrace/regions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis/redis-server.ts';
import { howToRun, withServices } from '../service.ts';

const user = entity('user', { key: { id: t.string() } });
const clicks = stream('clicks', {
  schema: { id: t.string(), n: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s', maxAhead: 'off' },
});
const seen = featureView('seen', {
  entity: user,
  from: clicks,
  features: (p) => ({ clicks: count().over(lifetime()), n: sum(p.n).over(lifetime()) }),
});

const root = new URL('../../..', import.meta.url);
const users = 3000;
let centre: PostgresServer;
let near: RedisServer;
let folder = '';
beforeAll(async () => {
  if (!withServices) return;
  [centre, near] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-regions-test-'));
}, 240_000);
afterAll(async () => {
  await centre?.stop();
  await near?.stop();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

async function writeClicks(times: number, ids = users): Promise<void> {
  const now = Date.now() - 60_000;
  const lines = Array.from({ length: ids * times }, (_, i) => {
    return `{"id":"u${i % ids}","n":${i},"ts":${now + Math.floor(i / ids)}}\n`;
  });
  await writeFile(join(folder, 'clicks.jsonl'), lines.join(''));
}

function open(env: 'centre' | 'region'): Promise<App> {
  const central = postgres(centre.url, { readTimeout: '1s', openTimeout: '1s' });
  const shared = {
    streams: { clicks: file('./clicks.jsonl') },
    clock: 'wall' as const,
    deadLetters: './dead-letters',
    state: { directory: './state' },
  };
  const config = defineConfig({
    project: 'clicks',
    definitions: [{ seen }],
    environments: {
      centre: { ...shared, online: central },
      region: {
        ...shared,
        online: regional({
          local: redis(near.url),
          central,
          freshFor: '1h',
          deadline: '2s',
        }),
      },
    },
  });
  return millrace(config, { env, baseDirectory: folder });
}

async function withApp<T>(env: 'centre' | 'region', body: (app: App) => Promise<T>): Promise<T> {
  const app = await open(env);
  try {
    return await body(app);
  } finally {
    await app.close();
  }
}

function run(existing: 'keep' | 'dropAll' = 'keep'): Promise<unknown> {
  return withApp('centre', (app) => app.run({ untilEnd: true, existing }));
}

/** Copies what the centre has; the notices of it. */
async function replicate(): Promise<{ readonly rows: number; readonly notices: string[] }> {
  const notices: string[] = [];
  const onNotice = (text: string): void => void notices.push(text);
  const { rows, connected, age_ms, lag_ms } = await withApp('region', (app) =>
    app.replicate({ untilCurrent: true, intervalMs: 100, onNotice }),
  );
  expect(connected).toBe(true);
  expect(age_ms).toBeLessThan(60_000);
  if (rows > 0) expect(lag_ms.p99).toBeGreaterThan(0);
  return { rows, notices };
}

/** What the region serves for some users, and where it is from. */
function served(...ids: readonly string[]): Promise<readonly unknown[]> {
  return withApp('region', async (app) => {
    const server = await app.serve({ port: 0 });
    const answer = await fetch(`${server.url}/get-online-features`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entities: { id: ids }, features: ['seen:clicks', 'seen:n'] }),
    });
    const { results } = (await answer.json()) as { results: { values: unknown[] }[] };
    const [, clicked, n] = results.map(({ values }) => values);
    return [answer.headers.get('x-feature-source'), clicked, n];
  });
}

describe.skipIf(!withServices)(`a region (${howToRun})`, () => {
  it('has what the centre has: at first, after changes, and nothing twice', async () => {
    await writeClicks(1);
    await run();
    const first = await replicate();
    expect(first).toEqual({ rows: users, notices: [] });
    const again = await replicate();

    expect(again).toEqual({ rows: 0, notices: [] });
    expect(await served('u0', 'u2999')).toEqual(['local', [1, 1], [0, 2999]]);
    expect(await served('u0', 'nobody')).toEqual(['central', [1, null], [0, null]]);
    await writeClicks(2, 10);
    await run();
    // What it serves is what was copied, until that is copied anew.
    expect(await served('u3')).toEqual(['local', [1], [3]]);
    expect((await replicate()).rows).toBeGreaterThan(0);
    expect(await served('u3')).toEqual(['local', [2], [16]]);
  }, 120_000);

  it('begins anew with the centre, and is filled again when its server has lost the rows', async () => {
    await writeClicks(3, 7);
    await run('dropAll');
    const anew = await replicate();
    expect(anew.notices).toContain('the centre has begun anew: so does the copy');
    expect(anew.rows).toBe(7);
    expect(await served('u3', 'u2999')).toEqual(['central', [3, null], [30, null]]);
    await near.restart();
    expect((await replicate()).rows).toBe(7);
    expect(await served('u3')).toEqual(['local', [3], [30]]);
  }, 120_000);

  it('waits for a centre that is away, and serves meanwhile', async () => {
    await centre.kill();
    const notices: string[] = [];
    const stopping = new AbortController();
    const waiting = withApp('region', (app) =>
      app.replicate({
        untilCurrent: true,
        signal: stopping.signal,
        onNotice: (text) => notices.push(text),
      }),
    );
    expect(await served('u3')).toEqual(['local', [3], [30]]);
    await centre.restart();
    expect((await waiting).connected).toBe(true);
    expect(notices.some((text) => text.startsWith('replication waits'))).toBe(true);
  }, 120_000);

  it('gives what is nearby, in time, when the centre stands still', async () => {
    centre.pause();
    const startMs = performance.now();
    try {
      expect(await served('u3', 'nobody')).toEqual(['stale', [3, null], [30, null]]);
      expect(performance.now() - startMs).toBeLessThan(8000);
    } finally {
      centre.resume();
    }
    expect(await served('nobody')).toEqual(['central', [null], [null]]);
  }, 60_000);

  it('is an example that runs by one command', async () => {
    const child = spawn(
      process.execPath,
      ['--conditions=millrace-src', 'examples/regions/demo.ts'],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code, output).toBe(0);
    expect(output).toContain('ap      stale');
    expect(output).toMatch(
      /While it was cut off, "ap" was \d+ payments behind "eu", and said so\./,
    );
  }, 200_000);
});
