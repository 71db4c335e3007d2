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

  test('one killed under load: reading goes on within 10 s, nothing lost, nothing twice', {
    timeout: 120_000,
  }, async () => {
    const topic = 'led';
    await createTopic(cluster.brokers, { name: topic, partitions, replicas: 3 });
    const reading = await startReading(kafka({ brokers: cluster.brokers, topic }));
    const settings = [cluster.brokers.join(), '-', 'acks=all', 'linger.ms=5'];
    const producer = await startJava('produce.java', settings);
    const ended = new Promise((resolve) => producer.once('exit', resolve));
    try {
      let longestGapMs = 0;
      let lastMs = performance.now();
      let count = 0;
      const watch = setInterval(() => {
        if (reading.all().length === count) return;
        count = reading.all().length;
        longestGapMs = Math.max(longestGapMs, performance.now() - lastMs);
        lastMs = performance.now();
      }, 10);
      const victim = await leaderOf(topic, 0);
      for (let n = 0; n < total; n++) {
        producer.stdin?.write(`send\t${topic}\t${n % partitions}\tk\t{"n":${n}}\n`);
        if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 25));
        if (n === 1000) await reading.until(() => reading.all().length > 0);
        if (n === 2000) lastMs = performance.now();
        if (n === 3000) longestGapMs = 0;
        if (n === 3000) await cluster.nodes.find(({ id }) => id === victim)?.kill();
      }
      producer.stdin?.end();
      await reading.until(() => reading.all().length >= total, 40_000);
      clearInterval(watch);
      await ended;
      for (const partition of range(0, partitions)) {
        const expected = range(0, total).filter((n) => n % partitions === partition);
        expect(reading.numbers.get(`${topic}-${partition}`)).toEqual(expected);
      }
      expect(await leaderOf(topic, 0)).not.toBe(victim);
      console.log(`longest stall after a leader was killed: ${Math.round(longestGapMs)} ms`);
      expect(longestGapMs).toBeLessThan(10_000);
    } finally {
      await stopped(producer);
      await reading.close();
    }
  });

  async function leaderOf(topic: string, partition: number): Promise<number> {
    return withAdmin(cluster.brokers, async (admin) => {
      const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
      return topics.get(topic)?.partitions[partition]?.leader ?? -1;
    });
  }
});
