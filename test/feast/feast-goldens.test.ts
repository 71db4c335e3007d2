// Recorded exchanges with Feast 0.67 replayed against our server, on both stores and in both modes.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedded } from '../../src/adapters/embedded/index.ts';
import { memoryStore } from '../../src/adapters/memory/index.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { OnlineStore, OnlineStoreBinding } from '../../src/ports/online-store.ts';
import { createFeatureServer } from '../../src/serve/http/feature-server.ts';
import { ownErrors, valueDifferences } from './differences.ts';
import { fillGoldens, goldensViews } from './goldens-data.ts';
import { goldensPlan } from './goldens-plan.ts';

interface Exchange {
  readonly name: string;
  readonly request: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly body_text?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_text: string;
  };
}

interface Item {
  readonly values: readonly unknown[];
  readonly statuses: readonly string[];
  readonly event_timestamps: readonly string[];
}

const folder = join(import.meta.dirname, '../fixtures/feast/http');
const exchanges: readonly Exchange[] = readdirSync(folder)
  .filter((file) => file.endsWith('.request.json'))
  .map((file) => file.slice(0, -'.request.json'.length))
  .map((name) => ({
    name,
    request: JSON.parse(readFileSync(join(folder, `${name}.request.json`), 'utf8')),
    response: JSON.parse(readFileSync(join(folder, `${name}.response.json`), 'utf8')),
  }));

const noon = Date.UTC(2026, 10, 20, 12);
const clock: Clock = {
  nowMs: () => noon,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
};
const root = mkdtempSync(join(tmpdir(), 'millrace-feast-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** JSON with every number as the text that was written: `1.0` is not `1`. */
function parse(text: string): unknown {
  return JSON.parse(text, (_, value: unknown, context?: { readonly source: string }) =>
    typeof value === 'number' ? `number ${context?.source}` : value,
  );
}

/** Items by name, and the names' order up to Feast's shuffling within a view. */
function itemsOf(text: string): ReadonlyMap<string, Item> {
  const { metadata, results } = parse(text) as {
    metadata: { feature_names: string[] };
    results: Item[];
  };
  expect(results).toHaveLength(metadata.feature_names.length);
  return new Map(metadata.feature_names.map((name, i) => [name, results[i] as Item]));
}

function withoutFeastNulls(name: string, item: Item): Item {
  if (valueDifferences[name] === undefined) return item;
  const values = item.values.map((v) => (v === 'number -9223372036854775808' ? null : v));
  return { ...item, values };
}

const bindings: Readonly<Record<string, () => OnlineStoreBinding>> = {
  memory: memoryStore,
  embedded: () => embedded(join(root, 'store')),
};

const isError = ({ response }: Exchange): boolean => response.status !== 200;
const answers = exchanges.filter((exchange) => !isError(exchange) && exchange.name !== '75-health');
const errors = exchanges.filter(isError);

describe.each(Object.keys(bindings))('on the %s store', (kind) => {
  let store: OnlineStore;
  const servers = new Map<boolean, FastifyInstance>();

  beforeAll(async () => {
    const binding = bindings[kind]?.() ?? memoryStore();
    const context = { project: 'goldens', baseDirectory: root, mode: 'write' } as const;
    store = await binding.open({ ...context, views: goldensViews });
    await fillGoldens(store);
    for (const feastStrict of [false, true]) {
      const options = { plan: goldensPlan, store, project: 'goldens', clock, feastStrict };
      servers.set(feastStrict, createFeatureServer(options));
    }
  });

  afterAll(async () => {
    for (const server of servers.values()) await server.close();
    await store.close();
  });

  const replay = async ({ request }: Exchange, strict: boolean) => {
    const payload =
      request.body_text ?? (request.body === null ? undefined : JSON.stringify(request.body));
    const { method, path: url, headers } = request;
    const server = servers.get(strict);
    if (server === undefined) throw new Error('no server');
    return server.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  };

  it('has all recorded exchanges', () => {
    expect(answers).toHaveLength(27);
    expect(errors).toHaveLength(20);
  });

  it.each(answers)('$name: the same values and times, honest statuses', async (exchange) => {
    const reply = await replay(exchange, false);
    expect(reply.statusCode).toBe(200);
    const ours = itemsOf(reply.body);
    const feasts = itemsOf(exchange.response.body_text);
    expect([...ours.keys()].toSorted()).toEqual([...feasts.keys()].toSorted());
    for (const [name, item] of feasts) {
      const { values, event_timestamps } = withoutFeastNulls(exchange.name, item);
      expect(ours.get(name)).toMatchObject({ values, event_timestamps });
    }
  });

  it.each(answers)('$name: the same statuses and bytes in strict mode', async (exchange) => {
    const reply = await replay(exchange, true);
    const ours = itemsOf(reply.body);
    const feasts = itemsOf(exchange.response.body_text);
    for (const [name, item] of feasts) {
      expect(ours.get(name)).toEqual(withoutFeastNulls(exchange.name, item));
    }
    const sameOrder = [...ours.keys()].join() === [...feasts.keys()].join();
    if (sameOrder && valueDifferences[exchange.name] === undefined) {
      expect(reply.body).toBe(exchange.response.body_text);
    } else if (valueDifferences[exchange.name] === undefined) {
      expect(reply.body).toHaveLength(exchange.response.body_text.length);
    }
  });

  it.each(errors)('$name: the same error, or ours that says more', async (exchange) => {
    const reply = await replay(exchange, false);
    const own = ownErrors[exchange.name];
    if (own === undefined) {
      expect(reply.statusCode).toBe(exchange.response.status);
      expect(reply.body).toBe(exchange.response.body_text);
      return;
    }
    expect([500, own.status]).toContain(exchange.response.status);
    expect(reply.statusCode).toBe(own.status);
    const { code, where, message, fix } = JSON.parse(reply.body) as Record<string, string>;
    expect({ code, where }).toEqual({ code: own.code, where: own.where });
    expect(message?.length).toBeGreaterThan(10);
    expect(fix?.length).toBeGreaterThan(10);
  });

  it.each(errors)('$name: the very same error in strict mode', async (exchange) => {
    const reply = await replay(exchange, true);
    expect(reply.statusCode).toBe(exchange.response.status);
    expect(reply.body).toBe(exchange.response.body_text);
    expect(reply.headers.allow).toBe(exchange.response.headers['allow']);
  });

  it('answers the health check as Feast does', async () => {
    const reply = await servers.get(false)?.inject('/health');
    expect([reply?.statusCode, reply?.body]).toEqual([200, '']);
  });

  it('tells present, null, missing and outdated apart', async () => {
    const server = servers.get(false);
    const reply = await server?.inject({
      method: 'POST',
      url: '/get-online-features',
      payload: {
        features: ['user_push:last_page', 'user_stats:clicks', 'user_item:n'],
        entities: { user_id: ['u0001', 'u0003', 'nobody'], item_id: [2, 6, 6] },
      },
      headers: { 'content-type': 'application/json' },
    });
    const statuses = [...itemsOf(reply?.body ?? '').values()].map((item) => item.statuses);
    expect(statuses.slice(2)).toEqual([
      ['PRESENT', 'PRESENT', 'NOT_FOUND'],
      ['OUTSIDE_MAX_AGE', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'],
      ['PRESENT', 'PRESENT', 'NOT_FOUND'],
    ]);
  });
});
