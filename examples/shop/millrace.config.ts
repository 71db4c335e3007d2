import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog, file } from 'millrace/file';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { redis } from 'millrace/redis';
import * as shop from './features/shop.ts';

const production = {
  streams: {
    purchases: kafka({ brokers: ['localhost:9092'], topic: 'raw.purchases', format: 'json' }),
  },
  online: redis('redis://localhost:6379'),
  offline: featureLog('/data/features'),
  outputs: {
    user_spend: kafka({
      brokers: ['localhost:9092'],
      topic: 'features.user_spend',
      delivery: 'exactly-once',
    }),
  },
  checkpoints: { directory: 's3://bucket/checkpoints', interval: '60s' },
};

export default defineConfig({
  project: 'shop',
  definitions: [shop],
  environments: {
    local: {
      streams: { purchases: file('./data/purchases.jsonl') },
      online: embedded('./.millrace/online'),
      offline: featureLog('./.millrace/offline'),
    },
    production,
    fleet: {
      ...production,
      engine: flink({ gateway: 'http://localhost:8083', jobManager: 'http://localhost:8081' }),
    },
  },
});
