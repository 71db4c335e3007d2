// Everything between an event and a reader, for real: Kafka, a Flink cluster, Redis, the loader and the
// server of this process. For tests and for the bench of freshness.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  stream,
  sum,
  t,
} from 'millrace';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { redis } from 'millrace/redis';
import { type FlinkJobs, flinkJobs } from '../../../../src/app/flink/deploy/flink-jobs.ts';
import { type Cluster, type ClusterOptions, startCluster, stopCluster } from '../flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from '../flink-install.ts';
import { type KafkaCluster, startKafka } from '../../kafka/kafka-cluster.ts';
import { createTopic } from '../../kafka/topics.ts';
import { type RedisServer, startRedis } from '../../redis/redis-server.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  // Whoever writes moves both partitions on: none is ever idle, and none may be taken for it.
  eventTime: { field: 'ts', outOfOrderness: '250ms' },
});

/** Two windows, and what is derived from both. */
export const spend = featureView('spend', {
  entity: user,
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  freshness: '2s',
  features: (p) => ({
    bought_1m: count().over(rolling('1m')),
    spent_1m: sum(p.amount).over(rolling('1m')),
    bought: count().over(lifetime()),
    spent: sum(p.amount).over(lifetime()),
  }),
  derive: (f) => ({ older: f.bought.minus(f.bought_1m) }),
});

/** All that runs. */
export interface ServedCluster {
  readonly brokers: KafkaCluster;
  readonly redis: RedisServer;
  readonly cluster: Cluster;
  readonly clusterOptions: ClusterOptions;
  readonly folder: string;
  readonly config: Config;
  readonly jobs: FlinkJobs;
  stop(): Promise<void>;
}

export interface ServedClusterOptions {
  /** First of three ports of Flink. */
  readonly port: number;
  readonly layout?: 'packed' | 'feast';
  readonly checkpointInterval?: string;
}

/** Starts all of it and deploys the job. */
export async function startServedCluster(options: ServedClusterOptions): Promise<ServedCluster> {
  const { port, layout = 'feast', checkpointInterval = '1s' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-served-'));
  const dist = installFlink(defaultFlinkDirectory);
  installKafkaConnector(dist);
  const clusterOptions = { dist, directory: join(folder, 'cluster'), port, memory: '1400m' };
  const [brokers, server, cluster] = await Promise.all([
    startKafka(),
    startRedis(),
    startCluster(clusterOptions),
  ]);
  const stop = async (): Promise<void> => {
    await stopCluster(clusterOptions.directory);
    await Promise.all([brokers.stop(), server.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await createTopic(brokers.brokers, { name: 'purchases', partitions: 2 });
    const config = defineConfig({
      project: 'shop',
      definitions: [{ spend }],
      environments: {
        fleet: {
          streams: { purchases: kafka({ brokers: brokers.brokers, topic: 'purchases' }) },
          online: redis(server.url, { layout }),
          checkpoints: { directory: join(folder, 'state'), interval: checkpointInterval },
          restart: { strategy: 'fixedDelay', delay: '500ms', attempts: 1000 },
          engine: flink({
            gateway: cluster.gateway,
            jobManager: cluster.jobManager,
            settle: '1s',
            verifyTimeout: '60s',
          }),
        },
      },
    });
    const jobs = await flinkJobs(config, { env: 'fleet' });
    await jobs.deploy();
    return { brokers, redis: server, cluster, clusterOptions, folder, config, jobs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A loader in this process. */
export interface RunningLoader {
  readonly app: App;
  /** Stops it and says what it did. */
  stop(): ReturnType<App['run']>;
}

/** Loads what the job computes, until it is stopped. */
export async function startLoader({ config, folder }: ServedCluster): Promise<RunningLoader> {
  const app = await millrace(config, { env: 'fleet', baseDirectory: folder });
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
