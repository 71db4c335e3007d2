// The feature server in front of a real Redis that stands still, is killed, and comes back: each request
// is answered within its deadline, /health says what is the matter, and the server is well by
// itself when Redis is.
import { redis } from 'millrace/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillWide, widePlan, wideStored } from './wide-view.ts';
import type { OnlineStore } from '../../../src/ports/online-store.ts';
import { type FeatureServer, startFeatureServer } from '../../../src/serve/http/feature-server.ts';
import { howToRun, withServices } from '../service.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const deadlineMs = 300;
const body = JSON.stringify({ features: ['item_wide:i00'], entities: { item_id: [1, 2] } });

let away: RedisServer;
let store: OnlineStore;
let server: FeatureServer;

const open = (mode: 'read' | 'write'): Promise<OnlineStore> =>
  redis(away.url).open({ project: 'away', baseDirectory: '.', mode, views: [wideStored] });

beforeAll(async () => {
  if (!withServices) return;
  away = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const writing = await open('write');
  await fillWide(writing);
  await writing.close();
  store = await open('read');
  server = await startFeatureServer({ plan: widePlan(), store, port: 0, deadlineMs });
});
afterAll(async () => {
  if (!withServices) return;
  await server.close();
  await store.close();
  await away.stop();
});

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

async function ask(): Promise<Asked> {
  const startMs = performance.now();
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${server.url}/get-online-features`, { method: 'POST', headers, body });
  return { status: reply.status, text: await reply.text(), ms: performance.now() - startMs };
}

async function untilWell(): Promise<void> {
  await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
}

describe.skipIf(!withServices)(`a server over a Redis in trouble (${howToRun})`, () => {
  it('says 503 in time while Redis stands still, and is well when it goes on', async () => {
    const before = await ask();
    expect([before.status, before.text]).toEqual([200, expect.stringContaining('[100,200]')]);
    away.pause();
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    for (const { status, text, ms } of answers) {
      expect([status, text]).toEqual([
        503,
        expect.stringMatching(/MR_SERVE_DEADLINE|MR_STORE_AWAY/),
      ]);
      expect(ms).toBeLessThan(deadlineMs + 1500);
    }
    away.resume();
    await untilWell();
  });

  it('says 503 while Redis is dead, also in /health, and has the rows when it is back', async () => {
    await away.kill();
    const dead = await ask();
    expect([dead.status, dead.text]).toEqual([503, expect.stringContaining('"code":"MR_')]);
    await expect
      .poll(async () => (await fetch(`${server.url}/health`)).status, { timeout: 10_000 })
      .toBe(503);
    await away.restart();
    await untilWell();
    expect((await ask()).text).toContain('[100,200]');
    await expect
      .poll(async () => (await fetch(`${server.url}/health`)).status, { timeout: 20_000 })
      .toBe(200);
  });
});
