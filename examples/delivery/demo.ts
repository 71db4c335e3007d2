// What at-most-once, at-least-once and exactly-once mean when a process dies: each job reads the same
// payments from a real broker, is killed (SIGKILL) in the middle of writing, again and again, and then
// runs to its end. Kafka's own console consumer reads what came out; what is lost or doubled is counted.
//
// `node --conditions=millrace-src examples/delivery/demo.ts [payments] [kills]` starts a broker (needs Java
// and Maven), takes two to three minutes, and leaves nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { runJava } from '../../test/integration/kafka/java-tools.ts';
import { startKafka } from '../../test/integration/kafka/kafka-cluster.ts';
import { createTopic, produce } from '../../test/integration/kafka/topics.ts';

const deliveries = ['at-most-once', 'at-least-once', 'exactly-once'] as const;
const users = 30;
const partitions = 3;
/** A life is ended when it has written so many records. */
const recordsOfLife = 10_000;
const [payments = 200_000, kills = 3] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Outcome {
  readonly results: number;
  readonly lost: number;
  readonly doubled: number;
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-delivery-'));
const kafka = await startKafka();
const running = new Set<ChildProcess>();
const admin = new Admin({
  clientId: 'delivery',
  bootstrapBrokers: [...kafka.brokers],
  retries: 20,
});
try {
  await writePayments();
  console.log(
    `${payments} payments in a topic; each job is killed ${kills} times while it writes\n`,
  );
  console.log('promise        kills  results     lost  doubled');
  for (const delivery of deliveries) {
    // Vectors are as old as their events: they must not expire while they are counted.
    const settings = { 'retention.ms': '-1' };
    await createTopic(kafka.brokers, { name: `totals.${delivery}`, partitions, settings });
    const killed = await runKilled(delivery);
    const { results, lost, doubled } = await outcomeOf(delivery);
    const cells = [killed, results, lost, doubled].map((value, i) =>
      String(value).padStart([5, 8, 8, 8][i] ?? 8),
    );
    console.log(`${delivery.padEnd(14)} ${cells.join(' ')}`);
  }
  console.log(
    '\nat-most-once sends what a checkpoint covers once it is complete: what was not sent is lost.' +
      '\nat-least-once sends at once, and again what came after the last checkpoint: some is doubled.' +
      '\nexactly-once sends in a transaction a checkpoint: readers of committed records see each once.',
  );
} finally {
  for (const child of running) child.kill('SIGKILL');
  await admin.close();
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
}

async function writePayments(): Promise<void> {
  await createTopic(kafka.brokers, { name: 'payments', partitions });
  const startMs = Date.UTC(2026, 0, 5);
  const records = Array.from({ length: payments }, (_, i) => {
    const user_id = `u${i % users}`;
    const value = JSON.stringify({ user_id, amount: i % 100, ts: startMs + i });
    return { partition: (i % users) % partitions, key: user_id, value };
  });
  await produce(kafka.brokers, 'payments', records);
}

/** Runs the job, ends it by SIGKILL while it writes, and lets its last life run to the end. */
async function runKilled(delivery: string): Promise<number> {
  let killed = 0;
  while (killed < kills) {
    const before = await written(delivery);
    const life = startJob(delivery);
    const ended = once(life, 'exit');
    for (;;) {
      if (life.exitCode !== null) return endedWell(delivery, life, killed);
      if ((await written(delivery)) - before >= recordsOfLife) break;
    }
    life.kill('SIGKILL');
    await ended;
    killed++;
  }
  const life = startJob(delivery);
  await once(life, 'exit');
  return endedWell(delivery, life, killed);
}

function endedWell(delivery: string, { exitCode }: ChildProcess, killed: number): number {
  if (exitCode === 0) return killed;
  throw new Error(`the last life of ${delivery} ended with ${exitCode}`);
}

function startJob(delivery: string): ChildProcess {
  const cli = pathToFileURL(join(root, 'src/cli/main.ts')).href;
  const config = join(root, 'examples/delivery/millrace.config.ts');
  const script = `process.exitCode = await (await import('${cli}')).main(process.argv.slice(1))`;
  const flags = ['--conditions=millrace-src', '--input-type=module', '-e', script, '--'];
  const args = [
    'run',
    '--config',
    config,
    '--env',
    delivery,
    '--until-end',
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DELIVERY_BROKERS: kafka.brokers.join(),
      DELIVERY_FOLDER: join(folder, delivery),
    },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Records in the output topic, those of open and aborted transactions too. */
async function written(delivery: string): Promise<number> {
  const name = `totals.${delivery}`;
  const list = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1n,
  }));
  const [topic] = await admin.listOffsets({ topics: [{ name, partitions: list }] });
  return topic?.partitions.reduce((sum, { offset }) => sum + Number(offset), 0) ?? 0;
}

/** What a reader of committed records sees: vector n of each user, once. */
async function outcomeOf(delivery: string): Promise<Outcome> {
  const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', kafka.brokers.join(), '--topic', `totals.${delivery}`],
    ...['--from-beginning', '--isolation-level', 'read_committed', '--timeout-ms', '20000'],
  ]);
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const seen = new Set<string>();
  for (const line of lines) {
    const { user_id, n } = JSON.parse(line) as { user_id: string; n: number };
    seen.add(`${user_id} ${n}`);
  }
  const doubled = lines.length - seen.size;
  return { results: lines.length, lost: payments - seen.size, doubled };
}
