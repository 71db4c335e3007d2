// One job on a real cluster with what a deployment in earnest has: state in RocksDB, exactly-once rows in
// a topic, a feature log in Parquet. Its TaskManager is killed under load, it is stopped with a
// savepoint and goes on; readers of committed rows see each row once, and training sets from Flink's
// log are those from the engine's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureLog } from '../../../src/adapters/file/index.ts';
import { flink } from '../../../src/adapters/flink/index.ts';
import { kafka } from '../../../src/adapters/kafka/index.ts';
import { flinkJobs, type FlinkJobs } from '../../../src/app/flink/deploy/flink-jobs.ts';
import {
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  rolling,
  stream,
  sum,
  t,
} from '../../../src/index.ts';
import { type KafkaCluster, startKafka } from '../kafka/kafka-cluster.ts';
import { createTopic, produce } from '../kafka/topics.ts';
import { howToRun, withServices } from '../service.ts';
import {
  type Cluster,
  type ClusterOptions,
  startCluster,
  startTaskManager,
  stopCluster,
} from './flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from './flink-install.ts';
import { parquetJars } from './flink-jars.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  features: (p) => ({
    spent: sum(p.amount).over(rolling('1h')),
    total: sum(p.amount).over(lifetime()),
    n: count().over(lifetime()),
  }),
});
const groups = ['rolling_1h', 'lifetime'] as const;

const startMs = Date.UTC(2026, 10, 20, 12);
const users = 20;
/** A purchase every 100 ms of event time; amounts are whole, so that sums are exact. */
const purchase = (i: number) => ({
  user_id: `u${i % users}`,
  amount: (i * 7) % 100,
  ts: startMs + i * 100,
});

interface Row {
  readonly user_id: string;
  readonly _window: (typeof groups)[number];
  readonly event_time: string;
  readonly spent: number | null;
  readonly total: number | null;
  readonly n: number | null;
}

let folder: string;
let broker: KafkaCluster;
let cluster: Cluster;
let options: ClusterOptions;
const consumers: Consumer[] = [];
let jobs: FlinkJobs;
let written = 0;
const rows: Row[] = [];
/** Rows in the topic, those of transactions that were never committed too. */
let attempts = 0;

function config() {
  const topic = (name: string, more = {}) =>
    kafka({ brokers: [...broker.brokers], topic: name, format: 'json', ...more });
  return defineConfig({
    project: 'sinks',
    definitions: [{ spend }],
    environments: {
      fleet: {
        streams: { purchases: topic('purchases') },
        outputs: { spend: topic('spend', { delivery: 'exactly-once' }) },
        offline: featureLog(join(folder, 'flink-log')),
        checkpoints: { directory: join(folder, 'state'), interval: '2s' },
        state: { backend: 'disk', memory: '64MB' },
        restart: { strategy: 'fixedDelay', delay: '500ms', attempts: 100 },
        engine: flink({
          gateway: cluster.gateway,
          jobManager: cluster.jobManager,
          settle: '1s',
        }),
      },
      local: {
        streams: { purchases: topic('purchases', { until: 'latest' }) },
        offline: featureLog(join(folder, 'engine-log')),
      },
    },
  });
}

/** Isolation: 0 reads rows of open and aborted transactions, 1 only committed ones. */
async function read(isolationLevel: 0 | 1, onRow: (value: Buffer) => void): Promise<void> {
  const name = `reader-${isolationLevel}`;
  const bootstrapBrokers = [...broker.brokers];
  const consumer = new Consumer({ groupId: name, clientId: name, bootstrapBrokers });
  consumers.push(consumer);
  const topics = ['spend'];
  const options = { mode: 'earliest', isolationLevel, autocommit: false } as const;
  const found = await consumer.consume({ topics, ...options });
  found.on('data', ({ value }) => onRow(value));
}

/** A hundred more purchases. */
async function buy(): Promise<void> {
  const values = Array.from({ length: 100 }, (_, i) => purchase(written + i));
  written += values.length;
  const records = values.map((value) => ({ value: JSON.stringify(value) }));
  await produce(broker.brokers, 'purchases', records);
}

/** Under load, when rows have been written that no checkpoint has committed: they will be again. */
async function killTaskManager(): Promise<void> {
  for (let tries = 0; attempts < rows.length + 50 || rows.length === 0; tries++) {
    if (tries > 1000) throw new Error(`${attempts} rows in the topic, ${rows.length} committed`);
    if (tries % 10 === 0) await buy();
    await sleep(10);
  }
  process.kill(cluster.taskManagerPid, 'SIGKILL');
  startTaskManager(options);
}

/** Rows of the first so many purchases, as they have to be: each once, in each window. */
function expectedRows(count: number): readonly string[] {
  const sums = new Float64Array(users);
  return Array.from({ length: count }, (_, i) => {
    const { amount, ts } = purchase(i);
    sums[i % users] = (sums[i % users] as number) + amount;
    const at = `u${i % users} ${ts}`;
    const sumSoFar = String(sums[i % users]);
    return [
      `${at} rolling_1h ${sumSoFar}`,
      `${at} lifetime ${sumSoFar} ${Math.floor(i / users) + 1}`,
    ];
  })
    .flat()
    .toSorted();
}

function seenRows(untilMs: number): readonly string[] {
  return rows
    .filter(({ event_time }) => Date.parse(event_time) < untilMs)
    .map(({ user_id, _window, event_time, spent, total, n }) =>
      [
        user_id,
        Date.parse(event_time),
        _window,
        ...(_window === 'lifetime' ? [total, n] : [spent]),
      ].join(' '),
    )
    .toSorted();
}

/** Waits for every row of the first purchases, and for another that must not come. */
async function rowsOf(count: number): Promise<readonly string[]> {
  const untilMs = startMs + count * 100;
  for (let i = 0; i < 2000 && seenRows(untilMs).length < count * groups.length; i++)
    await sleep(200);
  await sleep(2500);
  return seenRows(untilMs);
}

async function train(env: string): Promise<string> {
  const out = join(folder, `${env}.jsonl`);
  const app = await millrace(config(), { env });
  const labels = join(folder, 'labels.jsonl');
  await app.train({ views: ['spend'], entities: labels, out, mode: 'logged' });
  await app.close();
  return readFileSync(out, 'utf8');
}

describe.skipIf(!withServices)(`sinks and state of a real cluster (${howToRun})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-sinks-'));
    const dist = installFlink(defaultFlinkDirectory);
    installKafkaConnector(dist);
    options = {
      dist,
      directory: join(folder, 'cluster'),
      port: 20_000 + 3 * (process.pid % 3000),
      memory: '1728m',
      managedFraction: 0.2,
      jars: [await parquetJars()],
    };
    broker = await startKafka();
    for (const name of ['purchases', 'spend']) {
      await createTopic(broker.brokers, { name, settings: { 'retention.ms': '-1' } });
    }
    await read(1, (value) => rows.push(JSON.parse(value.toString()) as Row));
    await read(0, () => attempts++);
    cluster = await startCluster(options);
    jobs = await flinkJobs(config(), { env: 'fleet' });
  }, 400_000);

  afterAll(async () => {
    await stopCluster(join(folder, 'cluster'));
    for (const consumer of consumers) await consumer.close(true);
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('a TaskManager killed under load: each row once, state from RocksDB', async () => {
    await jobs.deploy();
    await killTaskManager();
    for (let i = 0; i < 10; i++) await buy();
    expect(await rowsOf(written - 100)).toEqual(expectedRows(written - 100));
    expect((await jobs.status()).num_restarts).toBeGreaterThan(0);
    expect(attempts).toBeGreaterThan(rows.length);
  }, 600_000);

  it('goes on from a savepoint of RocksDB', async () => {
    const { savepoint } = await jobs.stop();
    expect(await jobs.deploy()).toMatchObject({ outcome: 'started', savepoint });
    for (let i = 0; i < 10; i++) await buy();
    expect(await rowsOf(written - 100)).toEqual(expectedRows(written - 100));
    // With it the files of the log come into sight.
    await jobs.stop();
  }, 600_000);

  it('training sets from the log that Flink wrote are those from the log of the engine', async () => {
    // Up to what Flink's watermark has passed.
    const stepMs = ((written - 100) * 100) / 200;
    const labels = Array.from({ length: 200 }, (_, i) => ({
      user_id: `u${i % (users + 1)}`,
      event_timestamp: new Date(startMs + Math.round((i - 1) * stepMs)).toISOString(),
    }));
    const lines = labels.map((label) => `${JSON.stringify(label)}\n`);
    writeFileSync(join(folder, 'labels.jsonl'), lines.join(''));
    const engine = await millrace(config(), { env: 'local' });
    await engine.run({ untilEnd: true });
    await engine.close();
    const ours = await train('local');
    expect(ours).toMatch(/"n":\d\d/);
    expect(await train('fleet')).toBe(ours);
    const known = { views: ['spend'], entities: join(folder, 'labels.jsonl'), asKnownAt: true };
    const app = await millrace(config(), { env: 'fleet' });
    const asked = app.train({ ...known, mode: 'logged', out: join(folder, 'none.jsonl') });
    await expect(asked).rejects.toThrow('which does not say when records arrived');
    await app.close();
  }, 120_000);
});
