// `node --conditions=millrace-src test/kill/kafka/kills.ts [seconds] [kills] [seed]`: the long version of
// the kill test, on a broker of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../../integration/kafka/kafka-cluster.ts';
import { endKafkaLives } from './kafka-lives.ts';
import { runKills } from './run-kills.ts';

const [seconds = 120, kills = 30, seed = 1] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-kills-'));
const kafka = await startKafka();
try {
  const result = await runKills({
    brokers: kafka.brokers,
    folder,
    seed,
    kills,
    durationMs: seconds * 1000,
    eventsPerSecond: 500,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const { lost, doubled, ...figures } = result;
  const told = { ...figures, lost: lost.length, doubled: doubled.length };
  process.stdout.write(`${JSON.stringify(told)}\n`);
  const isRight = lost.length + doubled.length === 0 && result.lag === 0;
  process.stdout.write(isRight ? 'each result exactly once\n' : 'WRONG\n');
  if (!isRight) process.exitCode = 1;
} finally {
  await endKafkaLives();
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
}
