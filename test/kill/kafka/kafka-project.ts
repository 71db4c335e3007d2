// The job that is killed: from a topic of three partitions to another one, exactly once, with a feature
// log beside it. Each event gives one row of its user, which says how many there were.
import { join } from 'node:path';
import {
  type Config,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  rolling,
  stream,
  sum,
  t,
} from 'millrace';
import { featureLog } from 'millrace/file';
import { kafka } from 'millrace/kafka';

export interface KafkaJob {
  readonly brokers: readonly string[];
  readonly folder: string;
  readonly input: string;
  readonly output: string;
  readonly delivery: 'exactly-once' | 'at-least-once' | 'at-most-once';
  readonly intervalMs: number;
  /** Name of the project: of the group and of the transactional id. */
  readonly project: string;
}

const user = entity('user', { key: { user_id: t.string() } });
const events = stream('events', {
  schema: { ts: t.timestamp(), user_id: t.string(), amount: t.float64() },
  eventTime: { field: 'ts', outOfOrderness: '1h' },
});
const spend = featureView('spend', {
  entity: user,
  from: events,
  emit: 'arrival',
  features: (f) => ({
    n: count().over(lifetime()),
    total: sum(f.amount).over(lifetime()),
    sum_10m: sum(f.amount).over(rolling('10m')),
  }),
});

export function kafkaConfig(job: KafkaJob): Config {
  const { brokers, folder, input, output, delivery, intervalMs, project } = job;
  return defineConfig({
    project,
    definitions: [{ user, events, spend }],
    environments: {
      local: {
        streams: { events: kafka({ brokers, topic: input }) },
        outputs: { spend: kafka({ brokers, topic: output, delivery }) },
        offline: featureLog(join(folder, 'log')),
        deadLetters: join(folder, 'dead-letters'),
        checkpoints: { directory: join(folder, 'checkpoints'), interval: `${intervalMs}ms` },
        state: { directory: join(folder, 'state') },
        restart: { strategy: 'none' },
      },
    },
  });
}
