// A loader that is killed again and again while rows come, come twice and come late, and a Redis that comes
// back empty: no value that readers get ever goes back, and in the end every row is there.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type App, millrace } from 'millrace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../cli/run-cli.ts';
import { type KafkaCluster, startKafka } from '../../kafka/kafka-cluster.ts';
import { createTopic } from '../../kafka/topics.ts';
import { type RedisServer, startRedis } from '../../redis/redis-server.ts';
import { howToRun, withServices } from '../../service.ts';
import { from, type GroupName, topicOf, users, writeRows } from './group-rows.ts';
import { type LoadedProject, loadedConfig, spend } from './loaded-project.ts';

const entry = fileURLToPath(new URL('./loader-life.ts', import.meta.url));
const folder = temporaryFolder();
let brokers: KafkaCluster;
let server: RedisServer;
let job: LoadedProject;
const running = new Set<ChildProcess>();

/** A loader in a process of its own; resolves once it takes checkpoints. */
async function startLoader(): Promise<ChildProcess> {
  const args = ['--conditions=millrace-src', entry, JSON.stringify(job)];
  const cwd = dirname(entry);
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      out = `${out}${chunk.toString()}`.slice(-4000);
    });
  }
  for (let tries = 0; !out.includes('runs\n'); tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`no loader runs: ${out}`);
    await sleep(100);
  }
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  running.delete(child);
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

/** Rows of both windows as a cluster gives them that goes back to checkpoints now and then. */
async function write(last: number): Promise<void> {
  for (let n = 1; n <= last; n++) {
    // Every tenth instant a stretch comes again.
    const first = n % 10 === 0 ? Math.max(1, n - 6) : n;
    await writeRows(brokers.brokers, 'rolling_1h', from(first, n));
    await writeRows(brokers.brokers, 'tumbling_5m', from(first, n));
    await sleep(50);
  }
}

interface Watched {
  readonly reads: number;
  readonly wentBack: readonly string[];
}

/** Reads all users again and again; what is missing for a while is not a value that went back. */
function watch(app: App): { stop(): Promise<Watched> } {
  const greatest = new Map<string, number>();
  const wentBack: string[] = [];
  let reads = 0;
  const over = new AbortController();
  const loop = async (): Promise<void> => {
    while (!over.signal.aborted) {
      for (const user_id of users) {
        const read = await app.store.get(spend, { user_id }).catch(() => null);
        if (read === null) continue;
        reads += 1;
        for (const name of ['bought', 'bought_5m', 'both'] as const) {
          const value = read.values[name];
          if (value === null || value === undefined) continue;
          const place = `${user_id}.${name}`;
          const before = greatest.get(place) ?? 0;
          if (value < before) wentBack.push(`${place}: ${before} to ${value}`);
          greatest.set(place, Math.max(before, Number(value)));
        }
      }
      await sleep(10);
    }
  };
  const looping = loop();
  return {
    stop: async () => {
      over.abort();
      await looping;
      return { reads, wentBack };
    },
  };
}

describe.skipIf(!withServices)(`a loader that is killed (${howToRun})`, () => {
  beforeAll(async () => {
    brokers = await startKafka();
    server = await startRedis();
    job = { folder: folder.path, brokers: brokers.brokers, url: server.url };
    for (const group of ['rolling_1h', 'tumbling_5m'] satisfies readonly GroupName[]) {
      await createTopic(brokers.brokers, { name: topicOf(group), partitions: 2 });
    }
  }, 120_000);

  afterAll(async () => {
    for (const child of running) await kill(child);
    await brokers.stop();
    await server.stop();
    folder.remove();
  });

  it('loses nothing and takes no value back, also when Redis comes back empty', {
    retry: 0,
    timeout: 180_000,
  }, async () => {
    const last = 100;
    const kills = 3;
    const app = await millrace(loadedConfig(job), { env: 'fleet', baseDirectory: folder.path });
    let child = await startLoader();
    const writing = write(last);
    const watched = watch(app);
    for (let i = 0; i < kills; i++) {
      await sleep(500 + i * 300);
      await kill(child);
      if (i === kills - 2) {
        await server.kill();
        await server.restart();
      }
      child = await startLoader();
    }
    await writing;
    // While it runs, too.
    await server.kill();
    await server.restart();
    let missing: readonly string[] = users;
    for (let tries = 0; tries < 300 && missing.length > 0; tries++) {
      await sleep(100);
      const found = await Promise.all(
        users.map(async (user_id) => (await app.store.get(spend, { user_id })).values),
      ).catch(() => []);
      missing = users.filter((_, i) => found[i]?.both !== 2 * last);
    }
    const { reads, wentBack } = await watched.stop();
    process.stdout.write(
      `loader: ${kills} kills, Redis empty twice, ${reads} reads, ${wentBack.length} went back, ${missing.length} keys wrong\n`,
    );
    await kill(child);
    await app.close();
    expect(wentBack).toEqual([]);
    expect(missing).toEqual([]);
  });
});
