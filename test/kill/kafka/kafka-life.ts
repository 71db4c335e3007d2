// One life of the job from Kafka to Kafka: runs until it is killed, or stopped by SIGTERM.
import { millrace } from 'millrace';
import { type KafkaJob, kafkaConfig } from './kafka-project.ts';

const app = await millrace(kafkaConfig(JSON.parse(process.argv[2] ?? '{}') as KafkaJob));
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
let hasBegun = false;
try {
  const summary = await app.run({
    signal: stop.signal,
    acceptDuplicates: process.argv.includes('--accept-duplicates'),
    ...(process.argv.includes('--fresh-state') ? { existing: 'dropAll' } : {}),
    onNotice: (message) => process.stderr.write(`${message}\n`),
    onProgress: ({ checkpoints }) => {
      if (hasBegun || checkpoints.completed === 0) return;
      hasBegun = true;
      process.stdout.write('runs\n');
    },
  });
  process.stdout.write(`${JSON.stringify(summary)}\n`);
} catch (error) {
  const { code, message, fix } = error as { code?: string; message?: string; fix?: string };
  process.stdout.write(`${JSON.stringify({ code, message, fix })}\n`);
  process.exitCode = 1;
} finally {
  await app.close();
}
