// What the administrator sees and changes, against what Kafka's own tools say of the same cluster.
import { openKafkaAdmin } from '../../../src/adapters/kafka/admin/kafka-admin.ts';
import type { BrokerAdmin } from '../../../src/ports/broker-admin.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

describe.skipIf(!withServices)(`Kafka's administrator (${howToRun})`, () => {
  let kafka: KafkaCluster;
  let admin: BrokerAdmin;

  beforeAll(async () => {
    kafka = await startKafka();
    admin = await openKafkaAdmin({ brokers: kafka.brokers });
  }, 180_000);

  afterAll(async () => {
    await admin?.close();
    await kafka?.stop();
  });

  const tool = (name: string, ...args: readonly string[]): Promise<string> =>
    runJava(`org.apache.kafka.tools.${name}`, [
      '--bootstrap-server',
      kafka.brokers.join(),
      ...args,
    ]);

  test('creates topics, raises partitions and settings', { timeout: 60_000 }, async () => {
    const settings = { 'retention.ms': '3600000', 'cleanup.policy': 'compact' };
    await admin.createTopic({ topic: 'made', partitions: 2, replicas: 1, settings });
    await admin.addPartitions('made', 5);
    await admin.setTopicSettings('made', { 'retention.ms': '7200000' });
    const [made] = await admin.topics(['made', 'missing']);
    expect(made).toMatchObject({ topic: 'made', partitions: 5, replicas: 1 });
    expect(made?.settings).toMatchObject({ ...settings, 'retention.ms': '7200000' });
    const described = await tool('TopicCommand', '--describe', '--topic', 'made');
    expect(described).toMatch(/PartitionCount: 5/);
    expect(described).toMatch(/retention.ms=7200000/);
    expect(described).toMatch(/cleanup.policy=compact/);
    expect(await admin.brokerCount()).toBe(1);
  });

  test('finds offsets and the times of records', { timeout: 60_000 }, async () => {
    await createTopic(kafka.brokers, { name: 'timed', partitions: 2 });
    const startMs = Date.UTC(2026, 0, 5);
    const records = Array.from({ length: 10 }, (_, i) => ({
      partition: 0,
      value: `v${i}`,
      timestampMs: startMs + i * 1000,
    }));
    await produce(kafka.brokers, 'timed', records.slice(0, 4));
    await produce(kafka.brokers, 'timed', records.slice(4));
    const both = [0, 1].map((partition) => ({ topic: 'timed', partition }));
    const offsetsAt = async (at: Parameters<BrokerAdmin['offsets']>[1]): Promise<number[]> =>
      (await admin.offsets(both, at)).map(({ offset }) => offset);
    expect(await offsetsAt('earliest')).toEqual([0, 0]);
    expect(await offsetsAt('latest')).toEqual([10, 0]);
    expect(await offsetsAt({ timestampMs: startMs + 4500 })).toEqual([5, -1]);
    const times = await admin.recordTimes([
      { topic: 'timed', partition: 0, offset: 0 },
      { topic: 'timed', partition: 0, offset: 6 },
      { topic: 'timed', partition: 0, offset: 10 },
      { topic: 'timed', partition: 1, offset: 0 },
    ]);
    expect(times).toEqual([startMs, startMs + 6000, null, null]);
  });

  test('commits offsets that other tools see', { timeout: 60_000 }, async () => {
    await admin.commit('g', [{ topic: 'timed', partition: 0, offset: 7 }]);
    expect(await admin.committed('g')).toEqual([{ topic: 'timed', partition: 0, offset: 7 }]);
    expect((await admin.groups()).get('g')).toBe('empty');
    expect(await admin.committed('nobody')).toEqual([]);
    const described = await tool(
      'consumer.group.ConsumerGroupCommand',
      '--describe',
      '--group',
      'g',
    );
    expect(described).toMatch(/g\s+timed\s+0\s+7\s+10\s+3/);
  });
});
