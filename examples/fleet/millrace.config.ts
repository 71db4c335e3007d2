// Features that a Flink cluster computes and this project serves: docs/flink/serving.md. Where servers are
// comes from the environment; the folder of checkpoints has to be one that the cluster reaches too.
import { defineConfig } from 'millrace';
import { flink } from 'millrace/flink';
import { kafka } from 'millrace/kafka';
import { redis } from 'millrace/redis';
import * as features from './features.ts';

const { KAFKA = 'localhost:9092', REDIS = 'redis://localhost:6379' } = process.env;
const { FLINK_GATEWAY = 'http://localhost:8083', FLINK = 'http://localhost:8081' } = process.env;
const { CHECKPOINTS = '../../.millrace/fleet' } = process.env;

export default defineConfig({
  project: 'fleet',
  definitions: [features],
  environments: {
    fleet: {
      engine: flink({ gateway: FLINK_GATEWAY, jobManager: FLINK }),
      streams: { purchases: kafka({ brokers: KAFKA.split(','), topic: 'purchases' }) },
      online: redis(REDIS, { layout: 'feast' }),
      checkpoints: { directory: CHECKPOINTS, interval: '5s' },
      restart: { strategy: 'exponential' },
    },
  },
});
