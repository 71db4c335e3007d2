import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kafka, type KafkaOptions } from '../../../src/adapters/kafka/index.ts';
import type { SourceContext } from '../../../src/ports/source.ts';
import { howToRun, stopped, withServices } from '../service.ts';
import { runJava, startJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { range, type Reading, startReading } from './reading.ts';
import { createTopic, produce, withAdmin } from './topics.ts';

describe.skipIf(!withServices)(
  `a Kafka topic as a source (${howToRun})`,
  { timeout: 60_000 },
  () => {
    let cluster: KafkaCluster;
    let folder: string;
    const open: Reading[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-source-'));
      cluster = await startKafka({ settings: { 'message.max.bytes': '31457280' } });
    }, 180_000);

    afterEach(async () => {
      await Promise.all(open.splice(0).map((reading) => reading.close()));
    });

    afterAll(async () => {
      await cluster?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function read(
      options: Partial<KafkaOptions> & { readonly topic: string },
      context: Partial<SourceContext> = {},
    ): Promise<Reading> {
      const reading = await startReading(kafka({ brokers: cluster.brokers, ...options }), context);
      open.push(reading);
      return reading;
    }

    /** Runs the Java producer over lines of words. */
    async function javaProduce(
      lines: readonly (readonly string[])[],
      settings: readonly string[] = [],
    ): Promise<void> {
      const script = join(folder, 'script.txt');
      await writeFile(script, lines.map((words) => `${words.join('\t')}\n`).join(''));
      await runJava('produce.java', [cluster.brokers.join(), script, ...settings]);
    }

    const numbered = (from: number, to: number, partition = 0) =>
      range(from, to).map((n) => ({ partition, key: `k${n}`, value: `{"n":${n}}` }));

    test('gives every record of every partition in the order of offsets, also those to come', async () => {
      const topic = 'all-partitions';
      await createTopic(cluster.brokers, { name: topic, partitions: 3 });
      await produce(
        cluster.brokers,
        topic,
        [0, 1, 2].flatMap((p) => numbered(0, 5000, p)),
      );
      const reading = await read({ topic });
      await reading.until(() => reading.all().length === 15_000);
      await produce(cluster.brokers, topic, numbered(5000, 5010, 2));
      await reading.until(() => reading.all().length === 15_010);
      expect(reading.numbers.get(`${topic}-0`)).toEqual(range(0, 5000));
      expect(reading.numbers.get(`${topic}-2`)).toEqual(range(0, 5010));
      expect(reading.positions.get(`${topic}-2`)).toMatchObject({ offset: 5010, leaderEpoch: 0 });
      expect(reading.errors).toEqual([]);
    });

    test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
      'reads what the Java producer compressed with %s',
      async (compression) => {
        const topic = `packed-${compression}`;
        await createTopic(cluster.brokers, { name: topic });
        const lines = range(0, 3000).map((n) => ['send', topic, '0', 'k', `{"n":${n}}`]);
        await javaProduce(lines, [`compression.type=${compression}`, 'linger.ms=20']);
        await produce(cluster.brokers, topic, numbered(3000, 3005));
        const reading = await read({ topic });
        await reading.until(() => reading.all().length === 3005);
        expect(reading.all()).toEqual(range(0, 3005));
      },
    );

    test('leaves out aborted transactions of the Java producer, several in one fetch', async () => {
      const topic = 'transactions';
      await createTopic(cluster.brokers, { name: topic });
      const send = (n: number): string[] => ['send', topic, '0', 'k', `{"n":${n}}`];
      const transaction = (numbers: readonly number[], end: 'commit' | 'abort'): string[][] => [
        ['begin'],
        ...numbers.map(send),
        [end],
      ];
      await javaProduce(
        [
          ...transaction(range(0, 3), 'commit'),
          ...transaction(range(100, 103), 'abort'),
          ...transaction(range(3, 5), 'commit'),
          ...transaction(range(103, 106), 'abort'),
          ...transaction(range(106, 109), 'abort'),
          ...transaction(range(5, 8), 'commit'),
        ],
        ['transactional.id=aborter'],
      );
      await produce(cluster.brokers, topic, numbered(8, 10));
      const reading = await read({ topic });
      await reading.until(() => reading.all().length >= 10);
      expect(reading.all()).toEqual(range(0, 10));
      // 19 records and six markers.
      expect(reading.positions.get(`${topic}-0`)).toMatchObject({ offset: 25 });

      const uncommitted = await read({ topic, isolation: 'read_uncommitted' });
      await uncommitted.until(() => uncommitted.all().length === 19);
      const middle = new Map([[`${topic}-0`, positionAt(reading, `${topic}-0`, 5)]]);
      const later = await read({ topic }, { startAt: middle });
      await later.until(() => later.all().length >= 7);
      expect(later.all()).toEqual(range(3, 10));
    });

    test('leaves out an aborted transaction whose end is many fetches later', async () => {
      const topic = 'long-transaction';
      await createTopic(cluster.brokers, { name: topic });
      const filler = 'x'.repeat(4000);
      const aborted = range(0, 1500).map((n) => [
        'send',
        topic,
        '0',
        'k',
        `{"n":${n},"x":"${filler}"}`,
      ]);
      await javaProduce(
        [
          ['begin'],
          ...aborted.slice(0, 750),
          ['flush'],
          ...aborted.slice(750),
          ['abort'],
          ['begin'],
          ['send', topic, '0', 'k', '{"n":7}'],
          ['commit'],
        ],
        ['transactional.id=long'],
      );
      const reading = await read({ topic });
      await reading.until(() => reading.all().length > 0);
      expect(reading.all()).toEqual([7]);
    });

    test('does not read past a transaction that is open', async () => {
      const topic = 'open-transaction';
      await createTopic(cluster.brokers, { name: topic });
      await produce(cluster.brokers, topic, numbered(0, 2));
      const settings = [cluster.brokers.join(), '-', 'transactional.id=opener'];
      const producer = await startJava('produce.java', settings);
      try {
        producer.stdin?.write(`begin\nsend\t${topic}\t0\tk\t{"n":99}\nflush\n`);
        const all = await read({ topic, isolation: 'read_uncommitted' });
        await all.until(() => all.all().includes(99));
        await produce(cluster.brokers, topic, numbered(2, 3));
        await all.until(() => all.all().includes(2));
        const reading = await read({ topic });
        await reading.until(() => reading.all().length === 2);
        await new Promise((resolve) => setTimeout(resolve, 600));
        expect(reading.all()).toEqual([0, 1]);
        producer.stdin?.end('abort\n');
        await reading.until(() => reading.all().length === 3);
        expect(reading.all()).toEqual([0, 1, 2]);
      } finally {
        await stopped(producer);
      }
    });

    describe('begins', () => {
      const topic = 'beginnings';
      const dayMs = 86_400_000;

      beforeAll(async () => {
        if (!withServices) return;
        await createTopic(cluster.brokers, { name: topic, partitions: 2 });
        const records = range(0, 10).map((n) => ({
          partition: n % 2,
          value: `{"n":${n}}`,
          timestampMs: Date.UTC(2026, 10, 1) + n * dayMs,
        }));
        await produce(cluster.brokers, topic, records);
      });

      test.each<[string, KafkaOptions['start'], readonly number[]]>([
        ['at the beginning unless told otherwise', undefined, range(0, 10)],
        ['at a time', { timestamp: '2026-11-05T12:00:00Z' }, range(5, 10)],
        ['at a time in milliseconds', { timestamp: Date.UTC(2026, 10, 9) }, [8, 9]],
        ['at given offsets', { offsets: { 0: 4n, 1: 2 } }, [5, 7, 8, 9]],
        ['at given offsets, the rest at the beginning', { offsets: { 1: 5 } }, [0, 2, 4, 6, 8]],
        ['where the group stands, the rest at the beginning', 'committed', [0, 2, 4, 6, 7, 8, 9]],
      ])('%s', async (_, start, expected) => {
        if (start === 'committed') {
          await withAdmin(cluster.brokers, (admin) =>
            admin.alterConsumerGroupOffsets({
              groupId: 'readers',
              topics: [{ name: topic, partitionOffsets: [{ partition: 1, offset: 3n }] }],
            }),
          );
        }
        const options = start === undefined ? { topic } : { topic, start };
        const reading = await read({ ...options, group: 'readers', until: 'latest' });
        await reading.until(() => reading.all().length >= expected.length);
        expect(reading.all().toSorted((a, b) => a - b)).toEqual(expected);
      });

      test('behind what is there', async () => {
        const reading = await read({ topic, start: 'latest' });
        await produce(cluster.brokers, topic, [{ partition: 0, value: '{"n":10}' }]);
        await reading.until(() => reading.all().length > 0);
        expect(reading.all()).toEqual([10]);
      });
    });

    test('goes on behind a position, and reads partitions that the position lacks from the beginning', async () => {
      const topic = 'goes-on';
      await createTopic(cluster.brokers, { name: topic, partitions: 2 });
      await produce(cluster.brokers, topic, [...numbered(0, 10), ...numbered(10, 20, 1)]);
      const first = await read({ topic });
      await first.until(() => first.all().length === 20);
      const startAt = new Map([[`${topic}-0`, positionAt(first, `${topic}-0`, 6)]]);
      const second = await read({ topic, start: 'latest' }, { startAt });
      await second.until(() => second.all().length >= 14);
      expect(second.numbers.get(`${topic}-0`)).toEqual(range(6, 10));
      expect(second.numbers.get(`${topic}-1`)).toEqual(range(10, 20));
    });

    test('finds a partition that was added, and reads all of it', async () => {
      const topic = 'grows';
      await createTopic(cluster.brokers, { name: topic });
      await produce(cluster.brokers, topic, numbered(0, 3));
      const reading = await read({ topic, start: 'latest', discoverInterval: '200ms' });
      await withAdmin(cluster.brokers, (admin) =>
        admin.createPartitions({ topics: [{ name: topic, count: 2, assignments: null }] }),
      );
      await produce(cluster.brokers, topic, numbered(3, 6, 1));
      await reading.until(() => reading.all().length >= 3);
      expect(reading.numbers.get(`${topic}-1`)).toEqual(range(3, 6));
      expect(reading.said).toEqual([`topic ${topic} has a new partition: 1`]);
    });

    test('keeps poison records at the first and the last offset apart, with key, time and headers', async () => {
      const topic = 'poison';
      await createTopic(cluster.brokers, { name: topic });
      const poison = { partition: 0, timestampMs: 1_700_000_000_123, headers: { trace: 'abc' } };
      await produce(cluster.brokers, topic, [
        { ...poison, key: 'first', value: 'not json' },
        ...numbered(1, 4),
        { ...poison, key: 'tombstone' },
        { ...poison, key: 'last', value: '{"n":"x"}' },
      ]);
      const reading = await read({ topic });
      await reading.until(() => reading.errors.length === 3);
      expect(reading.all()).toEqual([1, 2, 3]);
      const text = (bytes: Uint8Array | null | undefined): string =>
        Buffer.from(bytes ?? []).toString();
      const seen = reading.errors.map(({ code, offset, bytes, origin }) => ({
        code,
        offset,
        text: text(bytes),
        key: text(origin?.key),
        at: [origin?.topic, origin?.partition, origin?.timestampMs],
        headers: origin?.headers.map(([name, value]) => [name, text(value)]),
      }));
      const origin = { at: [topic, 0, 1_700_000_000_123], headers: [['trace', 'abc']] };
      expect(seen).toEqual([
        { code: 'MR_DATA_MALFORMED', offset: 0, text: 'not json', key: 'first', ...origin },
        { code: 'MR_DATA_NO_VALUE', offset: 4, text: '', key: 'tombstone', ...origin },
        { code: 'MR_DATA_TYPE', offset: 5, text: '{"n":"x"}', key: 'last', ...origin },
      ]);
      expect(reading.positions.get(`${topic}-0`)).toMatchObject({ offset: 6 });
    });

    test('has the time of the broker where the topic says so', async () => {
      const topic = 'append-time';
      const settings = { 'message.timestamp.type': 'LogAppendTime' };
      await createTopic(cluster.brokers, { name: topic, settings });
      await produce(cluster.brokers, topic, [{ value: 'bad', timestampMs: 1000 }]);
      const reading = await read({ topic });
      await reading.until(() => reading.errors.length === 1);
      const appendedMs = reading.errors[0]?.origin?.timestampMs ?? 0;
      expect(Math.abs(Date.now() - appendedMs)).toBeLessThan(60_000);
    });

    test('takes a message of 20 MB as what it is: a record that is too long', async () => {
      const topic = 'huge';
      const settings = { 'max.message.bytes': '31457280' };
      await createTopic(cluster.brokers, { name: topic, settings });
      const value = `{"n":1,"x":"${'y'.repeat(20 << 20)}"}`;
      await produce(cluster.brokers, topic, [...numbered(0, 1), { value }, ...numbered(2, 3)]);
      const reading = await read({ topic });
      await reading.until(() => reading.all().length === 2);
      expect(reading.all()).toEqual([0, 2]);
      expect(reading.errors).toMatchObject([{ code: 'MR_DATA_TOO_LONG', offset: 1 }]);
      expect(reading.errors[0]?.bytes.length).toBe(16_384);
      await reading.close();
      const allowed = { topic, formatOptions: { recordBytesMax: 32 << 20 } };
      const whole = await read(allowed);
      await whole.until(() => whole.all().length === 3);
      expect(whole.all()).toEqual([0, 1, 2]);
    });

    describe('whose records at the position are gone', () => {
      const topic = 'retention';
      const id = `${topic}-0`;
      let startAt: ReadonlyMap<string, { offset: number; leaderEpoch: number; topicId: string }>;

      beforeAll(async () => {
        if (!withServices) return;
        await createTopic(cluster.brokers, { name: topic });
        await produce(cluster.brokers, topic, numbered(0, 10));
        const first = await startReading(kafka({ brokers: cluster.brokers, topic }));
        await first.until(() => first.all().length === 10);
        startAt = new Map([[id, positionAt(first, id, 2)]]);
        await first.close();
        await withAdmin(cluster.brokers, (admin) =>
          admin.deleteRecords({
            topics: [{ name: topic, partitions: [{ partition: 0, offset: 6n }] }],
          }),
        );
      });

      test('fails, and says what is missing', async () => {
        const reading = await read({ topic }, { startAt });
        const failed = reading.until(() => false);
        await expect(failed).rejects.toMatchObject({
          code: 'MR_SOURCE_POSITION',
          message: '4 records before offset 6 of retention-0 are gone',
        });
      });

      test.each([
        ['earliest', 6, 4],
        ['latest', 10, 8],
      ] as const)(
        'or goes on at the %s, says so and counts',
        async (onOutOfRange, from, skipped) => {
          const reading = await read({ topic, onOutOfRange }, { startAt });
          await reading.until(() => reading.said.length > 0);
          await produce(
            cluster.brokers,
            topic,
            numbered(from === 6 ? 10 : 11, from === 6 ? 11 : 12),
          );
          await reading.until(() => reading.all().length >= (from === 6 ? 5 : 1));
          expect(reading.all()[0]).toBe(from === 6 ? 6 : 11);
          expect(reading.skipped()).toBe(from === 6 ? skipped : skipped + 1);
          expect(reading.said[0]).toMatch(
            /4 records before offset 6 of retention-0 are gone; reading goes on/,
          );
        },
      );
    });

    test('stops when the topic is deleted and created again under it', async () => {
      const topic = 'recreated';
      await createTopic(cluster.brokers, { name: topic });
      await produce(cluster.brokers, topic, numbered(0, 3));
      const reading = await read({ topic });
      await reading.until(() => reading.all().length === 3);
      await withAdmin(cluster.brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
      await createTopic(cluster.brokers, { name: topic });
      await produce(cluster.brokers, topic, numbered(0, 9));
      await expect(reading.until(() => false)).rejects.toMatchObject({
        code: 'MR_KAFKA_TOPIC_RECREATED',
      });
      expect(reading.all()).toEqual([0, 1, 2]);
      const startAt = new Map(reading.positions);
      await expect(read({ topic }, { startAt })).rejects.toMatchObject({
        code: 'MR_KAFKA_TOPIC_RECREATED',
      });
    });

    test('stops when the topic is deleted', async () => {
      const topic = 'deleted';
      await createTopic(cluster.brokers, { name: topic });
      const reading = await read({ topic });
      await withAdmin(cluster.brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
      await expect(reading.until(() => false)).rejects.toMatchObject({
        code: 'MR_KAFKA_TOPIC_UNKNOWN',
        message: 'topic deleted does not exist any more',
      });
    });

    test('that does not exist is an error with the name that is near', async () => {
      await createTopic(cluster.brokers, { name: 'raw.purchases' });
      await expect(read({ topic: 'raw.purchase' })).rejects.toMatchObject({
        code: 'MR_KAFKA_TOPIC_UNKNOWN',
        fix: expect.stringContaining('raw.purchases') as unknown,
      });
    });

    test('at a broker that is not there is an error with its address', async () => {
      await expect(read({ topic: 'x', brokers: ['127.0.0.1:1'] })).rejects.toMatchObject({
        code: 'MR_KAFKA_UNREACHABLE',
        message: expect.stringContaining('127.0.0.1:1') as unknown,
      });
    });

    test('goes on after its broker restarted, without a loss and without a record twice', async () => {
      const topic = 'restart';
      await createTopic(cluster.brokers, { name: topic, partitions: 2 });
      await produce(cluster.brokers, topic, [...numbered(0, 100), ...numbered(0, 100, 1)]);
      const reading = await read({ topic });
      await reading.until(() => reading.all().length === 200);
      const [node] = cluster.nodes;
      await node?.kill();
      await node?.start();
      const upMs = performance.now();
      await produce(cluster.brokers, topic, [...numbered(100, 200), ...numbered(100, 200, 1)]);
      await reading.until(() => reading.all().length >= 400, 10_000);
      expect(performance.now() - upMs).toBeLessThan(10_000);
      expect(reading.numbers.get(`${topic}-0`)).toEqual(range(0, 200));
      expect(reading.numbers.get(`${topic}-1`)).toEqual(range(0, 200));
      expect(reading.said.at(-1)).toBe('topic restart is read again');
    });
  },
);

/** The position as it was before the record at `offset`. */
function positionAt(
  reading: Reading,
  split: string,
  offset: number,
): { offset: number; leaderEpoch: number; topicId: string } {
  const position = reading.positions.get(split) as { leaderEpoch: number; topicId: string };
  return { ...position, offset };
}
