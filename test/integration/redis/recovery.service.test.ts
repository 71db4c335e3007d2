// A job and its readers while a real Redis dies, loses its data, stands still, is full or a replica:
// nothing is lost, no job restarts for it, and in the end every row is what it is without trouble.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { millrace } from 'millrace';
import { memoryStore } from 'millrace/memory';
import { redis } from 'millrace/redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';
import { type RedisServer, redisProgram, startRedis } from './redis-server.ts';
import { shopConfig, spend, userCount, writeEvents } from './shop-project.ts';

const run = promisify(execFile);
const events = 40_000;
const ratePerSecond = 4000;

let folder = temporaryFolder();
let server: RedisServer;
beforeEach(async () => {
  folder = temporaryFolder();
  writeEvents(folder.path, events);
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

async function cli(...args: readonly string[]): Promise<string> {
  const { path, env } = await redisProgram('redis-cli');
  const options = { env: { ...process.env, ...env } };
  return (await run(path, ['-p', String(server.port), ...args], options)).stdout;
}

type Rows = ReadonlyMap<string, unknown>;

/** Every user's values and age, as readers get them. */
async function rowsOf(app: Awaited<ReturnType<typeof millrace>>): Promise<Rows> {
  const rows = new Map<string, unknown>();
  for (let i = 0; i < userCount; i++) {
    const { values } = await app.store.get(spend, { user_id: `u${i}` });
    rows.set(`u${i}`, values);
  }
  return rows;
}

/** The rows of the same events when nothing happens. */
async function untroubled(): Promise<Rows> {
  const environment = { online: memoryStore() };
  const app = await millrace(shopConfig({ folder: folder.path, environment }));
  await app.run();
  const rows = await rowsOf(app);
  await app.close();
  return rows;
}

interface Troubled {
  readonly rows: Rows;
  readonly notices: readonly string[];
  readonly restarts: number;
  readonly seconds: number;
}

/** Runs the job and makes trouble when rows of all users have been written. */
async function troubled(trouble: () => Promise<void>, parallelism = 1): Promise<Troubled> {
  const environment = {
    online: redis(server.url),
    checkpoints: { directory: `${folder.path}/checkpoints`, interval: '1s' as const },
  };
  const app = await millrace(shopConfig({ folder: folder.path, ratePerSecond, environment }));
  const notices: string[] = [];
  const startedMs = performance.now();
  const running = app.run({ onNotice: (text) => notices.push(text), parallelism });
  while (Number(await cli('DBSIZE')) < userCount) await pause(50);
  await pause(500);
  await trouble();
  const summary = await running;
  const seconds = (performance.now() - startedMs) / 1000;
  const rows = await rowsOf(app);
  await app.close();
  return { rows, notices, restarts: summary.restarts, seconds };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!withServices)(`a job whose Redis is in trouble (${howToRun})`, () => {
  it.each([1, 2])('fills it again when it comes back empty (%d threads)', async (threads) => {
    server = await startRedis();
    const seen = await troubled(async () => {
      await server.kill();
      await pause(2500);
      await server.restart();
    }, threads);
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.restarts).toBe(0);
    expect(seen.notices.join('\n')).toContain('has lost rows');
    expect(seen.notices.join('\n')).toContain('takes writes again');
  });

  it('fills it again when it comes back with older data', async () => {
    server = await startRedis();
    const seen = await troubled(async () => {
      await cli('SAVE');
      await pause(1500);
      await server.restart();
    });
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.notices.join('\n')).toContain('has lost rows');
  });

  it('fills it again when somebody empties it while it runs', async () => {
    server = await startRedis();
    const seen = await troubled(async () => {
      await cli('FLUSHALL');
    });
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.notices.join('\n')).toContain('has lost rows');
  });

  it('fills nothing again when it comes back with all it had', async () => {
    server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const seen = await troubled(async () => {
      await server.restart();
    });
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.notices.join('\n')).not.toContain('has lost rows');
  });

  it('waits while it is full, and while it is a replica', async () => {
    server = await startRedis();
    const seen = await troubled(async () => {
      await cli('CONFIG', 'SET', 'maxmemory', '1mb');
      await pause(2500);
      await cli('CONFIG', 'SET', 'maxmemory', '0');
      await pause(500);
      await cli('REPLICAOF', '127.0.0.1', '1');
      await pause(2500);
      await cli('REPLICAOF', 'NO', 'ONE');
    });
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.restarts).toBe(0);
    const told = seen.notices.join('\n');
    expect(told).toContain('has no memory left');
    expect(told).toContain('is a replica');
  });

  it('waits half a minute for one that stands still, and goes on by itself', async () => {
    server = await startRedis();
    const seen = await troubled(async () => {
      server.pause();
      await pause(30_000);
      server.resume();
    });
    expect(seen.rows).toEqual(await untroubled());
    expect(seen.restarts).toBe(0);
    expect(seen.seconds).toBeGreaterThan(30);
    expect(seen.notices.join('\n')).toMatch(/has not answered|does not answer/);
  });

  it('ends when it is told to stop although Redis stands still, and goes on later', async () => {
    server = await startRedis();
    const environment = {
      online: redis(server.url),
      checkpoints: { directory: `${folder.path}/checkpoints`, interval: '1s' as const },
    };
    const config = shopConfig({ folder: folder.path, ratePerSecond, environment });
    const app = await millrace(config);
    const stop = new AbortController();
    const running = app.run({ signal: stop.signal });
    while (Number(await cli('DBSIZE')) < userCount) await pause(50);
    server.pause();
    await pause(500);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'MR_STORE_AWAY' });
    server.resume();
    await app.close();
    const again = await millrace(shopConfig({ folder: folder.path, environment }));
    await again.run();
    expect(await rowsOf(again)).toEqual(await untroubled());
    await again.close();
  });
});
