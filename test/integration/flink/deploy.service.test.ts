// The life of a job on a real cluster, from the first deployment to a bad upgrade, with Kafka on both
// sides: whatever happens, sums go on from where they were.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Consumer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster, startTaskManager, stopCluster } from './flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from './flink-install.ts';
import { flink, type FlinkOptions } from '../../../src/adapters/flink/index.ts';
import { kafka } from '../../../src/adapters/kafka/index.ts';
import { flinkJobs, type FlinkJobs } from '../../../src/app/flink/deploy/flink-jobs.ts';
import type { FlinkStatefulOperator } from '../../../src/flink/deploy/stable-ids.ts';
import {
  count,
  defineConfig,
  entity,
  featureView,
  rolling,
  stream,
  sum,
  t,
} from '../../../src/index.ts';
import { type KafkaCluster, startKafka } from '../kafka/kafka-cluster.ts';
import { createTopic, produce } from '../kafka/topics.ts';
import { howToRun, withServices } from '../service.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});

interface Version {
  readonly least?: number;
  readonly hasCounts?: boolean;
  readonly hasDay?: boolean;
  readonly hours?: number;
  readonly engine?: Partial<FlinkOptions>;
  readonly parallelism?: number;
}

/** What runs after the upgrades. */
const today: Version = { least: 5, hasCounts: true, hasDay: true };

let brokers: KafkaCluster;
let cluster: Cluster;
let folder: string;
const dist = (): string => installFlink(defaultFlinkDirectory);
const clusterOptions = () => ({
  dist: dist(),
  directory: join(folder, 'cluster'),
  port: 20_000 + 3 * (process.pid % 3000),
  memory: '1400m',
});

function jobsOf(version: Version) {
  const {
    least = 0,
    hasCounts = false,
    hasDay = false,
    hours = 1,
    engine,
    parallelism = 1,
  } = version;
  const base = {
    entity: user,
    from: purchases.where((p) => p.amount.gt(least)),
    emit: 'watermark',
    decay: 'never',
    upgrade: { added: 'empty' },
  } as const;
  const spend = hasDay
    ? featureView('spend', {
        ...base,
        features: (p) => ({
          spent: sum(p.amount).over(rolling(`${hours}h`)),
          spent_1d: sum(p.amount).over(rolling('24h')),
        }),
      })
    : featureView('spend', {
        ...base,
        features: (p) => ({ spent: sum(p.amount).over(rolling(`${hours}h`)) }),
      });
  const counts = featureView('counts', {
    entity: user,
    from: purchases,
    emit: 'watermark',
    decay: 'never',
    features: () => ({ n: count().over(rolling('2h')) }),
  });
  const topic = (name: string) =>
    kafka({ brokers: [...brokers.brokers], topic: name, format: 'json' });
  const config = defineConfig({
    project: 'shop',
    definitions: [hasCounts ? { spend, counts } : { spend }],
    environments: {
      fleet: {
        streams: { purchases: topic('purchases') },
        outputs: { spend: topic('spend'), ...(hasCounts ? { counts: topic('counts') } : {}) },
        checkpoints: { directory: join(folder, 'state'), interval: '500ms' },
        restart: { strategy: 'fixedDelay', delay: '500ms', attempts: 100 },
        parallelism,
        engine: flink({
          gateway: cluster.gateway,
          jobManager: cluster.jobManager,
          settle: '1s',
          verifyTimeout: '40s',
          ...engine,
        }),
      },
    },
  });
  return flinkJobs(config, { env: 'fleet' });
}

/** Rows of the output topic, as they come. */
interface Row {
  readonly user_id: string;
  readonly spent: number | null;
  readonly spent_1d?: number | null;
}
const written: Row[] = [];
let consumer: Consumer;

async function readOutput(): Promise<void> {
  const bootstrapBrokers = [...brokers.brokers];
  consumer = new Consumer({ groupId: 'reader', clientId: 'reader', bootstrapBrokers });
  const stream = await consumer.consume({ topics: ['spend'], mode: 'earliest', autocommit: false });
  stream.on('data', ({ value }) => {
    written.push(JSON.parse(value.toString()) as Row);
  });
}

let atMs = Date.UTC(2026, 10, 20);

/** A purchase, and one of somebody else later, which moves the watermark past it. */
async function buy(amount: number): Promise<void> {
  atMs += 1000;
  const records = [
    { user_id: 'u1', amount, ts: atMs },
    { user_id: 'tick', amount: 1000, ts: atMs + 1 },
  ].map((value) => ({ value: JSON.stringify(value) }));
  await produce(brokers.brokers, 'purchases', records);
}

/** The newest sum of u1, as soon as it is `expected`. */
async function spent(expected: number): Promise<number | null | undefined> {
  let newest: number | null | undefined;
  for (let tries = 0; tries < 150; tries++) {
    newest = written.findLast((row) => row.user_id === 'u1' && row.spent !== null)?.spent;
    if (newest === expected) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return newest;
}

async function running(jobs: FlinkJobs, isGood: (restarts: number) => boolean = () => true) {
  for (let tries = 0; tries < 200; tries++) {
    const status = await jobs.status();
    const areRunning = status.operators.every(({ state }) => state === 'RUNNING');
    if (status.state === 'RUNNING' && areRunning && isGood(status.num_restarts)) return status;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return jobs.status();
}

describe.skipIf(!withServices)(`a job on Flink (${howToRun})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-deploy-'));
    installKafkaConnector(dist());
    brokers = await startKafka();
    for (const name of ['purchases', 'spend', 'counts']) {
      await createTopic(brokers.brokers, { name, partitions: 1 });
    }
    await readOutput();
    cluster = await startCluster(clusterOptions());
  }, 240_000);

  afterAll(async () => {
    await stopCluster(join(folder, 'cluster'));
    await consumer.close(true);
    await brokers.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('is deployed once, however often it is asked for', async () => {
    const jobs = await jobsOf({});
    const first = await jobs.deploy();
    expect(first).toMatchObject({ outcome: 'started', deployment: 1, savepoint: null });
    await buy(10);
    await buy(20);
    expect(await spent(30)).toBe(30);
    const again = await (await jobsOf({})).deploy();
    expect(again).toMatchObject({ outcome: 'unchanged', job: first.job, deployment: 1 });
    expect(await running(jobs)).toMatchObject({ is_current: true, deployment: 1, failure: null });
  }, 120_000);

  it('makes savepoints and goes on', async () => {
    const { savepoint } = await (await jobsOf({})).savepoint();
    expect(existsSync(fileURLToPath(savepoint))).toBe(true);
    expect((await (await jobsOf({})).status()).state).toBe('RUNNING');
  }, 60_000);

  it('keeps its state when a filter changes and a view is added', async () => {
    const jobs = await jobsOf({ least: 5, hasCounts: true });
    expect(await jobs.status()).toMatchObject({ is_current: false });
    const result = await jobs.deploy();
    expect(result).toMatchObject({ outcome: 'upgraded', deployment: 2 });
    expect(result.state?.lost).toEqual([]);
    expect(result.state?.kept.map(({ owner }) => owner.split('(')[0])).toContain(
      'spend__rolling_1h',
    );
    await buy(3);
    await buy(7);
    expect(await spent(37)).toBe(37);
  }, 120_000);

  it('recovers when its TaskManager is killed', async () => {
    const jobs = await jobsOf({ least: 5, hasCounts: true });
    process.kill(cluster.taskManagerPid, 'SIGKILL');
    await buy(8);
    startTaskManager(clusterOptions());
    const status = await running(jobs, (restarts) => restarts > 0);
    expect(status).toMatchObject({ state: 'RUNNING', deployment: 2 });
    expect(status.num_restarts).toBeGreaterThan(0);
    expect(await spent(45)).toBe(45);
  }, 180_000);

  it('keeps the state of a window when the view gets another one', async () => {
    const result = await (await jobsOf({ least: 5, hasCounts: true, hasDay: true })).deploy();
    expect(result).toMatchObject({ outcome: 'upgraded', deployment: 3 });
    const places = (operators: readonly FlinkStatefulOperator[] = []): readonly string[] =>
      operators.map(({ owner }) => owner.split('(')[0] ?? '').sort();
    expect(places(result.state?.kept)).toContain('spend__rolling_1h');
    expect(places(result.state?.added)).toEqual(['spend__rolling_1d']);
    await buy(6);
    expect(await spent(51)).toBe(51);
    // The new window has seen this one only.
    const ofDay = (): Row | undefined =>
      written.findLast((row) => row.user_id === 'u1' && typeof row.spent_1d === 'number');
    await expect.poll(() => ofDay()?.spent_1d, { timeout: 20_000 }).toBe(6);
  }, 120_000);

  it('goes back by itself when the new one does not run', async () => {
    const engine = { settings: { 'pipeline.max-parallelism': '64' } };
    const jobs = await jobsOf({ ...today, least: 6, engine });
    const failed = jobs.deploy();
    await expect(failed).rejects.toMatchObject({ code: 'MR_FLINK_ROLLED_BACK' });
    await expect(failed).rejects.toThrow(/max parallelism|maximum parallelism/i);
    expect(await running(jobs)).toMatchObject({ deployment: 3, is_current: false });
    await buy(5.5);
    expect(await spent(56.5)).toBe(56.5);
  }, 180_000);

  it('is left as it is by what would lose state, and by what does not fit', async () => {
    const before = await (await jobsOf({})).status();
    const other = await jobsOf({ ...today, parallelism: 64 });
    await expect(other.deploy()).rejects.toMatchObject({ code: 'MR_FLINK_SLOTS' });
    const elsewhere = await jobsOf({ engine: { gateway: 'http://127.0.0.1:1' } });
    await expect(elsewhere.deploy()).rejects.toMatchObject({ code: 'MR_FLINK_UNREACHABLE' });
    const longer = await jobsOf({ ...today, hours: 3 });
    await expect(longer.deploy()).rejects.toMatchObject({ code: 'MR_FLINK_UPGRADE' });
    expect(await (await jobsOf({})).status()).toMatchObject({ job: before.job, state: 'RUNNING' });
  }, 120_000);

  it('is stopped with a savepoint, and the next deployment begins with that', async () => {
    const jobs = await jobsOf(today);
    const { savepoint } = await jobs.stop();
    await expect(jobs.savepoint()).rejects.toMatchObject({ code: 'MR_FLINK_DEPLOYMENT' });
    expect(await jobs.deploy()).toMatchObject({ outcome: 'started', savepoint });
    await buy(9.5);
    expect(await spent(66)).toBe(66);
    await jobs.cancel();
    expect(await jobs.status()).toMatchObject({ state: 'CANCELED' });
  }, 120_000);
});
