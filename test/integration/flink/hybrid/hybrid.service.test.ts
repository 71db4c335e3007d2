// Sums on a real Flink cluster, and on the engine what SQL cannot say of them, joined by a topic: the values
// are those of the same definitions on the engine alone, though both halves are killed meanwhile.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type App, millrace } from 'millrace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flinkJobs } from '../../../../src/app/flink/deploy/flink-jobs.ts';
import { type KafkaCluster, startKafka } from '../../kafka/kafka-cluster.ts';
import { createTopic, produce, withAdmin } from '../../kafka/topics.ts';
import { type RedisServer, startRedis } from '../../redis/redis-server.ts';
import { howToRun, withServices } from '../../service.ts';
import {
  type Cluster,
  type ClusterOptions,
  startCluster,
  startTaskManager,
  stopCluster,
} from '../flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from '../flink-install.ts';
import { type HybridProject, hybridConfig, spend, typical } from './hybrid-project.ts';

const entry = fileURLToPath(new URL('./engine-life.ts', import.meta.url));
const startMs = Date.UTC(2026, 10, 20);
let folder: string;
let brokers: KafkaCluster;
let server: RedisServer;
let cluster: Cluster;
let options: ClusterOptions;
let project: HybridProject;
let child: ChildProcess | null = null;

interface Event {
  readonly user_id: string;
  readonly amount: number;
  readonly ts: number;
}

/** Disorder within the stream's bound; amounts and users in a pattern. */
const events: readonly Event[] = Array.from({ length: 1200 }, (_, i) => ({
  user_id: `u${(i * 5) % 8}`,
  amount: 1 + ((i * 37) % 100),
  ts: startMs + i * 250 - ((i * 7919) % 900),
}));
/** Time goes on in both partitions: every window of the events is over. */
const last: Event = { user_id: 'time', amount: 0, ts: startMs + 600_000 };

async function write(some: readonly Event[]): Promise<void> {
  const records = some.map((event) => ({ key: event.user_id, value: JSON.stringify(event) }));
  await produce(brokers.brokers, 'purchases', records);
}

function startEngine(): void {
  const args = ['--conditions=millrace-src', entry, JSON.stringify(project)];
  child = spawn(process.execPath, args, {
    cwd: dirname(entry),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function killEngine(): Promise<void> {
  if (child === null) return;
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
  child = null;
}

async function valuesOf(app: App, is_even: boolean) {
  const found = await app.store.get(typical, { is_even }).catch(() => null);
  return found?.values ?? null;
}

/** Waits until so many windows have been read by the engine; what was there last. */
async function reached(app: App, is_even: boolean, windows: number) {
  let values = await valuesOf(app, is_even);
  for (let tries = 0; tries < 600 && (values?.windows ?? 0) < windows; tries++) {
    await sleep(100);
    values = await valuesOf(app, is_even);
  }
  return values;
}

describe.skipIf(!withServices)(`views on Flink and on the engine (${howToRun})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-hybrid-'));
    const dist = installFlink(defaultFlinkDirectory);
    installKafkaConnector(dist);
    const port = 25_000 + 3 * (process.pid % 300);
    options = { dist, directory: join(folder, 'cluster'), port, memory: '1400m' };
    [brokers, server, cluster] = await Promise.all([
      startKafka(),
      startRedis(),
      startCluster(options),
    ]);
    await createTopic(brokers.brokers, { name: 'purchases', partitions: 2 });
    const { gateway, jobManager } = cluster;
    project = { folder, brokers: brokers.brokers, url: server.url, gateway, jobManager };
    const lines = [...events, last].map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(join(folder, 'events.jsonl'), lines.join(''));
  }, 240_000);

  afterAll(async () => {
    await killEngine();
    await stopCluster(options.directory);
    await Promise.all([brokers.stop(), server.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('give the values of the engine alone, though both are killed', async () => {
    const config = hybridConfig(project);
    const alone = await millrace(config, { env: 'local', baseDirectory: folder });
    await alone.run({ untilEnd: true });
    const expected = await Promise.all([true, false].map((is_even) => valuesOf(alone, is_even)));
    expect(expected.map((values) => values?.windows)).toEqual([241, 241]);

    const steps: string[] = [];
    const jobs = await flinkJobs(config, { env: 'fleet' });
    await jobs.deploy({ onStep: (step) => steps.push(step) });
    expect(steps).toContain('rows go to the engine by millrace.shop.fleet.spend.rows');
    await withAdmin(brokers.brokers, async (admin) => {
      const { topics } = await admin.metadata({ topics: ['millrace.shop.fleet.spend.rows'] });
      expect(topics.get('millrace.shop.fleet.spend.rows')?.partitionsCount).toBe(2);
    });
    startEngine();
    const app = await millrace(config, { env: 'fleet', baseDirectory: folder });
    await write(events.slice(0, 600));
    expect((await reached(app, true, 60))?.windows).toBeGreaterThanOrEqual(60);

    process.kill(cluster.taskManagerPid, 'SIGKILL');
    await killEngine();
    await write(events.slice(600));
    startTaskManager(options);
    startEngine();
    await produce(
      brokers.brokers,
      'purchases',
      [0, 1].map((partition) => ({ partition, value: JSON.stringify(last) })),
    );
    for (const [i, is_even] of [true, false].entries()) {
      const windows = expected[i]?.windows ?? 0;
      expect(await reached(app, is_even, windows), `is_even ${is_even}`).toEqual(expected[i]);
    }
    // Nothing comes twice afterwards, and Flink's own view is there too.
    await sleep(1500);
    expect((await valuesOf(app, true))?.windows).toBe(expected[0]?.windows);
    const { values } = await app.store.get(spend, { user_id: 'u0' });
    expect(values.n).toBeGreaterThan(0);
    expect((await jobs.status()).state).toBe('RUNNING');
    await app.close();
    await alone.close();
  }, 480_000);
});
