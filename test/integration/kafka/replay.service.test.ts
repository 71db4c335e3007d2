// A second job over a topic's history while records keep coming: it equals the first, readers are
// switched without losing an update, a corrected definition is found to differ. Lag, offsets and topics
// of the same cluster, against Kafka's own tools.
import {
  type App,
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  rolling,
  type RunProgress,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { kafka } from 'millrace/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openKafkaAdmin } from '../../../src/adapters/kafka/admin/kafka-admin.ts';
import { temporaryFolder } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

const users = 20;
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '30s', idleTimeout: '1s' },
});
const spend = (least: number) =>
  featureView('spend', {
    entity: user,
    from: purchases,
    features: (p) => ({
      purchases: count().over(lifetime()),
      big_1h: sum(p.amount).where(p.amount.gt(least)).over(rolling('1h')),
    }),
  });

describe.skipIf(!withServices)(`replaying a topic (${howToRun})`, () => {
  let cluster: KafkaCluster;
  let folder = temporaryFolder();
  let apps: App[] = [];
  let topic = '';

  beforeAll(async () => {
    cluster = await startKafka();
  }, 180_000);
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    folder = temporaryFolder();
    topic = `raw-${folder.path.slice(-6)}`;
    await createTopic(cluster.brokers, { name: topic, partitions: 3 });
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
    folder.remove();
  });

  interface Parts {
    readonly least?: number;
    readonly isHistory?: boolean;
    readonly settings?: object;
  }

  function configOf({ least = 0, isHistory = false, settings = {} }: Parts): Config {
    const binding = kafka({
      brokers: cluster.brokers,
      topic,
      start: 'earliest',
      ...(isHistory ? { until: 'latest' as const } : {}),
    });
    return defineConfig({
      project: 'shop',
      definitions: [{ view: spend(least) }],
      environments: {
        local: { streams: { purchases: binding }, online: embedded('./online'), ...settings },
      },
    });
  }

  async function open(parts: Parts = {}): Promise<App> {
    const app = await millrace(configOf(parts), { baseDirectory: folder.path });
    apps.push(app);
    return app;
  }

  const startMs = Date.UTC(2026, 0, 5);
  /** Purchase i: 0.1 s after the one before; of user i mod 20, who has a partition. */
  function write(from: number, to: number): Promise<void> {
    const records = Array.from({ length: to - from }, (_, k) => {
      const i = from + k;
      const user_id = `u${i % users}`;
      const ts = startMs + i * 100;
      const value = JSON.stringify({ user_id, amount: i % 7, ts });
      return { partition: (i % users) % 3, key: user_id, value, timestampMs: ts };
    });
    return produce(cluster.brokers, topic, records);
  }

  /** Resolves when a run has read so many records. */
  function reached(records: number) {
    const { promise, resolve } = Promise.withResolvers<null>();
    const onProgress = (progress: RunProgress): void => {
      if (progress.recordsIn >= records) resolve(null);
    };
    return { promise, onProgress };
  }

  async function counts(app: App): Promise<readonly number[]> {
    const reads = Array.from({ length: users }, (_, i) => app.read('spend', { user_id: `u${i}` }));
    return (await Promise.all(reads)).map(({ values }) => Number(values['purchases'] ?? 0));
  }

  test('under live traffic loses no update', { timeout: 120_000 }, async () => {
    let written = 6000;
    await write(0, written);
    const stop = new AbortController();
    const live = await open();
    const history = reached(written);
    const liveRun = live.run({ signal: stop.signal, onProgress: history.onProgress });
    await history.promise;
    const traffic = new AbortController();
    const producing = (async () => {
      while (!traffic.signal.aborted) {
        await write(written, written + 100);
        written += 100;
      }
    })();
    const second = await open();
    const caughtUp = reached(6000);
    const secondRun = second.replay.run('next', {
      signal: stop.signal,
      onProgress: caughtUp.onProgress,
    });
    await caughtUp.promise;
    const reader = await open();
    const server = await reader.serve({ port: 0 });
    const before = await counts(reader);
    const promotion = await reader.replay.promote('next');
    const after = await counts(reader);
    expect(promotion).toMatchObject({ from: 'main', to: 'next', coverage: { behind: 0 } });
    expect(after.every((value, i) => value >= (before[i] as number))).toBe(true);
    const answer = await fetch(`${server.url}/v1/features/spend/u1`);
    expect(answer.status).toBe(200);
    // Records were coming before, while and after readers were switched.
    const atSwitch = written;
    await expect.poll(() => written, { timeout: 20_000 }).toBeGreaterThan(atSwitch + 500);
    traffic.abort();
    await producing;
    const expected = Array.from({ length: users }, (_, i) => Math.ceil((written - i) / users));
    await expect.poll(() => counts(reader), { timeout: 30_000 }).toEqual(expected);
    const compared = await reader.replay.compare('next', { with: 'main' });
    expect(compared).toMatchObject({ equal: true, left: 'main', right: 'next' });
    await reader.replay.rollback();
    expect(await counts(reader)).toEqual(expected);
    stop.abort();
    await Promise.all([liveRun, secondRun]);
  });

  test('finds what a changed definition changes, and nothing else', {
    timeout: 60_000,
  }, async () => {
    await write(0, 3000);
    const first = await open({ isHistory: true });
    expect((await first.run({ untilEnd: true })).records_in).toBe(3000);
    // The same definition over the whole history: the same features.
    await first.replay.run('again', { untilEnd: true });
    expect((await first.replay.compare('again')).equal).toBe(true);
    const changed = await open({ isHistory: true, least: 3 });
    await changed.replay.run('fixed', { untilEnd: true });
    const { views } = await changed.replay.compare('fixed');
    expect(views[0]?.features).toMatchObject([
      { feature: 'purchases', equal: users, differing: 0 },
      { feature: 'big_1h', equal: 0, differing: users },
    ]);
  });

  test('lag and offsets agree with Kafka’s tools', { timeout: 60_000 }, async () => {
    await write(0, 300);
    const app = await open();
    const group = 'shop-local';
    const admin = await openKafkaAdmin({ brokers: cluster.brokers });
    const at = (partition: number, offset: number) => ({ topic, partition, offset });
    await admin.commit(group, [at(0, 100), at(1, 40)]);
    await admin.close();
    const [report] = await app.lag.read({
      warnRecords: 100,
      criticalSeconds: 1e12,
      intervalMs: 50,
    });
    const ends = [105, 105, 90];
    expect(report).toMatchObject({
      group,
      lag: 5 + 65 + 90,
      level: 'WARN',
      topics: { [topic]: 160 },
      trend: { direction: 'steady', lag_per_second: 0 },
    });
    expect(report?.partitions.map(({ end }) => end)).toEqual(ends);
    const told = await runJava('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
      ...['--bootstrap-server', cluster.brokers.join(), '--describe', '--group', group],
    ]);
    for (const [partition, committed, end, lag] of [
      [0, 100, 105, 5],
      [1, 40, 105, 65],
    ] as const) {
      expect(told).toMatch(
        new RegExp(`${topic}\\s+${partition}\\s+${committed}\\s+${end}\\s+${lag}`),
      );
    }
    const dry = await app.offsets.reset({ to: { shiftBy: -10 } });
    expect(dry).toMatchObject({ group, executed: false });
    expect(dry.moves.map(({ from, to }) => [from, to])).toEqual([
      [100, 90],
      [40, 30],
      [null, 0],
    ]);
    const [unmoved] = await app.lag.read({ intervalMs: 50 });
    expect(unmoved?.lag).toBe(160);
    const datetimeMs = startMs + 150 * 100;
    await app.offsets.reset({ to: { datetimeMs }, partitions: [1, 2], execute: true });
    const [moved] = await app.lag.read({ intervalMs: 50 });
    expect(moved?.partitions.map(({ committed }) => committed)).toEqual([100, 52, 45]);
  });

  test('offsets of who reads are not moved', { timeout: 60_000 }, async () => {
    await write(0, 300);
    const settings = { checkpoints: { directory: './checkpoints', interval: '1s' } };
    const app = await open({ settings });
    const reading = reached(300);
    const stop = new AbortController();
    const run = app.run({ signal: stop.signal, onProgress: reading.onProgress });
    await reading.promise;
    const other = await open({ settings });
    for (const asked of [app, other]) {
      const reset = asked.offsets.reset({ to: 'earliest', execute: true });
      await expect(reset).rejects.toMatchObject({ code: 'MR_GROUP_ACTIVE' });
    }
    stop.abort();
    await run;
    // The job's last checkpoint has committed what it read.
    expect(await other.lag.read({ intervalMs: 50 })).toMatchObject([
      { group: 'shop-local', topics: { [topic]: 0 }, level: 'OK' },
    ]);
    const done = await other.offsets.reset({ to: 'earliest', execute: true });
    expect(done.executed).toBe(true);
    expect(done.notes.join()).toContain('--fresh-state');
  });

  test('topics become what definitions need, once', { timeout: 60_000 }, async () => {
    const out = `${topic}-out`;
    const { brokers } = cluster;
    const settings = {
      outputs: { spend: kafka({ brokers, topic: out }) },
      topics: { [topic]: { partitions: 5 }, [out]: { eventsPerSecond: 60_000 } },
    };
    const app = await open({ settings });
    const plan = await app.topics.plan();
    expect(plan.topics.map(({ topic: name, exists }) => [name, exists])).toEqual([
      [topic, true],
      [`${topic}.dlq`, false],
      [`${topic}.late`, false],
      [out, false],
    ]);
    const applied = await app.topics.apply();
    expect(applied.left).toMatchObject([{ topic, kind: 'add-partitions', state: 'held' }]);
    const told = await runJava('org.apache.kafka.tools.TopicCommand', [
      ...['--bootstrap-server', brokers.join(), '--describe', '--topic', `${topic}.*`],
    ]);
    expect(told).toMatch(new RegExp(`Topic: ${topic}\\s.*PartitionCount: 3.*retention.ms=-1`));
    expect(told).toMatch(new RegExp(`Topic: ${out}\\s.*PartitionCount: 5.*cleanup.policy=compact`));
    expect((await app.topics.apply({ addPartitions: true })).left).toEqual([]);
    expect(await app.topics.plan()).toMatchObject({ equal: true });
  });
});
