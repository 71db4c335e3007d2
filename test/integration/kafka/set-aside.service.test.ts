// Dead letters of a Kafka stream as topics: what two processes may do at the same time, what a replay
// carries, what is there before anything failed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafka as topicOf } from '../../../src/adapters/kafka/kafka.ts';
import { readValues } from '../../../src/adapters/kafka/set-aside/read-values.ts';
import type { ReplayRecord, SetAsideNote, SetAsideRecords } from '../../../src/ports/set-aside.ts';
import { howToRun, withServices } from '../service.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

function record(id: string, changes: Partial<ReplayRecord> = {}): ReplayRecord {
  return {
    id,
    at: '2026-03-01T08:00:00Z',
    attempt: 2,
    value: Buffer.from(`{"n":"${id}"}`),
    key: null,
    partition: null,
    timestampMs: null,
    headers: [],
    ...changes,
  };
}

async function all<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe.skipIf(!withServices)(`records set aside on Kafka (${howToRun})`, () => {
  let kafka: KafkaCluster;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 180_000);

  afterAll(() => kafka?.stop());

  function open(topic: string, mode: 'read' | 'write'): Promise<SetAsideRecords> {
    const binding = topicOf({ brokers: kafka.brokers, topic });
    const context = { stream: topic, directory: '.', mode, views: [] } as const;
    if (binding.openSetAside === undefined) throw new Error('a topic has dead letters');
    return binding.openSetAside(context);
  }

  test('before anything failed there is nothing, and looking makes no topic', async () => {
    await createTopic(kafka.brokers, { name: 'quiet', partitions: 2 });
    const records = await open('quiet', 'read');
    expect(await all(records.deadLetters())).toEqual([]);
    expect(await all(records.lateRecords())).toEqual([]);
    expect(await all(records.notes())).toEqual([]);
    await records.close();
  }, 120_000);

  test('whoever comes second shuts out the first, of whom nothing is seen', async () => {
    await createTopic(kafka.brokers, { name: 'shared', partitions: 2 });
    const first = await open('shared', 'write');
    await first.replay([record('a')]);
    const second = await open('shared', 'write');
    const shutOut = first.replay([record('b'), record('c')]);
    await expect(shutOut).rejects.toMatchObject({ code: 'MR_DEAD_LETTERS_IN_USE' });
    await second.replay([record('d')]);
    const notes = await all<SetAsideNote>(second.notes());
    expect(notes.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['replay a', 'replay d']);
    const values = await all(readValues({ brokers: kafka.brokers }, 'shared'));
    expect(values.map(String).toSorted()).toEqual(['{"n":"a"}', '{"n":"d"}']);
    await Promise.all([first.close(), second.close()]);
  }, 120_000);

  test('thousands of records go back in one transaction, each once', async () => {
    await createTopic(kafka.brokers, { name: 'many', partitions: 3 });
    const records = await open('many', 'write');
    const sent = Array.from({ length: 3000 }, (_, i) => record(`r${i}`, { partition: i % 3 }));
    await records.replay(sent);
    const ids = (await all<SetAsideNote>(records.notes())).map(({ id }) => id);
    expect(ids).toEqual(sent.map(({ id }) => id));
    expect(await all(readValues({ brokers: kafka.brokers }, 'many'))).toHaveLength(3000);
    await records.close();
  }, 120_000);

  test('what somebody else writes to the topic is passed over', async () => {
    await createTopic(kafka.brokers, { name: 'strange.dlq', partitions: 1 });
    await produce(kafka.brokers, 'strange.dlq', [
      { value: 'no JSON' },
      { key: 'k' },
      { value: '7' },
    ]);
    const records = await open('strange', 'read');
    expect(await all(records.deadLetters())).toEqual([7]);
    await records.close();
  }, 120_000);
});
