import { connect } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import { featureFields, type Plan } from '../../plan/plan.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { columnNode, featureNode, singleViewPlan } from '../../testing/plan-nodes.ts';
import { packRows } from '../../columns/packed-row-writer.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { openAccessLog } from './gate/access-log.ts';
import { type FeatureServerOptions, startFeatureServer } from './feature-server.ts';

const fields: readonly Field[] = [
  { name: 'user', type: { kind: 'string' }, nullable: false },
  { name: 'amount', type: { kind: 'float64' }, nullable: true },
  { name: 'ts', type: { kind: 'timestamp' }, nullable: false },
];
const amount = columnNode(fields[1] as Field);
const base = singleViewPlan({
  fields,
  eventTime: { field: 'ts' },
  key: ['user'],
  features: [featureNode('total', { fn: 'sum', input: amount, window: { kind: 'lifetime' } })],
});
const plan: Plan = {
  ...base,
  views: base.views.flatMap((view) => [view, { ...view, name: 'other', uid: 'other' }]),
};
const [view] = plan.views;
if (view === undefined) throw new Error('no view');
const batch = vectorBatch(
  { view: 'view', key: fields.slice(0, 1), features: featureFields(view) },
  [{ key: { user: 'u1' }, values: { total: 2.5 }, asOfMs: Date.now(), seq: 1 }],
);
const rows = packRows(batch, [0]);

type Read = OnlineStore['read'];
const found: Read = (_, keys) => keys.map(() => rows[0] ?? null);

function storeWith(read: Read, more: Partial<OnlineStore> = {}): OnlineStore {
  return {
    write: () => Promise.resolve(),
    read,
    async *scan() {},
    greatestAsOfMs: () => null,
    writeNote: () => Promise.resolve(),
    readNote: () => null,
    close: () => Promise.resolve(),
    ...more,
  };
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: Partial<FeatureServerOptions> = {}): Promise<string> {
  // Others on the machine may keep the event loop waiting: that is not what is tested here.
  const calm = { loopDelayMsMax: 0, deadlineMs: 10_000 };
  const store = storeWith(found);
  const server = await startFeatureServer({ plan, store, port: 0, ...calm, ...options });
  closing.push(() => server.close());
  return server.url;
}

const ask = (names: string, users: readonly string[] = ['u1']): string =>
  JSON.stringify({ features: names.split(','), entities: { user: users } });

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(`${url}/get-online-features`, { method: 'POST', headers: all, body });
}

async function failureOf(reply: Response): Promise<{ code: string; message: string }> {
  return (await reply.json()) as { code: string; message: string };
}

describe('deadlines', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it.each(['post', 'get'])(
    'answers %s with 503 when the store does not answer in time',
    async (way) => {
      const url = await serve({ store: storeWith(never), deadlineMs: 60 });
      const startMs = performance.now();
      const reply =
        way === 'post' ? post(url, ask('view:total')) : fetch(`${url}/v1/features/view/u1`);
      const answer = await reply;
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toMatchObject({
        code: 'MR_SERVE_DEADLINE',
        where: 'online store',
      });
      expect(performance.now() - startMs).toBeLessThan(1500);
    },
  );

  it('takes a shorter deadline from the caller, and recovers by itself', async () => {
    let read: Read = never;
    const url = await serve({ store: storeWith((name, keys) => read(name, keys)) });
    const late = await post(url, ask('view:total'), { 'x-request-timeout-ms': '40' });
    expect((await failureOf(late)).message).toContain('40 ms');
    read = found;
    expect((await post(url, ask('view:total'))).status).toBe(200);
  });

  it('answers 503 with the cause when the store is away, and says so in /health', async () => {
    const away = () => Promise.reject(new MillraceError('MR_STORE_AWAY', 'redis does not answer'));
    const health = () => ({ state: 'away', message: 'since 3 s' }) as const;
    const url = await serve({ store: storeWith(away, { health }) });
    const reply = await post(url, ask('view:total'));
    expect([reply.status, (await failureOf(reply)).code]).toEqual([503, 'MR_STORE_AWAY']);
    const healthy = await fetch(`${url}/health`);
    expect([healthy.status, await healthy.json()]).toEqual([
      503,
      { status: 'away', message: 'since 3 s' },
    ]);
  });
});

describe('load shedding', () => {
  it('refuses at once what is more than it may hold, and holds again what comes later', async () => {
    const released = Promise.withResolvers<void>();
    const slow: Read = async (name, keys) => {
      await released.promise;
      return found(name, keys);
    };
    const url = await serve({ store: storeWith(slow), inFlightMax: 2, deadlineMs: 5000 });
    const inside = [post(url, ask('view:total')), fetch(`${url}/v1/features/view/u1`)];
    let refused = await post(url, ask('view:total'), { 'x-request-timeout-ms': '1' });
    for (let i = 0; i < 50 && (await failureOf(refused.clone())).code !== 'MR_SERVE_BUSY'; i++) {
      refused = await post(url, ask('view:total'), { 'x-request-timeout-ms': '1' });
    }
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    for (const path of ['/health', '/metrics']) {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    }
    released.resolve();
    expect((await Promise.all(inside)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/requests_shed_total [1-9]/);
    expect((await post(url, ask('view:total'))).status).toBe(200);
  });

  it('counts out callers that go away', async () => {
    const asked = Promise.withResolvers<void>();
    const slow: Read = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const url = await serve({ store: storeWith(slow), inFlightMax: 1, deadlineMs: 60_000 });
    const given = new AbortController();
    const gone = fetch(`${url}/v1/features/view/u1`, { signal: given.signal }).catch(() => null);
    await asked.promise;
    given.abort();
    await gone;
    await expect.poll(async () => (await fetch(`${url}/openapi.json`)).status).toBe(200);
  });
});

describe('tokens', () => {
  const tokens = [
    { name: 'ranking', token: 'a'.repeat(20), views: ['view'] },
    { name: 'ops', token: 'b'.repeat(20) },
  ];
  const bearer = (letter: string) => ({ authorization: `Bearer ${letter.repeat(20)}` });

  it('opens only what the token opens', async () => {
    const url = await serve({ tokens });
    const status = async (letter: string | null, names: string): Promise<unknown> => {
      const reply = await post(url, ask(names), letter === null ? {} : bearer(letter));
      return [reply.status, reply.status === 200 ? null : (await failureOf(reply)).code];
    };
    expect(await status(null, 'view:total')).toEqual([401, 'MR_SERVE_TOKEN']);
    expect(await status('x', 'view:total')).toEqual([401, 'MR_SERVE_TOKEN']);
    expect(await status('a', 'view:total')).toEqual([200, null]);
    expect(await status('a', 'other:total')).toEqual([403, 'MR_SERVE_DENIED']);
    expect(await status('b', 'other:total')).toEqual([200, null]);
    const one = (letter: string) =>
      fetch(`${url}/v1/features/other/u1`, { headers: bearer(letter) });
    expect([(await one('a')).status, (await one('b')).status]).toEqual([403, 200]);
    for (const path of ['/metrics', '/docs', '/openapi.json', '/nowhere']) {
      expect((await fetch(`${url}${path}`)).status).toBe(401);
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('lets routes of others ask who may write', async () => {
    const writer = { name: 'writer', token: 'c'.repeat(20), writes: ['view'] };
    const url = await serve({
      tokens: [...tokens, writer],
      routes: [
        {
          method: 'POST',
          path: '/push',
          summary: 'Push',
          handle({ mayWrite }) {
            mayWrite('view');
            return { body: '' };
          },
        },
      ],
    });
    const push = async (letter: string) =>
      (await fetch(`${url}/push`, { method: 'POST', headers: bearer(letter) })).status;
    expect([await push('a'), await push('c')]).toEqual([403, 200]);
  });

  it.each([
    [{ name: 'n', token: 'short' }, 'fewer than 16 characters'],
    [{ name: 'n', token: 'd'.repeat(16), views: ['viw'] }, '"viw"'],
    [{ name: 'n', token: 'a'.repeat(20) }, 'token of another'],
  ])('refuses a grant that cannot be meant', async (grant, why) => {
    await expect(serve({ tokens: [...tokens, grant] })).rejects.toMatchObject({
      code: 'MR_SERVE_TOKENS',
      message: expect.stringContaining(why),
    });
  });
});

describe('the memory for hot keys', () => {
  it('reads each key once in its time, also one without a row', async () => {
    const reads: number[] = [];
    const counting: Read = (_, keys) => {
      reads.push(keys.length);
      return keys.map((key) => (key.length === 7 ? (rows[0] ?? null) : null));
    };
    const url = await serve({ store: storeWith(counting), cacheMs: 60_000 });
    const first = await (await post(url, ask('view:total', ['u1', 'nobody']))).text();
    expect(await (await post(url, ask('view:total', ['u1', 'nobody']))).text()).toBe(first);
    await post(url, ask('view:total', ['u1', 'u2']));
    expect(reads).toEqual([2, 1]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('feature_cache_hits_total 3');
  });
});

describe('the wire', () => {
  it('ends a connection that sends too much, with 413', async () => {
    const url = await serve({ bodyBytesMax: 1000 });
    for (const head of [`content-length: 5000`, 'transfer-encoding: chunked']) {
      const text = await raw(
        url,
        head,
        head.includes('chunked') ? `7d0\r\n${'x'.repeat(2000)}` : '',
      );
      expect(text).toMatch(/^HTTP\/1.1 413 /);
      expect(text).toContain('MR_SERVE_TOO_LARGE');
      expect(text.toLowerCase()).toContain('connection: close');
    }
  });

  it('serves a page without anything from elsewhere', async () => {
    const url = await serve();
    const reply = await fetch(`${url}/docs`);
    const html = await reply.text();
    expect(reply.headers.get('content-type')).toContain('text/html');
    expect(html).not.toMatch(/https?:\/\//);
    const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
    expect(() => new Script(script)).not.toThrow();
  });

  it('logs routes, statuses and callers, never keys or values', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-access-'));
    const path = join(folder, 'access.log');
    const server = await startFeatureServer({
      plan,
      store: storeWith(found),
      port: 0,
      tokens: [{ name: 'ops', token: 'b'.repeat(20) }],
      accessLog: openAccessLog(path),
    });
    const headers = { authorization: `Bearer ${'b'.repeat(20)}`, 'x-request-id': 'r-1' };
    await (await post(server.url, ask('view:total', ['secret-key']), headers)).text();
    await (await fetch(`${server.url}/v1/features/view/secret-key`, { headers })).text();
    await (await fetch(`${server.url}/v1/features/view/secret-key`)).text();
    await server.close();
    const text = readFileSync(path, 'utf8');
    rmSync(folder, { recursive: true });
    expect(text).not.toMatch(/secret|2\.5|bbbb/);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ route, status, caller }) => [route, status, caller])).toEqual([
      ['/get-online-features', 200, 'ops'],
      ['/v1/features/*', 200, 'ops'],
      ['/v1/features/*', 401, undefined],
    ]);
    expect(lines[0]).toMatchObject({ method: 'POST', request_id: 'r-1', ms: expect.any(Number) });
  });
});

/** What the server says to a request that never ends. */
function raw(url: string, head: string, body: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST /get-online-features HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n${body}`);
    });
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
