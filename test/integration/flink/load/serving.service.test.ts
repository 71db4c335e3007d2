// Features that a real Flink computes, loaded and served: how fresh they are, what a stock Feast SDK reads,
// and what becomes of them when the TaskManager is killed.
import { join } from 'node:path';
import { Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureServer } from '../../../../src/serve/http/feature-server.ts';
import { startTaskManager } from '../flink-cluster.ts';
import { runFeastScript } from '../../feast/feast-environment.ts';
import { howToRun, withServices } from '../../service.ts';
import { keepTicking, measureFreshness } from './freshness.ts';
import {
  type RunningLoader,
  type ServedCluster,
  spend,
  startLoader,
  startServedCluster,
} from './served-cluster.ts';

let served: ServedCluster;
let loader: RunningLoader;
let server: FeatureServer;
const sent = new Map<string, number>();

/** Reads by one configuration of the SDK. */
const script = `
import json, pathlib, sys
from feast import FeatureStore
store = FeatureStore(fs_yaml_file=pathlib.Path(sys.argv[1]))
rows = [{"user_id": u} for u in json.loads(sys.argv[2])]
features = ["spend:bought", "spend:spent", "spend:bought_1m", "spend:older"]
print(json.dumps(store.get_online_features(features=features, entity_rows=rows).to_dict()))
`;

/** Until all that was sent is there. */
async function boughtOf(users: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let tries = 0; tries < 600; tries++) {
    for (const user_id of users) {
      const { values } = await loader.app.store.get(spend, { user_id });
      found.set(user_id, Number(values.bought));
    }
    if (users.every((user) => found.get(user) === sent.get(user))) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return found;
}

function counted({ flink }: Awaited<ReturnType<RunningLoader['app']['status']>>): number {
  return flink?.reachable === true ? flink.num_records_out : 0;
}

describe.skipIf(!withServices)(`features that Flink computes (${howToRun})`, () => {
  beforeAll(async () => {
    served = await startServedCluster({ port: 23_000 + 3 * (process.pid % 300) });
    loader = await startLoader(served);
    server = await loader.app.serve({ port: 0 });
  }, 240_000);

  afterAll(async () => {
    await loader.stop();
    await served.stop();
  }, 60_000);

  it('can be read soon after the event, at 1,000 events a second', async () => {
    const { brokers } = served.brokers;
    const load = { brokers, app: loader.app, eventsPerSecond: 1000, users: 200 };
    const measure = async (seconds: number) => {
      const measured = await measureFreshness({ ...load, seconds });
      for (const [user, n] of measured.sent) sent.set(user, (sent.get(user) ?? 0) + n);
      return measured;
    };
    // Java compiles what it runs: at first it falls behind.
    for (let rounds = 0; rounds < 3; rounds++) if ((await measure(8)).p50Ms < 500) break;
    const measured = await measure(20);
    const { p50Ms, p99Ms, maxMs, probes, lost, events, eventsPerSecond } = measured;
    process.stdout.write(
      `event to read, ${events} events at ${eventsPerSecond}/s, ${probes} probes: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms\n`,
    );
    expect(lost).toBe(0);
    // On a machine of its own p99 is below two seconds, with room; tests share theirs with others.
    expect(p50Ms).toBeLessThan(20_000);
  }, 180_000);

  it('are shown with the job that computes them, in status and metrics', async () => {
    // Flink collects its counts every ten seconds.
    let status = await loader.app.status();
    for (let tries = 0; tries < 60 && !(counted(status) > 0); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      status = await loader.app.status();
    }
    const { flink, state } = status;
    expect(state).toBe('running');
    expect(flink).toMatchObject({ reachable: true, state: 'RUNNING' });
    if (flink?.reachable !== true) throw new Error('the JobManager answers');
    expect(flink.last_checkpoint?.id).toBeGreaterThan(0);
    expect(flink.last_checkpoint?.age_ms).toBeLessThan(120_000);
    expect(flink.watermark_lag_ms).toBeGreaterThan(0);
    // Of each record two windows make a row.
    expect(flink.num_records_in).toBeGreaterThan(1000);
    expect(flink.num_records_out).toBeGreaterThan(flink.num_records_in);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('millrace_flink_job_running{job="millrace-shop-fleet"} 1');
    expect(metrics).toMatch(/millrace_watermark_lag_ms\{job="millrace-shop-fleet"\} \d/);
    expect(metrics).toContain('event_to_servable_ms_count{view="spend"}');
  }, 60_000);

  it('are what a stock Feast SDK reads, from Redis and over HTTP', async () => {
    const users = ['u1', 'u2', 'u3', 'nobody'];
    await boughtOf(users.slice(0, 3));
    const repository = join(served.folder, 'repo');
    await loader.app.feast.export({ out: repository, url: server.url });
    const expected = users.map((user) => sent.get(user) ?? null);
    for (const file of ['feature_store.yaml', 'feature_store.remote.yaml']) {
      const args = [file, JSON.stringify(users)];
      const read = JSON.parse(await runFeastScript(script, { cwd: repository, args }));
      expect(read.bought).toEqual(expected);
      expect(read.spent).toEqual(expected);
      expect(read.user_id).toEqual(users);
      const sums = users.map((_, i) => read.bought_1m[i] + read.older[i]);
      expect(sums.slice(0, 3)).toEqual(expected.slice(0, 3));
    }
  }, 180_000);

  it('lose nothing and never go back when the TaskManager is killed', async () => {
    const producer = new Producer({
      clientId: 'killed',
      bootstrapBrokers: [...served.brokers.brokers],
      acks: -1,
    });
    const ticking = keepTicking(producer);
    let wentBack = 0;
    let reads = 0;
    const seen = new Map<string, number>();
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        for (let i = 0; i < 20; i++) {
          const user_id = `k${i}`;
          const { values } = await loader.app.store.get(spend, { user_id });
          const bought = Number(values.bought ?? 0);
          if (bought < (seen.get(user_id) ?? 0)) wentBack += 1;
          seen.set(user_id, bought);
          reads += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let n = 0; n < 60; n++) {
      const messages = Array.from({ length: 20 }, (_, i) => {
        const user_id = `k${i}`;
        sent.set(user_id, (sent.get(user_id) ?? 0) + 1);
        const value = Buffer.from(JSON.stringify({ user_id, amount: 1, ts: Date.now() }));
        return { topic: 'purchases', key: Buffer.from(user_id), value };
      });
      await producer.send({ messages });
      if (n === 20) {
        process.kill(served.cluster.taskManagerPid, 'SIGKILL');
        startTaskManager(served.clusterOptions);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const users = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const found = await boughtOf(users);
    over.abort();
    await watching;
    await ticking.stop();
    await producer.close();
    process.stdout.write(`TaskManager killed: ${reads} reads, ${wentBack} went back\n`);
    expect([...found.values()]).toEqual(users.map((user) => sent.get(user)));
    expect(wentBack).toBe(0);
  }, 180_000);
});
