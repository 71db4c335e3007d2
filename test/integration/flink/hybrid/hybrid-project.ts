// A project part on Flink, part on the engine: sums of windows there, and of those what SQL cannot say here.
// The same definitions run wholly on the engine in its other environment.
import { join } from 'node:path';
import {
  type Config,
  count,
  countBy,
  defineConfig,
  entity,
  featureView,
  firstN,
  lifetime,
  quantile,
  rolling,
  rowsOf,
  stream,
  sum,
  t,
  tumbling,
} from 'millrace';
import { file } from 'millrace/file';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { memoryStore } from 'millrace/memory';
import { redis } from 'millrace/redis';

const user = entity('user', { key: { user_id: t.string() } });
const crowd = entity('crowd', { key: { is_even: t.bool() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.int64(), ts: t.timestamp() },
  // No idleTimeout: after a restart a partition that is not read yet would count as idle.
  eventTime: { field: 'ts', outOfOrderness: '1s', maxAhead: 'off' },
});

/** Records without an amount only move time. */
export const spend = featureView('spend', {
  entity: user,
  from: purchases.where((p) => p.amount.gt(0)),
  emit: 'watermark',
  features: (p) => ({
    spent: sum(p.amount).over(tumbling('5s')),
    n: count().over(tumbling('5s')),
  }),
}).on('flink');

export const typical = featureView('typical', {
  entity: crowd,
  from: rowsOf(spend),
  keyBy: (row) => ({ is_even: row.user_id.in(['u0', 'u2', 'u4', 'u6']) }),
  decay: 'never',
  features: (row) => ({
    windows: count().over(lifetime()),
    bought: sum(row.n).over(lifetime()),
    half: quantile(row.spent, 0.5).over(rolling('5m', { resolution: '10s' })),
    opening: firstN(row.spent, 7).over(lifetime()),
    by_user: countBy(row.user_id, { max: 3 }).over(rolling('1h')),
  }),
}).on('engine');

/** What a process needs to know to run it. */
export interface HybridProject {
  readonly folder: string;
  readonly brokers: readonly string[];
  /** Redis. */
  readonly url: string;
  readonly gateway: string;
  readonly jobManager: string;
}

export function hybridConfig(project: HybridProject): Config {
  const { folder, brokers, url, gateway, jobManager } = project;
  return defineConfig({
    project: 'shop',
    definitions: [{ spend, typical }],
    environments: {
      local: {
        streams: { purchases: file(join(folder, 'events.jsonl')) },
        online: memoryStore(),
      },
      fleet: {
        streams: { purchases: kafka({ brokers, topic: 'purchases' }) },
        online: redis(url),
        checkpoints: { directory: join(folder, 'state'), interval: '500ms' },
        restart: { strategy: 'fixedDelay', delay: '300ms', attempts: 1000 },
        parallelism: 2,
        engine: flink({ gateway, jobManager, settle: '1s', verifyTimeout: '60s' }),
      },
    },
  });
}
