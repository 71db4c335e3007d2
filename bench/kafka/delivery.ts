// What exactly-once output costs: the same job from a topic to a topic, in turn with each guarantee, with
// a checkpoint every second, broker on the same machine. Each run is a process of its own.
// Run: node --conditions=millrace-src bench/kafka/delivery.ts [events] [rounds]
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defineConfig, millrace } from 'millrace';
import { kafka } from 'millrace/kafka';
import * as definitions from '../../src/app/bench/bench-definitions.ts';
import { createTopic } from '../../test/integration/kafka/topics.ts';
import { startKafka } from '../../test/integration/kafka/kafka-cluster.ts';
import { loadTopic } from './topic-loader.ts';

const deliveries = ['at-least-once', 'exactly-once'] as const;
type Delivery = (typeof deliveries)[number];

interface DeliveryJob {
  readonly brokers: readonly string[];
  readonly folder: string;
  readonly delivery: Delivery;
  readonly round: number;
}

/** Three features of every event: one row out for each that comes in. */
const view = 'j2';
const { j2 } = definitions;
const spanMs = 7_200_000;
const partitions = 3;

/** Runs one job to the end of its input; events a second. */
async function runJob({ brokers, folder, delivery, round }: DeliveryJob): Promise<number> {
  const name = `${delivery}-${round}`;
  const output = kafka({ brokers, topic: `out.${name}`, delivery });
  const config = defineConfig({
    project: `bench-${name}`,
    definitions: [{ j2 }],
    environments: {
      bench: {
        streams: { events: kafka({ brokers, topic: 'in', until: 'latest' }) },
        outputs: { [view]: output },
        checkpoints: { directory: join(folder, name), interval: '1s' },
        state: { directory: join(folder, `state-${name}`) },
      },
    },
  });
  const app = await millrace(config, { env: 'bench' });
  const summary = await app.run({ untilEnd: true });
  await app.close();
  process.stderr.write(`${name}: ${JSON.stringify(summary)}\n`);
  return summary.events_per_second;
}

async function main(events: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-delivery-'));
  const broker = await startKafka();
  const { brokers } = broker;
  try {
    const topic = { partitions, settings: { 'retention.ms': '-1' } };
    await createTopic(brokers, { name: 'in', ...topic });
    const path = join(folder, 'events');
    await loadTopic({ brokers, topic: 'in', partitions, path, events, users: 100_000, spanMs });
    const rates = new Map<Delivery, number[]>(deliveries.map((delivery) => [delivery, []]));
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? deliveries : deliveries.toReversed();
      for (const delivery of order) {
        await createTopic(brokers, { name: `out.${delivery}-${round}`, ...topic });
        const rate = await inProcess({ brokers, folder, delivery, round });
        rates.get(delivery)?.push(rate);
        process.stdout.write(`${delivery.padEnd(14)} ${rate} events/s\n`);
      }
    }
    const [least = 1, exactly = 0] = deliveries.map((name) => median(rates.get(name) ?? []));
    process.stdout.write(`exactly-once / at-least-once: ${(exactly / least).toFixed(3)}\n`);
  } finally {
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function inProcess(job: DeliveryJob): Promise<number> {
  const file = fileURLToPath(import.meta.url);
  const args = ['--conditions=millrace-src', file, '--job', JSON.stringify(job)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  process.stderr.write(stderr);
  return Number(stdout);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (process.argv[2] === '--job') {
  process.stdout.write(String(await runJob(JSON.parse(process.argv[3] ?? '{}') as DeliveryJob)));
} else {
  const [events = 2_000_000, rounds = 3] = process.argv.slice(2).map(Number);
  await main(events, rounds);
}
