// A stock Feast SDK reads our features: from Redis, in its own layout, and from our server over HTTP.
// The witness for what values ought to be is our own typed read; for what an answer over HTTP ought to
// look like, Feast's own server on the same Redis.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redis } from '../../../src/adapters/redis/index.ts';
import { type App, millrace } from '../../../src/app/millrace.ts';
import type { FeatureServer } from '../../../src/serve/http/feature-server.ts';
import { type Service, howToRun, withServices } from '../service.ts';
import { type RedisServer, startRedis } from '../redis/redis-server.ts';
import { allTypesProject, plainFeatures, startMs } from './all-types-project.ts';
import { runFeastScript, startFeast } from './feast-environment.ts';

const features = [...plainFeatures, 'events', 'by_text'];
const users = ['u0', 'u1', 'u2', 'nobody'];

/** Reads what the SDK gives by one configuration, as JSON that keeps types apart. */
const script = `
import base64, datetime, decimal, json, pathlib, sys
from feast import FeatureStore
def plain(v):
    if isinstance(v, datetime.datetime): return {"seconds": int(v.timestamp())}
    if isinstance(v, bytes): return {"base64": base64.b64encode(v).decode()}
    if isinstance(v, decimal.Decimal): return {"decimal": str(v)}
    if isinstance(v, bool) or v is None: return v
    if isinstance(v, int): return {"int": str(v)}
    if isinstance(v, list): return [plain(x) for x in v]
    if isinstance(v, dict): return {k: plain(x) for k, x in v.items()}
    return v
store = FeatureStore(fs_yaml_file=pathlib.Path(sys.argv[1]))
answers = {}
for name, rows, features in json.loads(sys.argv[2]):
    wanted = store.get_feature_service(features) if isinstance(features, str) else features
    try: answers[name] = plain(store.get_online_features(features=wanted, entity_rows=rows).to_dict())
    except Exception as e: answers[name] = {"error": str(e).split("\\n")[0]}
print(json.dumps({
    "answers": answers,
    "views": {v.name: [v.entities, v.owner, v.description, v.tags, v.ttl.total_seconds()] for v in store.list_feature_views()},
    "entities": sorted(e.name for e in store.list_entities()),
    "services": {s.name: [s.owner, s.description] for s in store.list_feature_services()},
}))
`;

type Rows = readonly Readonly<Record<string, unknown>>[];
type Query = readonly [name: string, rows: Rows, features: readonly string[] | string];

const userRows: Rows = users.map((user_id) => ({ user_id }));
const minuteSeconds = startMs / 1000;

/** Rows for what is computed at read time: numbers at their edges, nulls, an entity that is not there. */
const requests: Rows = [
  { user_id: 'u0', item_id: 7, x: 2.5, n: 7, word: 'élan' },
  { user_id: 'u0', item_id: 7, x: -0.5, n: -7, word: '' },
  { user_id: 'u0', item_id: 7, x: 0, n: 0, word: 'other' },
  { user_id: 'u1', item_id: 7, x: 1000, n: -3, word: 'x' },
  { user_id: 'u2', item_id: 8, x: -2.5, n: 2, word: 'é' },
  { user_id: 'nobody', item_id: 1, x: 1, n: 1, word: 'w' },
];

const computedFeatures = [
  ...['added', 'quotient', 'by_zero', 'rest', 'rounded', 'floored', 'raised', 'root', 'logarithm'],
  ...['power', 'more', 'has_flag', 'both', 'named', 'word_length', 'starts', 'choice', 'first'],
  ...['listed', 'greatest'],
];

const queries: readonly Query[] = [
  ...features.map((name): Query => [name, userRows, [`all_types:${name}`]]),
  ['one by one', [{ user_id: 'u0' }], features.map((name) => `all_types:${name}`)],
  [
    'pairs',
    [
      { user_id: 'u0', item_id: 7 },
      { user_id: 'u0', item_id: 8 },
      { user_id: 'u2', item_id: 8 },
    ],
    ['pairs:pair_events', 'pairs:pair_doubles', 'pairs:pair_twice'],
  ],
  [
    'service',
    [
      { user_id: 'u0', item_id: 7 },
      { user_id: 'u2', item_id: 8 },
    ],
    'model',
  ],
  [
    'days',
    [
      { day: '2026-11-20', slot: 3 },
      { day: '2026-11-21', slot: 3 },
    ],
    ['days:day_events'],
  ],
  [
    'minutes',
    [{ minute: minuteSeconds }, { minute: minuteSeconds + 60 }],
    ['minutes:minute_events'],
  ],
  ['totals', [{ user_id: 'whoever' }], ['totals:total_events']],
  ['computed', requests, computedFeatures.map((name) => `computed:${name}`)],
  ['priced', requests, 'priced'],
  ['expired', [{ user_id: 'u0' }, { user_id: 'u2' }], ['short_lived:short_sum']],
];

type Answer = Readonly<Record<string, readonly unknown[]>> | { readonly error: string };

interface ScriptResult {
  readonly answers: Readonly<Record<string, Answer>>;
  readonly views: Readonly<Record<string, readonly unknown[]>>;
  readonly entities: readonly string[];
  readonly services: Readonly<Record<string, readonly unknown[]>>;
}

/** A value that the SDK gave by Redis, as JSON over HTTP can say it. */
function overHttp(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(overHttp);
  if (typeof value !== 'object' || value === null) return value;
  const { seconds, base64, decimal } = value as Record<string, unknown>;
  if (seconds !== undefined) return { int: String(seconds) };
  if (base64 !== undefined) return base64;
  if (decimal !== undefined) return decimal;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, overHttp(one)]));
}

/** A value of our own read as the script writes it. */
function asScript(feature: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (feature === 'at' || feature === 'stamps') {
    const seconds = (ms: unknown) => ({ seconds: Number(ms) / 1000 });
    return Array.isArray(value) ? value.map(seconds) : seconds(value);
  }
  if (feature === 'price') return { decimal: value };
  if (feature === 'doc') return plain(JSON.parse(String(value)), true);
  const isFloat = ['single', 'double', 'doubles'].includes(feature);
  return plain(value, !isFloat);
}

function plain(value: unknown, hasWholes: boolean): unknown {
  if (typeof value === 'bigint') return { int: String(value) };
  if (typeof value === 'number' && hasWholes && Number.isInteger(value))
    return { int: String(value) };
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map((one) => plain(one, hasWholes));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, plain(one, hasWholes)]),
  );
}

// Each script is a process that first loads Feast.
vi.setConfig({ testTimeout: 240_000 });

if (withServices) {
  let folder = '';
  let server: RedisServer | undefined;
  let app: App | undefined;
  let ours: FeatureServer | undefined;
  let feasts: Service | undefined;
  let byRedis: ScriptResult | undefined;
  let byHttp: ScriptResult | undefined;

  const sdk = async (file: string): Promise<ScriptResult> => {
    const args = [file, JSON.stringify(queries)];
    return JSON.parse(await runFeastScript(script, { cwd: join(folder, 'repo'), args }));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-feast-sdk-'));
    server = await startRedis();
    const config = allTypesProject(folder, redis(server.url, { layout: 'feast' }));
    app = await millrace(config, { baseDirectory: folder });
    await app.run({ untilEnd: true });
    ours = await app.serve({ port: 0, feastStrict: true });
    await app.feast.export({ out: join(folder, 'repo'), url: ours.url });
    feasts = await startFeast(join(folder, 'repo'));
    byRedis = await sdk('feature_store.yaml');
    byHttp = await sdk('feature_store.remote.yaml');
  }, 580_000);

  afterAll(async () => {
    await feasts?.stop();
    await app?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const answerOf = (result: ScriptResult | undefined, name: string): Answer =>
    result?.answers[name] ?? { error: 'no answer' };

  describe('a stock SDK', () => {
    it('finds views, entities, services, owners and ttl in the registry that was written', () => {
      expect(byRedis?.views).toEqual(byHttp?.views);
      expect(byRedis?.entities).toEqual(['day', 'item_id', 'minute', 'slot', 'user']);
      expect(byRedis?.views['pairs']).toEqual([
        ['user', 'item_id'],
        '',
        '',
        { stream: 'events' },
        2_592_000,
      ]);
      expect(byRedis?.views['all_types']).toEqual([
        ['user'],
        'features-team',
        'Every type that a feature can have',
        { test: 'true', stream: 'events', freshness_ms: '5000' },
        0,
      ]);
      expect(byRedis?.services).toEqual({
        model: ['features-team', 'What the model reads'],
        priced: ['', ''],
      });
    });

    it.each(features)('reads %s from Redis as we do', async (feature) => {
      const expected = [];
      for (const user_id of users) {
        const read = await app?.read('all_types', { user_id });
        expected.push(asScript(feature, read?.values[feature]));
      }
      expect(answerOf(byRedis, feature)).toEqual({ user_id: users, [feature]: expected });
      expect(expected.some((value) => value !== null)).toBe(true);
    });

    // What the SDK cannot take from any server, Feast's own included: it guesses types from JSON.
    const refused: Readonly<Record<string, string>> = {
      bigs: "Couldn't infer value type from empty value",
      texts: "Couldn't infer value type from empty value",
      counts: "Couldn't infer value type from empty value",
      by_text: "Couldn't infer value type from empty value",
      nested: 'recursion is not allowed',
      'one by one': 'recursion is not allowed',
    };

    it.each(queries.map(([name]) => name))('gets %s over HTTP as from Redis', (name) => {
      const error = refused[name];
      const answer = answerOf(byHttp, name);
      if (error !== undefined) {
        expect(answer).toEqual({ error: expect.stringContaining(error) });
        return;
      }
      const fromRedis = answerOf(byRedis, name);
      expect(fromRedis).not.toHaveProperty('error');
      const expected = overHttp(fromRedis) as Record<string, unknown[]>;
      if (name === 'doc') expected['doc'] = ['{"a":[1,2.5,null],"b":"x"}', null, null, null];
      expect(answer).toEqual(expected);
    });

    it('computes on demand what we compute: numbers, nulls and texts alike', async () => {
      const answer = answerOf(byRedis, 'computed');
      expect(answer).not.toHaveProperty('error');
      for (const [i, { user_id, item_id, x, n, word }] of requests.entries()) {
        const key = { user_id: String(user_id), item_id: BigInt(Number(item_id)) };
        const request = { x: Number(x), n: BigInt(Number(n)), word: String(word) };
        const { values } = (await app?.read('computed', key, request)) ?? { values: {} };
        const row = computedFeatures.map((name) => [name, (answer as never)[name]?.[i]]);
        const wholes = ['rest', 'more', 'word_length'];
        const ours = computedFeatures.map((name) => {
          const value = (values as Readonly<Record<string, unknown>>)[name];
          const isFinite = typeof value !== 'number' || Number.isFinite(value);
          return [name, isFinite ? plain(value, wholes.includes(name)) : null];
        });
        expect(row).toEqual(ours);
      }
    });

    it('reads composite keys, dates, instants and no key at all, and what is not there as null', () => {
      const int = (value: number) => ({ int: String(value) });
      expect(answerOf(byRedis, 'pairs')).toEqual({
        user_id: ['u0', 'u0', 'u2'],
        item_id: [int(7), int(8), int(8)],
        pair_events: [int(1), null, int(1)],
        pair_doubles: [[1.5], null, [2]],
        pair_twice: [int(2), null, int(2)],
      });
      expect(answerOf(byRedis, 'days')).toMatchObject({ day_events: [int(3), null] });
      expect(answerOf(byRedis, 'minutes')).toMatchObject({ minute_events: [int(3), null] });
      expect(answerOf(byRedis, 'totals')).toMatchObject({ total_events: [int(3)] });
      // Feast's SDK does not look at the ttl when it reads online.
      expect(answerOf(byRedis, 'expired')).toMatchObject({ short_sum: [1.5, 2] });
    });
  });

  describe("our server and Feast's own on the same Redis", () => {
    const ask = async (endpoint: string | undefined, [, rows, wanted]: Query): Promise<unknown> => {
      const names = Object.keys(rows[0] ?? {});
      const entities = Object.fromEntries(
        names.map((name) => [name, rows.map((row) => row[name])]),
      );
      const what = typeof wanted === 'string' ? { feature_service: wanted } : { features: wanted };
      const reply = await fetch(`${endpoint}/get-online-features`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ entities, ...what }),
      });
      const { metadata, results } = parseExact(await reply.text()) as {
        readonly metadata: { readonly feature_names: readonly string[] };
        readonly results: readonly unknown[];
      };
      return Object.fromEntries(metadata.feature_names.map((name, i) => [name, results[i]]));
    };

    it.each(queries)('answer %s alike', async (...query) => {
      const answer = await ask(ours?.url, query);
      expect(Object.keys(answer as object).length).toBeGreaterThan(1);
      expect(answer).toEqual(await ask(feasts?.endpoint, query));
    });
  });

  describe('what the export wrote', () => {
    it('is the same bytes the next time', async () => {
      const path = join(folder, 'repo/registry.db');
      const before = readFileSync(path);
      const written = await app?.feast.export({ out: join(folder, 'repo'), url: ours?.url ?? '' });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(written?.left).toEqual([
        {
          name: 'computed_here',
          reason: 'upper has other rules in Python: read it by the remote route',
        },
      ]);
    });

    it('lets the SDK join the feature log to labels at their time', async () => {
      const historical = `
import json, pandas as pd
from feast import FeatureStore
labels = pd.DataFrame({"user_id": ["u0", "u2"], "item_id": [7, 8], "event_timestamp": pd.to_datetime(["2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"])})
table = FeatureStore(repo_path=".").get_historical_features(entity_df=labels, features=["all_types:text", "all_types:double", "pairs:pair_twice"]).to_df().sort_values("user_id")
print(table[["user_id", "text", "double", "pair_twice"]].to_json(orient="records", force_ascii=False))
`;
      const text = await runFeastScript(historical, { cwd: join(folder, 'repo') });
      expect(JSON.parse(text)).toEqual([
        { user_id: 'u0', text: 'é日本"\\', double: 1.5, pair_twice: 2 },
        { user_id: 'u2', text: '', double: 2, pair_twice: 2 },
      ]);
    });
  });
} else {
  it.skip(`a stock Feast SDK reads our features (${howToRun})`, () => undefined);
}

/** JSON with every number as the text that was written: `1.0` is not `1`. */
function parseExact(text: string): unknown {
  return JSON.parse(text, (_, value: unknown, context?: { readonly source: string }) =>
    typeof value === 'number' ? `number ${context?.source}` : value,
  );
}
