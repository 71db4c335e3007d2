// J2 on this engine from a topic to a topic, until the process is killed. Says so once it runs.
// Run: node --conditions=millrace-src bench/peers/our-live-job.ts OPTIONS-AS-JSON
import { count, defineConfig, entity, featureView, max, millrace } from 'millrace';
import { rolling, stream, sum, t } from 'millrace';
import { kafka } from 'millrace/kafka';
import type { EventsTopic } from './events-place.ts';

export interface LiveJob extends EventsTopic {
  readonly output: string;
  readonly outOfOrdernessMs: number;
  readonly emit: 'watermark' | 'arrival';
}

const job = JSON.parse(process.argv[2] ?? '{}') as LiveJob;
const { brokers, topic, output, outOfOrdernessMs, emit } = job;

const events = stream('events', {
  schema: {
    event_id: t.string(),
    user_id: t.string(),
    event_type: t.string(),
    amount: t.float64(),
    category: t.string(),
    merchant_id: t.string(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: `${outOfOrdernessMs}ms` },
});
const j2 = featureView('j2', {
  entity: entity('user', { key: { user_id: t.string() } }),
  from: events,
  emit,
  decay: 'never',
  features: (e) => ({
    n: count().over(rolling('1h')),
    spent: sum(e.amount).over(rolling('1h')),
    most: max(e.amount).over(rolling('1h')),
  }),
});
const config = defineConfig({
  project: 'live',
  definitions: [{ j2 }],
  environments: {
    bench: {
      streams: { events: kafka({ brokers, topic }) },
      outputs: { j2: kafka({ brokers, topic: output }) },
    },
  },
});
const app = await millrace(config, { env: 'bench' });
const running = app.run();
process.stdout.write('running\n');
await running;
