import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafka } from '../../../src/adapters/kafka/index.ts';
import { howToRun, stopped, withServices } from '../service.ts';
import { startJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { range, startReading } from './reading.ts';
import { createTopic, withAdmin } from './topics.ts';

const total = 10_000;
const partitions = 3;

describe.skipIf(!withServices)(`three brokers (${howToRun})`, () => {
  let cluster: KafkaCluster;

  beforeAll(async () => {
    cluster = await startKafka({ brokerCount: 3, heapMb: 256 });
  }, 300_000);

  afterAll(() => cluster?.stop());

  test.each([
    ['killed', 30_000],
    ['frozen, with its connections open,', 60_000],
  ] as const)(
    'one %s under load: reading goes on, nothing lost, nothing twice',
    {
      timeout: 300_000,
    },
    async (how, stallMs) => {
      const topic = `led-${how.slice(0, 6)}`;
      await createTopic(cluster.brokers, { name: topic, partitions, replicas: 3 });
      const reading = await startReading(kafka({ brokers: cluster.brokers, topic }));
      const settings = [cluster.brokers.join(), '-', 'acks=all', 'linger.ms=5'];
      const limits = ['request.timeout.ms=3000', 'delivery.timeout.ms=180000'];
      const producer = await startJava('produce.java', [...settings, ...limits]);
      const ended = new Promise((resolve) => producer.once('exit', resolve));
      // The first that is asked who leads what, and the leader of a partition.
      const [node] = cluster.nodes;
      expect(await leadersOf(topic)).toContain(node?.id);
      const stalls = stallMeter(() => reading.all().length);
      try {
        for (let n = 0; n < total; n++) {
          producer.stdin?.write(`send\t${topic}\t${n % partitions}\tk\t{"n":${n}}\n`);
          if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 25));
          if (n === 1000) await reading.until(() => reading.all().length > 0, 60_000);
          if (n !== 3000) continue;
          stalls.begin();
          if (how === 'killed') await node?.kill();
          else node?.freeze();
        }
        producer.stdin?.end();
        await reading.until(() => reading.all().length >= total, 180_000);
        await ended;
        for (const partition of range(0, partitions)) {
          const expected = range(0, total).filter((n) => n % partitions === partition);
          expect(reading.numbers.get(`${topic}-${partition}`)).toEqual(expected);
        }
        console.log(
          `longest time without any record, a leader ${how}: ${Math.round(stalls.longestMs())} ms`,
        );
        expect(stalls.longestMs()).toBeLessThan(stallMs);
      } finally {
        stalls.end();
        await stopped(producer);
        await reading.close();
        await node?.kill();
        await node?.start();
      }
    },
  );

  async function leadersOf(topic: string): Promise<readonly number[]> {
    return withAdmin(cluster.brokers, async (admin) => {
      const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
      return Object.values(topics.get(topic)?.partitions ?? {}).map(({ leader }) => leader);
    });
  }
});

/** The longest time in which a count did not grow. */
function stallMeter(count: () => number) {
  let longestMs = 0;
  let lastMs = performance.now();
  let seen = 0;
  const timer = setInterval(() => {
    const now = count();
    if (now === seen) return;
    seen = now;
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 10);
  return {
    begin: () => {
      longestMs = 0;
      lastMs = performance.now();
    },
    longestMs: () => longestMs,
    end: () => clearInterval(timer),
  };
}
