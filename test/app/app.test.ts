// The programmatic surface: an environment as an App, its typed reads, what becomes of stored rows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  millrace,
  rolling,
  stream,
  sum,
  t,
  type ProblemsError,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { memoryStore } from 'millrace/memory';
import { redis } from 'millrace/redis';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { temporaryFolder } from '../cli/run-cli.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  ttl: '1d',
  features: (p) => ({
    total_1h: sum(p.amount).over(rolling('1h')),
    count_1h: count().over(rolling('1h')),
  }),
});
const wider = featureView('spend', {
  entity: user,
  from: purchases,
  ttl: '1d',
  features: (p) => ({
    total_1h: sum(p.amount).over(rolling('2h')),
    count_1h: count().over(rolling('2h')),
  }),
});

const startMs = Date.UTC(2026, 0, 5);
const hour = 3_600_000;
let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function record(user_id: string, amount: bigint, ms: number): string {
  return `{"user_id":"${user_id}","amount":${amount},"ts":${startMs + ms}}`;
}

function writeData(...lines: readonly string[]): void {
  writeFileSync(join(folder.path, 'purchases.jsonl'), lines.map((line) => `${line}\n`).join(''));
}

function configOf(online = embedded('./online'), view: object = spend): Config {
  return defineConfig({
    project: 'shop',
    definitions: [{ view }],
    environments: {
      local: {
        streams: { purchases: file('./purchases.jsonl') },
        online,
        offline: featureLog('./offline'),
        deadLetters: './dead-letters',
      },
    },
  });
}

function open(config: Config): ReturnType<typeof millrace> {
  return millrace(config, { baseDirectory: folder.path });
}

describe('an app', () => {
  it('runs, reads with the types of the definition, and serves what it reads', async () => {
    writeData(
      record('u1', 9_007_199_254_740_993n, 0),
      record('u1', 2n, 1000),
      record('u2', 5n, hour),
    );
    const app = await open(configOf());
    const progress: number[] = [];
    const summary = await app.run({
      untilEnd: true,
      onProgress: ({ recordsIn }) => progress.push(recordsIn),
    });
    expect(summary).toMatchObject({ records_in: 3, views: { spend: { entities: 2 } } });
    expect(progress.at(-1)).toBe(3);
    const { values, status, eventTime, ageMs } = await app.store.get(spend, { user_id: 'u1' });
    expectTypeOf(values.total_1h).toEqualTypeOf<bigint | null>();
    expectTypeOf(values.count_1h).toEqualTypeOf<number | null>();
    expect(values).toEqual({ total_1h: 9_007_199_254_740_995n, count_1h: 2 });
    expect({ status, eventTime }).toEqual({
      status: { total_1h: 'PRESENT', count_1h: 'PRESENT' },
      eventTime: startMs + 1000,
    });
    expect(ageMs).toBe(hour - 1000);
    const server = await app.serve({ port: 0 });
    const response = await fetch(`${server.url}/v1/features/spend/u1`);
    expect(await response.text()).toContain('"value":9007199254740995');
    await app.close();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('can be read and run again while it serves, in either store', async () => {
    for (const online of [embedded('./online'), memoryStore()]) {
      writeData(record('u1', 1n, 0));
      const app = await open(configOf(online));
      await app.run();
      const server = await app.serve({ port: 0 });
      writeData(record('u1', 1n, 0), record('u1', 10n, 1000));
      await Promise.all([app.run(), app.store.get(spend, { user_id: 'u1' })]);
      const response = await fetch(`${server.url}/v1/features/spend/u1`);
      expect(await response.json()).toMatchObject({ features: { total_1h: { value: 11 } } });
      await app.close();
    }
  });

  it('stops cleanly when its signal aborts', async () => {
    writeData(...Array.from({ length: 500 }, (_, i) => record('u1', 1n, i * 1000)));
    const config = configOf();
    const streams = { purchases: file('./purchases.jsonl', { ratePerSecond: 200, loop: true }) };
    const local = { ...config.environments['local'], streams };
    const app = await open(defineConfig({ ...config, environments: { local } }));
    const stop = new AbortController();
    const run = app.run({
      signal: stop.signal,
      onProgress: ({ recordsIn }) => recordsIn > 20 && stop.abort(),
    });
    const { records_in } = await run;
    expect(records_in).toBeGreaterThan(20);
    expect(records_in).toBeLessThan(500);
    expect((await app.store.get(spend, { user_id: 'u1' })).values.count_1h).toBe(records_in);
    await expect(app.run({ untilEnd: true })).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
    await app.close();
  });

  it('refuses what it cannot know: views, keys, a second run, a training set without history', async () => {
    writeData(record('u1', 1n, 0));
    const app = await open(configOf());
    await expect(app.store.get(spend, { user_id: 'u1' })).rejects.toMatchObject({
      code: 'MR_STORE_OPEN',
    });
    await app.run();
    expect(() => app.view('spent')).toThrow(
      expect.objectContaining({ code: 'MR_UNKNOWN_VIEW', fix: 'did you mean "spend"?' }),
    );
    await expect(app.read('spend', { user: 'u1' })).rejects.toMatchObject({
      code: 'MR_UNKNOWN_KEY',
    });
    const running = app.run();
    await expect(app.run()).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' });
    await running;
    await app.close();
  });
});

describe('rows that a store has already', () => {
  it('are refused when the definition changed, and dropped when that is asked for', async () => {
    writeData(record('u1', 1n, 0), record('u1', 2n, 1.5 * hour));
    const before = await open(configOf());
    await before.run();
    await before.close();
    const after = await open(configOf(embedded('./online'), wider));
    await expect(after.run()).rejects.toMatchObject({ code: 'MR_STORE_SCHEMA' });
    await after.run({ existing: 'dropChanged' });
    expect((await after.store.get(wider, { user_id: 'u1' })).values.total_1h).toBe(3n);
    await after.close();
  });

  it('go when a run starts from fresh state', async () => {
    for (const online of [embedded('./online'), memoryStore()]) {
      writeData(record('u1', 1n, 0), record('u2', 2n, hour / 2));
      const app = await open(configOf(online));
      await app.run();
      writeData(record('u1', 7n, -hour));
      await app.run();
      expect((await app.store.get(spend, { user_id: 'u1' })).values.total_1h).toBe(1n);
      await app.run({ existing: 'dropAll' });
      const read = await app.store.get(spend, { user_id: 'u1' });
      expect(read).toMatchObject({ values: { total_1h: 7n }, ageMs: 0 });
      expect((await app.store.get(spend, { user_id: 'u2' })).status.total_1h).toBe('NOT_FOUND');
      await app.close();
    }
  });
});

describe('an environment of servers that cannot be used yet', () => {
  const production = defineConfig({
    project: 'shop',
    definitions: [{ spend }],
    environments: {
      production: {
        streams: { purchases: kafka({ brokers: ['localhost:9092'], topic: 'raw.purchases' }) },
        online: redis('redis://localhost:1', { openTimeout: '10ms' }),
        outputs: { spend: kafka({ brokers: ['localhost:9092'], topic: 'features.spend' }) },
        engine: flink({ gateway: 'http://localhost:8083', jobManager: 'http://localhost:8081' }),
      },
    },
  });

  it('can be planned; what is missing is said by what needs it, and nothing pretends', async () => {
    const app = await millrace(production, { env: 'production' });
    expect(app.plan.views).toHaveLength(1);
    expect(app.check()).toEqual([]);
    await expect(app.run()).rejects.toMatchObject({
      code: 'MR_KAFKA_UNREACHABLE',
      message: expect.stringContaining('localhost:9092') as string,
    });
    const closed = { code: 'MR_STORE_OPEN' };
    await expect(app.serve({ port: 0 })).rejects.toMatchObject(closed);
    await expect(app.store.get(spend, { user_id: 'u1' })).rejects.toMatchObject(closed);
  });

  it('says what is wrong with the format of a topic before it is opened', async () => {
    const topic = { brokers: ['localhost:9092'], topic: 'raw.purchases' };
    const problemsOf = async (options: Parameters<typeof kafka>[0]) => {
      const streams = { purchases: kafka(options) };
      const environments = { production: { streams } };
      const config = defineConfig({ project: 'shop', definitions: [{ spend }], environments });
      const problems = await millrace(config, { env: 'production' }).then(
        (app) => app.check(),
        (error: unknown) => (error as ProblemsError).problems,
      );
      return problems.map(({ code, path, message }) => [code, path, message]);
    };
    const place = 'environments.production.streams.purchases';
    expect(await problemsOf({ ...topic, format: 'json' })).toEqual([]);
    expect(await problemsOf({ ...topic, format: 'parquet' })).toEqual([
      ['MR_CONFIG_INVALID', place, 'topic raw.purchases: format "parquet" is not one of messages'],
    ]);
    const wrong = { ...topic, formatOptions: { timestmp: 's' } };
    expect(await problemsOf(wrong)).toEqual([
      ['MR_CONFIG_INVALID', place, expect.stringContaining('timestmp')],
    ]);
    expect(() => kafka({ ...topic, format: 'avro' })).toThrow(/registry/);
  });

  it('checks its options when they are written', () => {
    expect(() => redis('localhost:6379')).toThrow(/redis URL/);
    expect(() => kafka({ brokers: [], topic: 'x' })).toThrow(/brokers/);
    expect(() => flink({ gateway: 'x', jobManager: 'http://localhost:8081' })).toThrow(/gateway/);
  });
});
