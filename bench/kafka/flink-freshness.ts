// From an event in Kafka to its features in the hands of a reader, computed by a real Flink: events at a
// steady rate, Flink, upsert topics, the loader, Redis, a read. Starts all of it itself (Java, Maven and
// Debian's Redis as in the service tests) and stops it; the loader and the reader are this process.
// Run: node --conditions=millrace-src bench/kafka/flink-freshness.ts [--rate 1000] [--seconds 30] [--layout feast]
import { parseArgs } from 'node:util';
import { measureFreshness } from '../../test/integration/flink/load/freshness.ts';
import {
  startLoader,
  startServedCluster,
} from '../../test/integration/flink/load/served-cluster.ts';

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    users: { type: 'string', default: '10000' },
    layout: { type: 'string', default: 'feast' },
    'checkpoint-interval': { type: 'string', default: '1s' },
    port: { type: 'string', default: '23900' },
  },
});

/** Java compiles what it runs, and falls behind at first. */
const warmSeconds = 20;

const served = await startServedCluster({
  port: Number(options.port),
  layout: options.layout === 'packed' ? 'packed' : 'feast',
  checkpointInterval: options['checkpoint-interval'],
});
try {
  const loader = await startLoader(served);
  const { brokers } = served.brokers;
  const load = {
    brokers,
    app: loader.app,
    eventsPerSecond: Number(options.rate),
    users: Number(options.users),
  };
  await measureFreshness({ ...load, seconds: warmSeconds });
  const { sent: _, ...figures } = await measureFreshness({
    ...load,
    seconds: Number(options.seconds),
  });
  const { num_restarts, checkpoints_completed } = await served.jobs.status();
  const summary = await loader.stop();
  const rows = summary.rows_out;
  console.log(JSON.stringify({ ...figures, rows, checkpoints_completed, num_restarts }, null, 1));
} finally {
  await served.stop();
}
