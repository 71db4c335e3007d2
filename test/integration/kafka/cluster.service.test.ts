import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

describe.skipIf(!withServices)(`Kafka's own tools (${howToRun})`, () => {
  let kafka: KafkaCluster;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 180_000);

  afterAll(() => kafka?.stop());

  test('read what we write', { timeout: 60_000 }, async () => {
    await createTopic(kafka.brokers, { name: 'written', partitions: 2 });
    const records = ['a', 'b', 'c'].map((value) => ({ partition: 1, key: 'k', value }));
    await produce(kafka.brokers, 'written', records);
    const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', kafka.brokers.join()],
      ...['--topic', 'written', '--from-beginning', '--max-messages', '3', '--timeout-ms', '20000'],
    ]);
    expect(output).toBe('a\nb\nc\n');
  });
});
