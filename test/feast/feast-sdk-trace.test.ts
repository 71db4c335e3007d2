// What Feast's SDK sends with a remote online store, and its schedulers to materialise, as it was
// recorded with Feast 0.67: our server's answers are Feast's.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/adapters/memory/index.ts';
import { materializeRoutes } from '../../src/app/feast/materialize-routes.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { OnlineStore } from '../../src/ports/online-store.ts';
import { createFeatureServer } from '../../src/serve/http/feature-server.ts';
import { fillGoldens, goldensViews } from './goldens-data.ts';
import { goldensPlan } from './goldens-plan.ts';

const fixtures = join(import.meta.dirname, '../fixtures/feast');

interface Sent {
  readonly method: 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body_text: string;
  readonly status: number;
  readonly response_text: string;
}

const trace = JSON.parse(
  readFileSync(join(fixtures, 'remote/trace.json'), 'utf8'),
) as readonly Sent[];

interface Item {
  readonly values: readonly unknown[];
  readonly event_timestamps: readonly string[];
}

const clock: Clock = {
  nowMs: () => Date.UTC(2026, 10, 20, 12),
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
};

let store: OnlineStore;
const servers = new Map<boolean, FastifyInstance>();

beforeAll(async () => {
  const place = { project: 'goldens', baseDirectory: '.', mode: 'write' } as const;
  store = await memoryStore().open({ ...place, views: goldensViews });
  await fillGoldens(store);
  const project = { project: 'goldens', plan: goldensPlan };
  const routes = materializeRoutes(project);
  for (const feastStrict of [false, true]) {
    servers.set(
      feastStrict,
      createFeatureServer({ ...project, store, clock, feastStrict, routes }),
    );
  }
});

afterAll(async () => {
  for (const server of servers.values()) await server.close();
  await store.close();
});

function send(
  isStrict: boolean,
  { method, path, headers, payload }: Readonly<Record<string, unknown>> & { readonly path: string },
) {
  const server = servers.get(isStrict);
  if (server === undefined) throw new Error('no server');
  return server.inject({
    method: method as 'POST',
    url: path,
    headers: headers as Record<string, string>,
    payload: payload as string,
  });
}

function itemsOf(text: string): Readonly<Record<string, Item>> {
  const { metadata, results } = JSON.parse(
    text,
    (_, value: unknown, context?: { source: string }) =>
      typeof value === 'number' ? `number ${context?.source}` : value,
  ) as { metadata: { feature_names: string[] }; results: Item[] };
  return Object.fromEntries(metadata.feature_names.map((name, i) => [name, results[i] as Item]));
}

describe('what the SDK sends with a remote online store', () => {
  it('is all there', () => {
    expect(trace).toHaveLength(10);
  });

  it.each(trace.map((sent, i) => ({ ...sent, i })))('request $i: $body_text', async (sent) => {
    for (const isStrict of [false, true]) {
      const reply = await send(isStrict, { ...sent, payload: sent.body_text });
      expect(reply.statusCode).toBe(sent.status);
      if (sent.status !== 200) {
        expect(reply.body).toBe(sent.response_text);
        continue;
      }
      const feasts = itemsOf(sent.response_text);
      const ours = itemsOf(reply.body);
      expect(Object.keys(ours).toSorted()).toEqual(Object.keys(feasts).toSorted());
      for (const [name, item] of Object.entries(feasts)) {
        if (isStrict) expect(ours[name]).toEqual(item);
        const { values, event_timestamps } = item;
        expect(ours[name]).toMatchObject({ values, event_timestamps });
      }
    }
  });
});

interface Recorded {
  readonly request: { readonly path: string; readonly headers: object; readonly body: unknown };
  readonly response: { readonly status: number; readonly body_text: string };
}

describe('what schedulers send to materialise', () => {
  const folder = join(fixtures, 'materialize');
  const names = readdirSync(folder).filter((file) => file.endsWith('.request.json'));
  const load = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));

  it.each(names)('%s is answered as by Feast', async (file) => {
    const request = load(file) as Recorded['request'];
    const response = load(file.replace('.request.', '.response.')) as Recorded['response'];
    const sent = { ...request, method: 'POST', payload: JSON.stringify(request.body) };
    const reply = await send(true, sent);
    expect([reply.statusCode, reply.body]).toEqual([response.status, response.body_text]);
    const own = await send(false, sent);
    if (response.status !== 500) expect(own.body).toBe(response.body_text);
    else {
      expect(own.statusCode).toBe(400);
      expect(own.json()).toMatchObject({ code: 'MR_SERVE_REQUEST', where: 'start_ts' });
    }
  });

  it.each([
    ['nonsense', 422, 'not JSON'],
    ['[]', 422, 'no JSON object'],
    ['{"start_ts":"x","end_ts":"2026-01-01T00:00:00Z"}', 400, 'start_ts is no instant'],
    ['{"disable_event_timestamp":true,"feature_views":7}', 422, 'no list'],
  ])('%s is refused', async (payload, status, message) => {
    const headers = { 'content-type': 'application/json' };
    const reply = await send(false, { method: 'POST', path: '/materialize', headers, payload });
    expect(reply.statusCode).toBe(status);
    expect(reply.body).toContain(message);
  });
});
