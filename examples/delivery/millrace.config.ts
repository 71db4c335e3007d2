// The same job three times; only what it promises about its output differs. Paths and brokers come
// from the demo, which gives each job a topic and a folder of its own.
import { join } from 'node:path';
import { defineConfig } from 'millrace';
import { kafka } from 'millrace/kafka';
import * as features from './features.ts';

const brokers = (process.env['DELIVERY_BROKERS'] ?? 'localhost:9092').split(',');
const folder = process.env['DELIVERY_FOLDER'] ?? '../../.millrace/delivery';

type Delivery = 'at-most-once' | 'at-least-once' | 'exactly-once';

const environment = (delivery: Delivery) => ({
  streams: { payments: kafka({ brokers, topic: 'payments', until: 'latest' }) },
  outputs: { totals: kafka({ brokers, topic: `totals.${delivery}`, delivery }) },
  checkpoints: { directory: join(folder, 'checkpoints'), interval: '200ms' },
  deadLetters: join(folder, 'dead-letters'),
});

export default defineConfig({
  project: 'delivery',
  definitions: [features],
  environments: {
    'at-most-once': environment('at-most-once'),
    'at-least-once': environment('at-least-once'),
    'exactly-once': environment('exactly-once'),
  },
});
