// Rows of a deployed job reach every online store, merged; definitions change, keys are removed. The test
// writes what the job would, into a real Kafka.
import { join } from 'node:path';
import { type App, millrace } from 'millrace';
import { embedded } from 'millrace/embedded';
import { memoryStore } from 'millrace/memory';
import { postgres } from 'millrace/postgres';
import { redis } from 'millrace/redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OnlineStoreBinding } from '../../../../src/ports/online-store.ts';
import { temporaryFolder } from '../../../cli/run-cli.ts';
import { type KafkaCluster, startKafka } from '../../kafka/kafka-cluster.ts';
import { createTopic, produce } from '../../kafka/topics.ts';
import { type PostgresServer, startPostgres } from '../../postgres-server.ts';
import { type RedisServer, startRedis } from '../../redis/redis-server.ts';
import { howToRun, withServices } from '../../service.ts';
import { from, startMs, topicOf, users, writeRows } from './group-rows.ts';
import { loadedConfig, spend } from './loaded-project.ts';

let brokers: KafkaCluster;
let redisServer: RedisServer;
let feastServer: RedisServer;
let postgresServer: PostgresServer;
const folder = temporaryFolder();

const stores: Readonly<Record<string, () => OnlineStoreBinding>> = {
  memory: () => memoryStore(),
  embedded: () => embedded(join(folder.path, 'online')),
  redis: () => redis(redisServer.url),
  "redis, layout 'feast'": () => redis(feastServer.url, { layout: 'feast' }),
  postgres: () => postgres(postgresServer.url),
};

interface Loading {
  readonly app: App;
  /** Stops the run, and says what it did. */
  readonly stop: () => ReturnType<App['run']>;
}

async function loading(
  name: string,
  online: OnlineStoreBinding,
  isWider = false,
): Promise<Loading> {
  const place = { folder: join(folder.path, name), brokers: brokers.brokers, url: redisServer.url };
  const config = loadedConfig({ ...place, isWider }, { online });
  const app = await millrace(config, { env: 'fleet', baseDirectory: folder.path });
  const stopped = new AbortController();
  const run = app.run({ signal: stopped.signal });
  run.catch(() => undefined);
  return {
    app,
    stop: async () => {
      stopped.abort();
      const summary = await run;
      await app.close();
      return summary;
    },
  };
}

type Values = Readonly<Record<string, unknown>> | null;

/** What readers get of a user, as soon as it is `expected`. */
async function read(app: App, user_id: string, expected: Values): Promise<Values> {
  let values: Values = null;
  for (let tries = 0; tries < 300; tries++) {
    // A store that nobody has written to yet cannot be read.
    const found = await app.store.get(spend, { user_id }).catch(() => null);
    values = (found?.values ?? null) as Values;
    const isThere = Object.entries(expected ?? {}).every(
      ([name, value]) => values?.[name] === value,
    );
    if (values !== null && isThere) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return values;
}

/** How many rows of each topic the loader has not committed. */
async function lagOf(app: App): Promise<Readonly<Record<string, number>> | undefined> {
  const [loader] = (await app.lag.read()).filter(({ group }) => group === 'shop-fleet');
  return loader?.topics;
}

describe.skipIf(!withServices)(`rows that Flink computed (${howToRun})`, () => {
  beforeAll(async () => {
    brokers = await startKafka();
    redisServer = await startRedis();
    feastServer = await startRedis();
    postgresServer = await startPostgres();
    for (const group of ['rolling_1h', 'tumbling_5m', 'rolling_1d'] as const) {
      await createTopic(brokers.brokers, { name: topicOf(group), partitions: 2 });
    }
    await writeRows(brokers.brokers, 'rolling_1h', from(1, 20));
    await writeRows(brokers.brokers, 'tumbling_5m', from(1, 10));
  }, 240_000);

  afterAll(async () => {
    const servers = [brokers, redisServer, feastServer, postgresServer];
    await Promise.all(servers.map((server) => server.stop()));
    folder.remove();
  });

  it.each(Object.keys(stores))(
    'are merged into %s',
    async (name) => {
      const online = stores[name]?.() ?? memoryStore();
      const { app, stop } = await loading(name, online);
      const expected = { spent: 10, bought: 20, bought_5m: 10, both: 30 };
      expect(await read(app, 'u7', expected)).toEqual(expected);
      const { eventTime } = await app.read('spend', { user_id: 'u7' });
      expect(eventTime).toBe(startMs + 20_000);
      expect(await stop()).toMatchObject({ dead_letters: 0, late_records: 0, restarts: 0 });
    },
    60_000,
  );

  it('go on where the last run was, and read topics of new windows from their beginning', async () => {
    const online = redis(redisServer.url);
    const first = await loading('wider', online);
    await read(first.app, 'u1', { bought: 20, bought_5m: 10 });
    // Rows of other tests are in this store already, so that a reader does not know what this run read.
    const recordsRead = async (): Promise<number> =>
      (await first.app.status()).last?.num_records_in ?? 0;
    await expect.poll(recordsRead, { timeout: 40_000 }).toBe(30 * users.length);
    await first.stop();
    await writeRows(brokers.brokers, 'rolling_1d', from(1, 5));
    const second = await loading('wider', online, true);
    const expected = { spent: 10, bought: 20, bought_5m: 10, both: 30, bought_1d: 5 };
    expect(await read(second.app, 'u1', expected)).toEqual(expected);
    const { flink, problems } = await second.app.status();
    expect(flink).toMatchObject({
      reachable: false,
      state: 'UNKNOWN',
      name: 'millrace-shop-fleet',
    });
    expect(problems.map(({ about, level }) => [about, level])).toEqual([['flink', 'critical']]);
    const { records_in } = await second.stop();
    // What it has read it has committed, for whoever watches lag.
    const groups = ['rolling_1d', 'rolling_1h', 'tumbling_5m'] as const;
    const none = Object.fromEntries(groups.map((name) => [topicOf(name), 0]));
    expect(await lagOf(second.app)).toEqual(none);
    // Of the topics that it knew nothing is read again.
    expect(records_in).toBe(5 * users.length);
  }, 60_000);

  it('are removed when their topic removes the key', async () => {
    const online = memoryStore();
    const { app, stop } = await loading('removed', online);
    await read(app, 'u2', { bought: 20, bought_5m: 10 });
    const key = JSON.stringify({ user_id: 'u2' });
    await produce(brokers.brokers, topicOf('tumbling_5m'), [{ key }]);
    const expected = { spent: 10, bought: 20, bought_5m: 0, both: 20 };
    expect(await read(app, 'u2', expected)).toEqual(expected);
    expect(await stop()).toMatchObject({ dead_letters: 0 });
  }, 60_000);
});
