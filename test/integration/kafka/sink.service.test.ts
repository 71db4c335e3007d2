import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKafkaWriter } from '../../../src/adapters/kafka/sink/kafka-writer.ts';
import type {
  KafkaWriter,
  KafkaWriterOptions,
} from '../../../src/adapters/kafka/sink/kafka-writer.ts';
import type { VectorBatch } from '../../../src/columns/vector-batch.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { Field } from '../../../src/kernel/types/field-type.ts';
import { vectorBatch } from '../../../src/testing/vectors.ts';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic } from './topics.ts';

const user: Field = { name: 'user', type: { kind: 'string' }, nullable: false };
const sum: Field = { name: 'sum', type: { kind: 'float64' }, nullable: true };
const startMs = Date.UTC(2026, 0, 1);
const view = { view: 'spend', key: [user], features: [sum], fingerprint: 'f1' };

/** One row a user: `u7` has sum 7. */
function vectors(users: readonly number[]): VectorBatch {
  const rows = users.map((i, at) => {
    return { key: { user: `u${i}` }, values: { sum: i }, asOfMs: startMs + i, seq: at + 1 };
  });
  return vectorBatch(view, rows);
}

describe.skipIf(!withServices)(`writing to Kafka (${howToRun})`, () => {
  let kafka: KafkaCluster;
  const reports: string[] = [];

  beforeAll(async () => {
    kafka = await startKafka();
  }, 180_000);

  afterAll(() => kafka?.stop());

  function open(topic: string, options: Partial<KafkaWriterOptions> = {}): Promise<KafkaWriter> {
    return openKafkaWriter({
      access: { brokers: kafka.brokers },
      name: 'kafka',
      job: topic,
      delivery: 'exactly-once',
      outputs: [{ view, topic }],
      readTopics: [],
      epochs: { transactionTimeoutMs: 60_000, acceptsMovedOffsets: false },
      clock: systemClock,
      report: (message) => reports.push(message),
      ...options,
    });
  }

  /** A topic that keeps what it has, however old its time is. */
  function makeTopic(name: string, partitions: number): Promise<void> {
    return createTopic(kafka.brokers, { name, partitions, settings: { 'retention.ms': '-1' } });
  }

  /** What a Java consumer sees. */
  async function seen(topic: string, isolation = 'read_committed'): Promise<string[]> {
    const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', kafka.brokers.join(), '--topic', topic, '--from-beginning'],
      ...['--isolation-level', isolation, '--timeout-ms', '10000'],
      ...['--formatter-property', 'print.key=true', '--formatter-property', 'print.partition=true'],
      ...['--formatter-property', 'print.timestamp=true'],
    ]);
    return output.split('\n').filter((line) => line.startsWith('CreateTime'));
  }

  test('rows are JSON under their key, seen when their checkpoint is committed', async () => {
    await makeTopic('rows', 3);
    const writer = await open('rows');
    const { epochs } = writer;
    expect(await epochs.authority?.committed()).toEqual({ id: null });
    await epochs.recover(null);
    await writer.write(vectors([1, 2, 3]));
    await epochs.prepare(1, {});
    expect(await seen('rows')).toEqual([]);
    await writer.write(vectors([4]));
    await epochs.commit(1);
    await epochs.commit(1);
    const rows = await seen('rows');
    expect(rows).toHaveLength(3);
    const one = rows.find((row) => row.includes('u1')) ?? '';
    expect(one).toContain(
      '{"user":"u1"}\t{"user":"u1","event_time":"2026-01-01T00:00:00.001Z","as_of":"2026-01-01T00:00:00.001Z","sum":1.0,"_seq":1}',
    );
    expect(one).toContain(`CreateTime:${startMs + 1}`);
    await epochs.prepare(2, {});
    await epochs.commit(2);
    await writer.close();
    expect(await seen('rows')).toHaveLength(4);
    const next = await open('rows');
    expect(await next.epochs.authority?.committed()).toEqual({ id: 2 });
    await next.close();
  }, 120_000);

  test('a process that was replaced cannot write, whatever it had under way', async () => {
    await makeTopic('fenced', 3);
    const zombie = await open('fenced');
    await zombie.epochs.recover(null);
    await zombie.write(vectors([1, 2]));
    await zombie.epochs.prepare(1, {});
    await zombie.epochs.commit(1);
    await zombie.write(vectors([3, 4]));
    const owner = await open('fenced');
    expect(await owner.epochs.authority?.committed()).toEqual({ id: 1 });
    await owner.epochs.recover({ id: 1, state: {}, positions: {} });
    await owner.write(vectors([5]));
    const writing = async (): Promise<void> => {
      await zombie.write(vectors([6, 7, 8, 9, 10, 11]));
      await zombie.epochs.prepare(2, {});
    };
    await expect(writing()).rejects.toMatchObject({ code: 'MR_KAFKA_FENCED' });
    await expect(zombie.epochs.commit(2)).resolves.toBeUndefined();
    await owner.epochs.prepare(2, {});
    await owner.epochs.commit(2);
    await zombie.close();
    await owner.close();
    const users = (await seen('fenced')).map((row) => /"user":"(u\d+)","event/.exec(row)?.[1]);
    expect(users.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['u1', 'u2', 'u5']);
  }, 120_000);

  test('what was prepared is not seen when the process dies before the commit', async () => {
    await makeTopic('died', 2);
    const first = await open('died');
    await first.epochs.recover(null);
    await first.write(vectors([1]));
    await first.epochs.prepare(7, {});
    const second = await open('died');
    expect(await second.epochs.authority?.committed()).toEqual({ id: null });
    await second.epochs.recover(null);
    await second.write(vectors([1, 2]));
    await second.epochs.prepare(8, {});
    await second.epochs.commit(8);
    await first.close();
    await second.close();
    expect(await seen('died')).toHaveLength(2);
    expect(await seen('died', 'read_uncommitted')).toHaveLength(3);
  }, 120_000);

  test('a transaction that the broker does not allow is refused at once', async () => {
    await makeTopic('long', 1);
    const epochs = { transactionTimeoutMs: 900_001, acceptsMovedOffsets: false };
    const writer = await open('long', { epochs });
    await expect(writer.epochs.recover(null)).rejects.toMatchObject({
      code: 'MR_KAFKA_TRANSACTION_TIMEOUT',
      message: expect.stringContaining('the broker allows 900000'),
    });
    await writer.close();
  }, 60_000);

  test('offsets are those of the checkpoint, and nobody may move them', async () => {
    await makeTopic('in', 2);
    await makeTopic('out', 2);
    const readTopics = [{ stream: 'events', topic: 'in', group: 'readers' }];
    const positions = {
      events: { 'in-0': { offset: 0, leaderEpoch: 0 }, 'in-1': { offset: 0, leaderEpoch: 0 } },
    };
    const first = await open('out', { readTopics });
    await first.epochs.recover(null);
    const state = await first.epochs.prepare(1, positions);
    await first.epochs.commit(1);
    await first.close();
    expect(first.epochs.authority?.hadCommitted(state)).toBe(false);
    const groups = ['org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'] as const;
    const server = ['--bootstrap-server', kafka.brokers.join(), '--group', 'readers'];
    const described = await runJava(groups[0], [...server, '--describe']);
    expect(described).toMatch(/readers\s+in\s+0\s+0\s+0\s+0/);
    const second = await open('out', { readTopics });
    const restored = { id: 1, state, positions };
    expect(await second.epochs.authority?.committed()).toEqual({ id: 1 });
    await second.epochs.recover(restored);
    await second.close();
    const other = { ...positions, events: { ...positions.events, 'in-1': { offset: 3 } } };
    const third = await open('out', { readTopics });
    await expect(third.epochs.recover({ ...restored, positions: other })).rejects.toMatchObject({
      code: 'MR_KAFKA_OFFSETS_MOVED',
      message: expect.stringContaining('in-1 from 3 to 0'),
    });
    await third.close();
    const accepts = { transactionTimeoutMs: 60_000, acceptsMovedOffsets: true };
    const fourth = await open('out', { readTopics, epochs: accepts });
    await fourth.epochs.recover({ id: 0, state, positions });
    expect(await fourth.epochs.authority?.committed()).toEqual({ id: 0 });
    await fourth.close();
  }, 120_000);

  test('at-least-once is seen at once, at-most-once after its checkpoint and never again', async () => {
    await makeTopic('least', 2);
    await makeTopic('most', 2);
    const least = await open('least', { delivery: 'at-least-once' });
    const most = await open('most', { delivery: 'at-most-once' });
    for (const { epochs } of [least, most]) await epochs.recover(null);
    for (const writer of [least, most]) await writer.write(vectors([1, 2, 3]));
    for (const { epochs } of [least, most]) await epochs.prepare(1, {});
    expect(await seen('least')).toHaveLength(3);
    expect(await seen('most')).toHaveLength(0);
    await most.write(vectors([4]));
    for (const { epochs } of [least, most]) await epochs.commit(1);
    expect(await seen('most')).toHaveLength(3);
    for (const { epochs } of [least, most]) {
      await epochs.recover({ id: 1, state: {}, positions: {} });
    }
    for (const writer of [least, most]) await writer.close();
    expect(await seen('most')).toHaveLength(3);
  }, 120_000);

  test('a side topic is made when its first record comes', async () => {
    await makeTopic('side', 1);
    const writer = await open('side');
    await writer.epochs.recover(null);
    const value = Buffer.from('{"dlq_metadata":{}}');
    const key = Buffer.from('k');
    await writer.writeRecord('side.dlq', {
      key: { bytes: key, start: 0, end: 1 },
      value: { bytes: value, start: 0, end: value.length },
      timestampMs: systemClock.nowMs(),
      headers: [{ name: Buffer.from('h'), value: Buffer.from('1') }],
    });
    await writer.epochs.prepare(1, {});
    expect(await seen('side.dlq')).toEqual([]);
    await writer.epochs.commit(1);
    await writer.close();
    expect(reports).toContain('topic side.dlq was created');
    expect(await seen('side.dlq')).toEqual([expect.stringContaining('k\t{"dlq_metadata":{}}')]);
  }, 120_000);

  test('a topic that does not exist is refused by name', async () => {
    const writer = await open('nowhere', { delivery: 'at-least-once' });
    await expect(writer.epochs.recover(null)).rejects.toMatchObject({
      code: 'MR_KAFKA_TOPIC_UNKNOWN',
      message: expect.stringContaining('nowhere'),
    });
    await writer.close();
  }, 60_000);
});
