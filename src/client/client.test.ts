import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { memoryStore } from '../adapters/memory/index.ts';
import { buildPlan } from '../define/build-plan.ts';
import { createFeatureReader } from '../serve/read/feature-reader.ts';
import {
  count,
  entity,
  featureView,
  last,
  lifetime,
  max,
  onDemandView,
  stream,
  sum,
  t,
} from '../index.ts';
import { systemClock } from '../kernel/clock.ts';
import { featureFields } from '../plan/plan.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { type FeatureServer, startFeatureServer } from '../serve/http/feature-server.ts';
import { vectorBatch } from '../testing/vectors.ts';
import { createClient } from './index.ts';

const user = entity('user', { key: { user_id: t.int64() } });
const events = stream('events', {
  schema: {
    user_id: t.int64(),
    amount: t.float64().nullable(),
    big: t.int64().nullable(),
    raw: t.bytes().nullable(),
    tags: t.list(t.string()).nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts' },
});
const userSpend = featureView('user_spend', {
  entity: user,
  from: events,
  features: (e) => ({
    n: count().over(lifetime()),
    total: sum(e.amount).over(lifetime()),
    big: last(e.big).over(lifetime()),
    raw: last(e.raw).over(lifetime()),
    tags: last(e.tags).over(lifetime()),
    seen: max(e.ts).over(lifetime()),
  }),
});
const userCount = featureView('user_count', {
  entity: user,
  from: events,
  features: () => ({ events: count().over(lifetime()) }),
});
const views = { userSpend, userCount };
const nowMs = Date.parse('2026-01-02T03:04:05.678Z');

let store: OnlineStore;
let server: FeatureServer;
let requests = 0;
let failing: (() => void) | null = null;

beforeAll(async () => {
  const { plan } = buildPlan([views]);
  const stored = plan.views.map((view) => ({
    view: view.name,
    key: view.key,
    features: featureFields(view),
    fingerprint: '1',
  }));
  const place = { project: 'p', baseDirectory: '.', mode: 'write', views: stored } as const;
  store = await memoryStore().open(place);
  const version = { asOfMs: nowMs, seq: 1, eventTimeMs: nowMs - 250 };
  const [spend, counted] = stored;
  if (spend === undefined || counted === undefined) throw new Error('no views');
  for (const id of [1n, 9007199254740993n]) {
    const values = {
      n: 3,
      total: id === 1n ? 2.5 : null,
      big: 9007199254740995n,
      raw: Uint8Array.of(0, 255, 7),
      tags: ['a', 'ü', null],
      seen: nowMs - 1,
    };
    await store.write(vectorBatch(spend, [{ key: { user_id: id }, values, ...version }]));
    const row = { key: { user_id: id }, values: { events: 3 }, ...version };
    await store.write(vectorBatch(counted, [row]));
  }
  server = await startFeatureServer({
    plan,
    port: 0,
    clock: { ...systemClock, nowMs: () => nowMs },
    store: {
      ...store,
      read(view, keys) {
        failing?.();
        return store.read(view, keys);
      },
      scan: (view) => store.scan(view),
      greatestAsOfMs: () => null,
    },
  });
});
afterAll(async () => {
  await server.close();
  await store.close();
});

const counting: typeof fetch = (input, init) => {
  requests++;
  return fetch(input, init);
};

function client(options: Partial<Parameters<typeof createClient>[1]> = {}) {
  requests = 0;
  return createClient(server.url, { views, fetch: counting, deadlineMs: 5000, ...options });
}

describe('a client', () => {
  it('gives what a read in the same process gives, for every type and without rounding', async () => {
    const plan = buildPlan([views]).plan;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const reader = createFeatureReader({ plan, store, clockMode: 'wall', clock });
    for (const user_id of [1n, 9007199254740993n, 404n]) {
      const { values, status, eventTime, ageMs, ages } = await client().get(userSpend, { user_id });
      expect({ values, status, eventTime, ageMs }).toEqual(
        await reader.get(userSpend, { user_id }),
      );
      expect(ages.total).toBe(user_id === 404n ? null : 250);
    }
  });

  it('is typed by the definitions', async () => {
    const read = await client().get(userSpend, { user_id: 1n });
    expectTypeOf(read.values.total).toEqualTypeOf<number | null>();
    expectTypeOf(read.values.big).toEqualTypeOf<bigint | null>();
    expectTypeOf(read.status.total).toEqualTypeOf<
      'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE' | 'FALLBACK'
    >();
    // @ts-expect-error: there is no such key
    await expect(client().get(userSpend, { user: 1n })).rejects.toBeDefined();
  });

  it('makes one request of the reads of a turn, and asks for each key once', async () => {
    const reading = client();
    const [a, b, again, other] = await Promise.all([
      reading.get(userSpend, { user_id: 1n }),
      reading.get(userSpend, { user_id: 2n }),
      reading.get(userSpend, { user_id: 1n }),
      reading.getMany(userCount, [{ user_id: 1n }, { user_id: 2n }]),
    ]);
    expect(requests).toBe(1);
    expect([a.values.n, b.status.n, again.values.n]).toEqual([3, 'NOT_FOUND', 3]);
    expect(other.map(({ values }) => values.events)).toEqual([3, null]);
  });

  it('splits what is more than a request may hold', async () => {
    const keys = Array.from({ length: 25 }, (_, i) => ({ user_id: BigInt(i) }));
    const reads = await client({ batchRowsMax: 10 }).getMany(userCount, keys);
    expect(requests).toBe(3);
    expect(reads.map(({ values }) => values.events)[1]).toBe(3);
    expect(reads).toHaveLength(25);
  });

  it('refuses a view that it was not made with, and an address that is none', async () => {
    const only = createClient(server.url, { views: { userSpend } });
    await expect(only.get(userCount, { user_id: 1n })).rejects.toMatchObject({
      code: 'MR_CLIENT_VIEW',
    });
    expect(() => createClient('localhost:6566', { views })).toThrow(/is not an http URL/);
  });
});

describe('a client of a server in trouble', () => {
  it('tries again within the deadline, and is well when the server is', async () => {
    let failures = 2;
    failing = () => {
      if (failures-- > 0) throw new (class extends Error {})('the store is away');
    };
    const read = await client().get(userSpend, { user_id: 1n });
    failing = null;
    expect([read.values.n, read.isFallback, requests]).toEqual([3, false, 3]);
  });

  it('gives the fallback, or an error, by its deadline when there is no answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const reading = createClient(url, { views, deadlineMs: 80 });
    const startMs = performance.now();
    const read = await reading.get(userSpend, { user_id: 1n }, { fallback: { total: 0 } });
    expect(performance.now() - startMs).toBeLessThan(2000);
    expect(read).toMatchObject({
      values: { total: 0, n: null },
      status: { total: 'FALLBACK' },
      isFallback: true,
      ageMs: null,
    });
    await expect(reading.get(userSpend, { user_id: 1n })).rejects.toMatchObject({
      code: 'MR_CLIENT_AWAY',
    });
    silent.closeAllConnections();
    silent.close();
  });

  it('fills what was never seen with the fallback, and says that it was not found', async () => {
    const read = await client().get(userSpend, { user_id: 404n }, { fallback: { total: 9 } });
    expect([read.values.total, read.status.total, read.isFallback]).toEqual([
      9,
      'NOT_FOUND',
      false,
    ]);
  });

  it('hands on what the server refuses, with its code, and does not try again', async () => {
    const { plan } = buildPlan([{ userCount }]);
    const smaller = await startFeatureServer({ plan, store, port: 0 });
    const reading = createClient(smaller.url, { views, fetch: counting });
    requests = 0;
    const call = { fallback: { total: 1 } };
    await expect(reading.get(userSpend, { user_id: 1n }, call)).rejects.toMatchObject({
      message: expect.stringContaining('404'),
    });
    expect(requests).toBe(1);
    await smaller.close();
  });
});

it('sends its token, and says what a server without it says', async () => {
  const { plan } = buildPlan([views]);
  const token = 'a-token-of-16-or-more';
  const closed = await startFeatureServer({ plan, store, port: 0, tokens: [{ name: 'a', token }] });
  const key = { user_id: 1n };
  const read = await createClient(closed.url, { views, token }).get(userCount, key);
  expect(read.values.events).toBe(3);
  await expect(
    createClient(closed.url, { views }).get(userCount, key, { fallback: { events: 0 } }),
  ).rejects.toMatchObject({ code: 'MR_SERVE_TOKEN', message: expect.stringContaining('401') });
  await closed.close();
});

it('reads features that are computed when they are read', async () => {
  const risk = onDemandView('risk', {
    request: { amount: t.float64() },
    from: { spend: userSpend },
    features: (r, f) => ({ ratio: r.amount.div(f.spend.total) }),
  });
  const all = { userSpend, risk };
  const { plan } = buildPlan([all]);
  const computing = await startFeatureServer({ plan, store, port: 0 });
  const reading = createClient(computing.url, { views: all, deadlineMs: 5000 });
  const read = await reading.get(risk, { user_id: 1n, amount: 10 });
  expectTypeOf(read.values.ratio).toEqualTypeOf<number | null>();
  expect([read.values.ratio, read.status.ratio, read.ages.ratio]).toEqual([4, 'PRESENT', null]);
  await computing.close();
});
