import { createServer } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { featureFields, type Plan } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ServedRows } from '../read/served-rows.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import {
  type FeatureServerOptions,
  createFeatureServer,
  startFeatureServer,
} from './feature-server.ts';

const fields: readonly Field[] = [
  { name: 'user', type: { kind: 'string' }, nullable: false },
  { name: 'item', type: { kind: 'int64' }, nullable: false },
  { name: 'amount', type: { kind: 'float64' }, nullable: true },
  { name: 'big', type: { kind: 'int64' }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];

const column = (name: string) => columnNode(fields.find((f) => f.name === name) as Field);
const lifetime = { kind: 'lifetime' } as const;

const base = singleViewPlan({
  fields,
  eventTime: { field: 'ts' },
  key: ['user', 'item'],
  features: [
    featureNode('n', { fn: 'count', window: lifetime }),
    featureNode('total', { fn: 'sum', input: column('amount'), window: lifetime }),
    featureNode('big', { fn: 'last', input: column('big'), window: lifetime }),
    featureNode('seen', { fn: 'max', input: column('ts'), window: lifetime }),
  ],
});
const plan: Plan = { ...base, views: base.views.map((view) => ({ ...view, ttlMs: 1000 })) };
const [view] = plan.views;
if (view === undefined) throw new Error('no view');

const clock: Clock = { nowMs: () => 6000, monotonicMs: () => 0, sleep: () => Promise.resolve() };
const key = fields.slice(0, 2);
const stored = { view: 'view', key, features: featureFields(view) };

let store: OnlineStore;
let server: FastifyInstance;

async function openStore(): Promise<OnlineStore> {
  const opened = await memoryStore().open({
    project: 'p',
    baseDirectory: '.',
    mode: 'write',
    views: [{ ...stored, fingerprint: '1' }],
  });
  const row = (user: string, item: bigint, eventTimeMs: number, total: number) => ({
    key: { user, item },
    values: { n: 2, total, big: 9007199254740993n, seen: 4500 },
    asOfMs: eventTimeMs,
    seq: 1,
    eventTimeMs,
  });
  const rows = [
    row('u1', 9007199254740993n, 5000, 1),
    row('a,b/ü', 7n, 4999, 2.5),
    row('nan', 1n, 5500, Number.NaN),
  ];
  await opened.write(vectorBatch(stored, rows));
  return opened;
}

function serverWith(options: Partial<FeatureServerOptions> = {}): FastifyInstance {
  return createFeatureServer({ plan, store, clock, ...options });
}

async function post(body: string, on = server) {
  const headers = { 'content-type': 'application/json' };
  return on.inject({ method: 'POST', url: '/get-online-features', headers, payload: body });
}

beforeAll(async () => {
  store = await openStore();
  server = serverWith();
});

afterAll(async () => {
  await server.close();
  await store.close();
});

describe('GET /v1/features/{view}/{key}', () => {
  it('answers with values, statuses, key, time and age', async () => {
    const reply = await server.inject('/v1/features/view/u1,9007199254740993');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['x-feature-age-ms']).toBe('1000');
    expect(reply.body).toBe(
      '{"view":"view","key":{"user":"u1","item":9007199254740993},' +
        '"event_time":"1970-01-01T00:00:05Z","age_ms":1000,"features":{' +
        '"n":{"value":2,"status":"PRESENT"},"total":{"value":1.0,"status":"PRESENT"},' +
        '"big":{"value":9007199254740993,"status":"PRESENT"},' +
        '"seen":{"value":4500,"status":"PRESENT"}}}',
    );
  });

  it('takes the key from the path, percent-encoded, or from the query', async () => {
    for (const url of ['/a%2Cb%2F%C3%BC,7?', '?user=a,b%2F%C3%BC&item=7&']) {
      const reply = await server.inject(`/v1/features/view${url}features=total`);
      expect(reply.json().features).toEqual({ total: { value: 2.5, status: 'OUTSIDE_MAX_AGE' } });
    }
  });

  it('says NOT_FOUND of a key that was never seen', async () => {
    const reply = await server.inject('/v1/features/view/nobody,1?features=n');
    expect(reply.json()).toMatchObject({
      event_time: null,
      age_ms: null,
      features: { n: { value: null, status: 'NOT_FOUND' } },
    });
    expect(reply.headers['x-feature-age-ms']).toBeUndefined();
  });

  it.each([
    ['/v1/features/vew/u1,1', 404, 'MR_UNKNOWN_VIEW', 'did you mean "view"?'],
    ['/v1/features/view/u1', 400, 'MR_UNKNOWN_KEY', 'GET /v1/features/view/<user>,<item>'],
    ['/v1/features/view?user=u1', 400, 'MR_UNKNOWN_KEY', 'GET /v1/features/view/<user>,<item>'],
    ['/v1/features/view/u1,x', 422, 'MR_UNKNOWN_KEY', 'give item as int64'],
    ['/v1/features/view/u1,1?features=totl', 400, 'MR_UNKNOWN_FEATURE', 'did you mean "total"?'],
    ['/v1/features/view/%E0%A4%A', 400, 'MR_SERVE_REQUEST', undefined],
  ])('%s is refused with %d', async (url, status, code, fix) => {
    const reply = await server.inject(url);
    expect(reply.statusCode).toBe(status);
    expect(reply.json()).toMatchObject({ code, ...(fix === undefined ? {} : { fix }) });
  });
});

describe('POST /get-online-features', () => {
  it('rounds no integer, in keys or values', async () => {
    const reply = await post(
      '{"features":["view:big"],"entities":{"user":["u1","u1"],"item":[9007199254740993,9007199254740992]}}',
    );
    expect(reply.body).toContain('[9007199254740993,9007199254740992]');
    expect(reply.body).toContain('"values":[9007199254740993,null]');
    expect(reply.body).toContain('"statuses":["PRESENT","NOT_FOUND"]');
  });

  it('quotes integers beyond 2^53 inside of what it refuses', async () => {
    const body = '{"features":["view:n"],"entities":{"user":[["a",9007199254740993]],"item":[1]}}';
    const reply = await post(body);
    expect([reply.statusCode, reply.json().code]).toEqual([422, 'MR_UNKNOWN_KEY']);
    expect(reply.json().message).toContain('9007199254740993');
  });

  it('takes JSON as curl sends it', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload =
      '{"features":["view:n"],"entities":{"user":["u1"],"item":["9007199254740993"]}}';
    const url = '/get-online-features';
    const reply = await server.inject({ method: 'POST', url, headers, payload });
    expect(reply.json().results[2].values).toEqual([2]);
  });

  it('gives NaN as null and counts it', async () => {
    const reply = await post('{"features":["view:total"],"entities":{"user":["nan"],"item":[1]}}');
    expect(reply.json().results[2]).toMatchObject({ values: [null], statuses: ['NULL_VALUE'] });
    const metrics = await server.inject('/metrics');
    expect(metrics.body).toMatch(/feature_not_finite_total [1-9]/);
  });

  it('measures age from the greatest as_of under an event clock', async () => {
    const events = serverWith({ clockMode: 'event' });
    const body = '{"features":["view:n"],"entities":{"user":["u1"],"item":[9007199254740993]}}';
    expect((await post(body, events)).body).toContain('PRESENT');
    const late = serverWith({ clock: { ...clock, nowMs: () => 6001 } });
    expect((await post(body, late)).body).toContain('OUTSIDE_MAX_AGE');
    await events.close();
    await late.close();
  });

  it('refuses what is too large with 413', async () => {
    const small = serverWith({ valuesMax: 3, bodyBytesMax: 100 });
    const four = '{"features":["view:n","view:big"],"entities":{"user":["a","b"],"item":[1,2]}}';
    const refused = await post(four, small);
    expect([refused.statusCode, refused.json().code]).toEqual([413, 'MR_SERVE_TOO_LARGE']);
    expect(refused.json().fix).toContain('at most 1 rows');
    const long = await post(four.padEnd(101), small);
    expect([long.statusCode, long.json().code]).toEqual([413, 'MR_SERVE_TOO_LARGE']);
    await small.close();
  });

  it.each([
    ['[]', 'model_attributes_type'],
    ['{"features":"x","entities":{}}', 'list_type'],
    ['{"features":[1],"entities":{}}', 'string_type'],
    ['{"features":["view:n"],"entities":[]}', 'dict_type'],
    ['{"features":["view:n"],"entities":{},"full_feature_names":"x"}', 'bool_type'],
    ['{"feature_service":1,"entities":{}}', 'string_type'],
    ['', 'json_invalid'],
    ['{"features":[[9007199254740993]],"entities":{}}', 'string_type'],
    ['{"features":9007199254740993,"entities":{}}', 'list_type'],
  ])('answers 422 to %s', async (body, type) => {
    const reply = await post(body);
    expect(reply.statusCode).toBe(422);
    expect(reply.json().detail[0].type).toBe(type);
  });
});

describe('the server', () => {
  it('serves metrics, an OpenAPI document and no CORS headers', async () => {
    const metrics = await server.inject('/metrics');
    expect(metrics.headers['content-type']).toContain('openmetrics-text');
    expect(metrics.body).toMatch(/request_duration_seconds_count\{route="[^"]+",status="200"\} \d/);
    expect(metrics.body).toMatch(/feature_age_ms_count\{view="view"\} \d/);
    expect(metrics.body.endsWith('# EOF\n')).toBe(true);
    const document = (await server.inject('/openapi.json')).json();
    expect(Object.keys(document.paths)).toContain('/v1/features/view/{user},{item}');
    const reply = await server.inject({ url: '/health', headers: { origin: 'http://x' } });
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('names the nearest route, and the method of one', async () => {
    const wrong = await server.inject({ method: 'POST', url: '/get-online-feature' });
    expect([wrong.statusCode, wrong.json()]).toEqual([
      404,
      {
        detail: 'Not Found',
        code: 'MR_SERVE_REQUEST',
        message: 'there is no route /get-online-feature',
        where: 'path',
        fix: 'did you mean "/get-online-features"?',
      },
    ]);
    const got = await server.inject('/get-online-features');
    expect([got.statusCode, got.headers['allow'], got.json().fix]).toEqual([
      405,
      'POST',
      'use the method POST',
    ]);
  });

  it('says 503 when the store fails', async () => {
    const broken = serverWith({
      store: {
        ...store,
        greatestAsOfMs: () => {
          throw new Error('gone');
        },
      },
    });
    expect((await broken.inject('/health')).statusCode).toBe(503);
    await broken.close();
  });

  it('listens on the loopback and answers what is in when it closes', async () => {
    const asked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slow: OnlineStore = {
      ...store,
      read: async (name, keys) => {
        asked.resolve();
        await released.promise;
        return store.read(name, keys);
      },
    };
    const running = await startFeatureServer({ plan, store: slow, clock, port: 0 });
    expect(running.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const inFlight = fetch(`${running.url}/v1/features/view/u1,1`);
    await asked.promise;
    const closed = running.close();
    setImmediate(released.resolve);
    await closed;
    expect((await inFlight).status).toBe(200);
    await expect(fetch(`${running.url}/health`)).rejects.toThrow();
  });

  it('names a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(startFeatureServer({ plan, store, port })).rejects.toMatchObject({
      code: 'MR_SERVE_PORT',
      message: `cannot serve on 127.0.0.1:${port}: another process listens on it`,
      fix: expect.stringContaining('--port'),
    });
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('what others bring to the server', () => {
  it('tells a listener of each view that was answered, with keys, rows and features', async () => {
    const served: ServedRows[] = [];
    const watched = serverWith({ onServed: (rows) => served.push(rows) });
    const headers = { 'x-request-id': 'r1' };
    const body = '{"features":["view:big","view:n"],"entities":{"user":["u1","x"],"item":[1,2]}}';
    await watched.inject({ method: 'POST', url: '/get-online-features', headers, payload: body });
    await watched.inject('/v1/features/view/u1,9007199254740993?features=total');
    expect(
      served.map(({ keys, rows, features, requestId, nowMs }) => [
        keys.length,
        rows.map((row) => row !== null),
        features,
        requestId,
        nowMs,
      ]),
    ).toEqual([
      [2, [false, false], [2, 0], 'r1', 6000],
      [1, [true], [1], null, 6000],
    ]);
    await watched.close();
  });

  it('serves routes of others, with its own answers to their failures', async () => {
    const path = '/echo';
    const withRoute = serverWith({
      routes: [
        { method: 'POST', path, summary: 'Echo', handle: ({ body }) => ({ status: 202, body }) },
        {
          method: 'GET',
          path,
          summary: 'Refuses',
          handle: () => {
            throw new MillraceError('MR_UNKNOWN_VIEW', 'no such view');
          },
        },
      ],
    });
    const reply = await withRoute.inject({ method: 'POST', url: path, payload: '{"a":1}' });
    expect([reply.statusCode, reply.body]).toEqual([202, '{"a":1}']);
    expect((await withRoute.inject(path)).json().code).toBe('MR_UNKNOWN_VIEW');
    expect((await withRoute.inject('/openapi.json')).json().paths['/echo'].post.summary).toBe(
      'Echo',
    );
    await withRoute.close();
  });

  it('is not healthy while the store refills', async () => {
    const health = () => ({ state: 'refilling', message: '3 of 10 views' }) as const;
    const refilling = serverWith({ store: { ...store, health } });
    const reply = await refilling.inject('/health');
    expect([reply.statusCode, reply.json()]).toEqual([
      503,
      { status: 'refilling', message: '3 of 10 views' },
    ]);
    await refilling.close();
  });
});
