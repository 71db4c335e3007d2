// Reading from a real Kafka on the same machine: events a second of the built-in jobs, memory over many
// events, how a lag drains, latency to the embedded store. Flink on the same topic: `flink.ts`.
// Starts a broker itself (Java and Maven are needed) and stops it. See bench/README.md.
// Run: node --conditions=millrace-src bench/kafka.ts [--events N] [--parts throughput,memory,lag,latency]
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { type KafkaCluster, startKafka } from '../test/integration/kafka/kafka-cluster.ts';
import { createTopic, withAdmin } from '../test/integration/kafka/topics.ts';
import { measureLatency } from './kafka/event-latency.ts';
import type { TopicRun } from './kafka/topic-job.ts';
import { loadTopic } from './kafka/topic-loader.ts';

const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '2000000' },
    'memory-events': { type: 'string', default: '10000000' },
    users: { type: 'string', default: '100000' },
    parts: { type: 'string', default: 'throughput,latency,lag,memory' },
  },
});

const parts = options.parts.split(',');
const events = Number(options.events);
const users = Number(options.users);
const hourMs = 3_600_000;
const partitions = 2;
const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-kafka-'));
const program = join(import.meta.dirname, 'kafka', 'topic-job.ts');

async function fill(kafka: KafkaCluster, topic: string, count: number, spanMs: number) {
  const { brokers } = kafka;
  const path = join(directory, 'events.jsonl');
  const rate = await loadTopic({ brokers, topic, partitions, path, events: count, users, spanMs });
  console.log(`${topic}: ${count} events written, ${thousands(rate)}/s`);
}

async function create(kafka: KafkaCluster, topic: string, count = partitions): Promise<void> {
  await createTopic(kafka.brokers, { name: topic, partitions: count });
}

async function remove(kafka: KafkaCluster, topic: string): Promise<void> {
  await withAdmin(kafka.brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
}

function jobArgs(kafka: KafkaCluster, topic: string, view: string, rest: readonly string[]) {
  const [broker = ''] = kafka.brokers;
  return ['--conditions=millrace-src', program, broker, topic, view, ...rest];
}

/** The job in a process of its own, so many times there: the first warms up. */
async function runs(
  kafka: KafkaCluster,
  topic: string,
  view: string,
  rest: readonly string[],
): Promise<readonly TopicRun[]> {
  const args = jobArgs(kafka, topic, view, rest);
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as TopicRun[];
}

async function throughput(kafka: KafkaCluster): Promise<void> {
  for (const [view, threads] of [
    ['j0', '1'],
    ['j2', '1'],
    ['j2', '2'],
  ] as const) {
    const all = await runs(kafka, 'events', view, [threads, '3']);
    const run = all.reduce((a, b) => (a.wallMs < b.wallMs ? a : b));
    const rate = (run.events * 1000) / run.wallMs;
    const perCpu = (run.events * 1000) / run.cpuMs;
    console.log(
      `${view}, ${threads} thread(s): ${thousands(rate)} events/s, ` +
        `${thousands(perCpu)} per CPU-second, ${run.rssMb} MB`,
    );
  }
}

/** Windows of an hour over many hours, so that state does not grow. */
async function memory(kafka: KafkaCluster): Promise<void> {
  const count = Number(options['memory-events']);
  await create(kafka, 'long');
  await fill(kafka, 'long', count, 100 * hourMs);
  const [run] = await runs(kafka, 'long', 'j2', ['1', '1']);
  await remove(kafka, 'long');
  const samples = run?.rssMbBySecond ?? [];
  const tenths = Array.from({ length: 10 }, (_, i) => {
    const from = Math.floor((i * samples.length) / 10);
    return Math.max(...samples.slice(from, Math.max(from + 1, ((i + 1) * samples.length) / 10)));
  });
  console.log(
    `memory over ${count} events, most of each tenth of the time: ${tenths.join(' ')} MB`,
  );
}

/** A job that stands still while events are written, and goes on. */
async function lag(kafka: KafkaCluster): Promise<void> {
  await create(kafka, 'lag');
  await fill(kafka, 'lag', 200_000, 2 * hourMs);
  const child = spawn(process.execPath, jobArgs(kafka, 'lag', 'j2', ['1', 'live']), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let read = 0;
  createInterface({ input: child.stdout }).on('line', (line) => (read = Number(line)));
  const until = async (count: number): Promise<void> => {
    while (read < count) {
      if (child.exitCode !== null) throw new Error('the job has ended');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  try {
    await until(200_000);
    child.kill('SIGSTOP');
    await fill(kafka, 'lag', events, 2 * hourMs);
    const startMs = performance.now();
    child.kill('SIGCONT');
    await until(200_000 + events);
    const rate = (events * 1000) / (performance.now() - startMs);
    console.log(`a lag of ${events} events drains at ${thousands(rate)}/s`);
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await remove(kafka, 'lag');
  }
}

async function latency(kafka: KafkaCluster): Promise<void> {
  await create(kafka, 'steady', 1);
  const { brokers } = kafka;
  const given = { brokers, topic: 'steady', events: 20_000, eventsPerSecond: 1000 };
  const { p50_ms: p50, p99_ms: p99, max_ms: max } = await measureLatency(given);
  console.log(`event to value in the store at 1,000/s: p50 ${p50}, p99 ${p99}, most ${max} ms`);
}

function thousands(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}

const kafka = await startKafka({ heapMb: 512 });
try {
  if (parts.includes('throughput')) {
    await create(kafka, 'events');
    await fill(kafka, 'events', events, 2 * hourMs);
    await throughput(kafka);
  }
  if (parts.includes('latency')) await latency(kafka);
  if (parts.includes('lag')) await lag(kafka);
  if (parts.includes('memory')) await memory(kafka);
} finally {
  await kafka.stop();
  rmSync(directory, { recursive: true, force: true });
}
