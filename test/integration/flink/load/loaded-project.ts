// A view that Flink computes, for tests of whoever loads its rows: who writes the rows into the topics, a
// cluster or the test, is left open. Values grow with time, so that one that goes back is seen.
import { join } from 'node:path';
import {
  type Config,
  type EnvironmentOptions,
  count,
  defineConfig,
  entity,
  featureView,
  rolling,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { redis } from 'millrace/redis';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '1s' },
});

const base = { entity: user, from: purchases, emit: 'watermark', decay: 'never' } as const;

/** As it is deployed at first. */
export const spend = featureView('spend', {
  ...base,
  features: (p) => ({
    spent: sum(p.amount).over(rolling('1h')),
    bought: count().over(rolling('1h')),
    bought_5m: count().over(tumbling('5m')),
  }),
  derive: (f) => ({ both: f.bought.plus(f.bought_5m) }),
});

/** Deployed anew, with one window more. */
export const wider = featureView('spend', {
  ...base,
  features: (p) => ({
    spent: sum(p.amount).over(rolling('1h')),
    bought: count().over(rolling('1h')),
    bought_5m: count().over(tumbling('5m')),
    bought_1d: count().over(rolling('24h')),
  }),
  derive: (f) => ({ both: f.bought.plus(f.bought_5m) }),
});

/** What a process needs to know to load. */
export interface LoadedProject {
  readonly folder: string;
  readonly brokers: readonly string[];
  /** Redis. */
  readonly url: string;
  readonly isWider?: boolean;
}

export function loadedConfig(
  { folder, brokers, url, isWider = false }: LoadedProject,
  environment: Partial<EnvironmentOptions> = {},
): Config {
  return defineConfig({
    project: 'shop',
    definitions: [isWider ? { spend: wider } : { spend }],
    environments: {
      fleet: {
        streams: { purchases: kafka({ brokers, topic: 'purchases' }) },
        online: redis(url),
        checkpoints: { directory: join(folder, 'checkpoints'), interval: '300ms' },
        restart: { strategy: 'fixedDelay', delay: '200ms', attempts: 1000 },
        parallelism: 2,
        // Nobody is there: whoever loads needs no cluster.
        engine: flink({ gateway: 'http://127.0.0.1:9', jobManager: 'http://127.0.0.1:9' }),
        ...environment,
      },
    },
  });
}
