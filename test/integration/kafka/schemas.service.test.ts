// Records that name their schema, from a real broker through a whole job: what fits becomes features,
// what does not becomes dead letters, and a registry that is down is waited for.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  max,
  millrace,
  stream,
  sum,
  t,
} from 'millrace';
import { embedded } from 'millrace/embedded';
import { kafka } from 'millrace/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { prefixOf } from '../../../src/adapters/schema-registry/wire-prefix.ts';
import { readLines, temporaryFolder } from '../../cli/run-cli.ts';
import { encode, record } from '../../schemas/avro-messages.ts';
import { type FakeRegistry, startFakeRegistry } from '../../schemas/fake-registry.ts';
import { encodeProto } from '../../schemas/proto-messages.ts';
import { openRegistry } from '../../../src/adapters/schema-registry/open-registry.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.int64(), ts: t.timestamp() },
  eventTime: { field: 'ts', outOfOrderness: '5s' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  features: (p) => ({ total: sum(p.amount).over(lifetime()), n: count().over(lifetime()) }),
});

const startMs = Date.UTC(2026, 0, 5);
const micros = { type: 'long', logicalType: 'timestamp-micros' };
const userField = { name: 'user_id', type: 'string' };
const v1 = record([userField, { name: 'amount', type: 'int' }, { name: 'ts', type: micros }]);
const v2 = record([
  { name: 'ts', type: micros },
  { name: 'note', type: ['null', 'string'], default: null },
  { name: 'amount', type: 'long' },
  userField,
]);
const doubles = record([
  userField,
  { name: 'amount', type: 'double' },
  { name: 'ts', type: micros },
]);
const proto = `syntax = "proto3";
message Purchase { string user_id = 1; int64 amount = 2; int64 ts = 3; }`;

const ts = (i: number): bigint => BigInt(startMs + i) * 1000n;
const message = (id: number, schema: unknown, value: object): Buffer =>
  Buffer.concat([prefixOf(id), encode(schema, value)]);
const first = (i: number): Uint8Array => message(1, v1, { user_id: 'u1', amount: i, ts: ts(i) });
const second = (i: number): Uint8Array =>
  message(2, v2, { user_id: 'u1', amount: BigInt(i), ts: ts(i), note: 'x' });

interface DeadLetter {
  readonly dlq_metadata: { readonly error_code: string; readonly error_category: string };
  readonly original_event_base64: string;
}

describe.skipIf(!withServices)(`schemas of records on Kafka (${howToRun})`, () => {
  let cluster: KafkaCluster;
  let registry: FakeRegistry;
  let folder: ReturnType<typeof temporaryFolder>;
  const apps: App[] = [];

  beforeAll(async () => {
    cluster = await startKafka();
  }, 180_000);
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    folder = temporaryFolder();
    registry = await startFakeRegistry();
    registry.schemas.set(1, { schema: JSON.stringify(v1) });
    registry.schemas.set(2, { schema: JSON.stringify(v2) });
    registry.schemas.set(3, { schema: JSON.stringify(doubles) });
    registry.schemas.set(4, { schema: proto, schemaType: 'PROTOBUF' });
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await registry.stop();
    folder.remove();
  });

  async function open(topic: string, options: object = {}, outputs: object = {}): Promise<App> {
    const binding = { brokers: cluster.brokers, topic, format: 'avro', registry: registry.url };
    const config = defineConfig({
      project: topic,
      definitions: [{ spend }],
      environments: {
        local: {
          streams: { purchases: kafka({ ...binding, until: 'latest', ...options }) },
          online: embedded('./online'),
          deadLetters: './letters',
          outputs: { ...outputs },
        },
      },
    });
    const app = await millrace(config, { baseDirectory: folder.path });
    apps.push(app);
    return app;
  }

  async function write(topic: string, values: readonly Uint8Array[]): Promise<void> {
    await createTopic(cluster.brokers, { name: topic });
    await produce(
      cluster.brokers,
      topic,
      values.map((value) => ({ key: 'u1', value })),
    );
  }

  /** Code, category and bytes of dead letters, as a Java consumer reads them. */
  async function deadLetters(topic: string, letters: number): Promise<unknown[]> {
    const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', cluster.brokers.join(), '--topic', topic, '--from-beginning'],
      ...['--max-messages', String(letters), '--timeout-ms', '20000'],
    ]);
    return output
      .trim()
      .split('\n')
      .map((line) => {
        const { dlq_metadata: about, original_event_base64: bytes } = JSON.parse(
          line,
        ) as DeadLetter;
        return [about.error_code, about.error_category, bytes];
      });
  }

  const values = async (app: App) => (await app.read('spend', { user_id: 'u1' })).values;

  test('two versions at once, and what does not fit beside them', { timeout: 60_000 }, async () => {
    const wrong: Buffer[] = [
      message(3, doubles, { user_id: 'u1', amount: 1.5, ts: ts(9) }),
      message(99, v1, { user_id: 'u1', amount: 1, ts: ts(9) }),
      Buffer.from('{"user_id":"u1"}'),
    ];
    await write('mixed', [first(1), ...wrong, second(2), first(3)]);
    const app = await open('mixed');
    const { records_in: rows, dead_letters: letters } = await app.run();
    expect([rows, letters]).toEqual([6, 3]);
    expect(await deadLetters('mixed.dlq', 3)).toEqual([
      ['MR_SCHEMA_MISMATCH', 'schema_mismatch', wrong[0]?.toString('base64')],
      ['MR_SCHEMA_UNKNOWN_ID', 'deserialization', wrong[1]?.toString('base64')],
      ['MR_DATA_MALFORMED', 'deserialization', wrong[2]?.toString('base64')],
    ]);
    expect(await values(app)).toMatchObject({ total: 6n, n: 3 });
  });

  test('a newest schema that does not fit keeps the job from beginning', {
    timeout: 60_000,
  }, async () => {
    await write('changed', [first(1)]);
    registry.subjects.set('changed-value', [1, 3]);
    const app = await open('changed');
    await expect(app.run()).rejects.toMatchObject({
      code: 'MR_SCHEMA_MISMATCH',
      message: expect.stringContaining('"amount" is int64 and is written as double') as string,
    });
  });

  test('a registry that is down is waited for, aloud', { timeout: 60_000 }, async () => {
    await write('waiting', [first(1), second(2)]);
    registry.subjects.set('waiting-value', [1]);
    const app = await open('waiting');
    const said: string[] = [];
    registry.failByPath = /schemas.ids/;
    const run = app.run({ onNotice: (notice) => said.push(notice) });
    await expect.poll(() => said.join('\n'), { timeout: 20_000 }).toContain('waiting for schema 1');
    registry.failByPath = null;
    const { records_in: rows, dead_letters: letters } = await run;
    expect([rows, letters]).toEqual([2, 0]);
    expect(await values(app)).toMatchObject({ total: 3n, n: 2 });
    expect(said.join('\n')).toContain('reading goes on');
  });

  test('a folder under git is a registry too', { timeout: 60_000 }, async () => {
    const schemas = openRegistry('./schemas', { baseDirectory: folder.path, clock: systemClock });
    for (const schema of [v1, v2]) {
      const text = JSON.stringify(schema);
      await schemas.register('foldered-value', { type: 'AVRO', text, references: [] });
    }
    await write('foldered', [first(4), second(5)]);
    const app = await open('foldered', { registry: './schemas' });
    expect((await app.run()).dead_letters).toBe(0);
    expect(await values(app)).toMatchObject({ total: 9n, n: 2 });
    expect(readdirSync(join(folder.path, 'schemas/foldered-value'))).toEqual([
      'v1.avsc',
      'v2.avsc',
    ]);
    expect(readLines(join(folder.path, 'schemas/registry.json')).length).toBeGreaterThan(10);
  });

  test('a format with schemas needs a registry, said when it is written', () => {
    const binding = { brokers: ['localhost:1'], topic: 't', format: 'avro' };
    expect(() => kafka(binding)).toThrow('whose schemas lie in a registry');
  });

  test('rows are written as Avro too, by a schema of their view', { timeout: 60_000 }, async () => {
    await write('in', [first(4), first(5), second(6)]);
    await createTopic(cluster.brokers, { name: 'out' });
    const output = { brokers: cluster.brokers, topic: 'out', format: 'avro' };
    const app = await open('in', {}, { spend: kafka({ ...output, registry: './schemas' }) });
    expect((await app.run()).dead_letters).toBe(0);
    const schemas = openRegistry('./schemas', { baseDirectory: folder.path, clock: systemClock });
    const { id, text } = (await schemas.latest('out-value')) ?? {};
    expect(id).toBe(1);
    expect(text).toContain('"name": "Spend"');
    const totals = stream('totals', {
      schema: { user_id: t.string(), total: t.int64(), as_of: t.timestamp(), _seq: t.int64() },
      eventTime: { field: 'as_of', outOfOrderness: '5s' },
    });
    const seen = featureView('seen', {
      entity: user,
      from: totals,
      features: (p) => ({ total: max(p.total).over(lifetime()), n: count().over(lifetime()) }),
    });
    const config = defineConfig({
      project: 'reading',
      definitions: [{ seen }],
      environments: {
        local: {
          streams: { totals: kafka({ ...output, registry: './schemas', until: 'latest' }) },
          online: embedded('./seen'),
        },
      },
    });
    const reader = await millrace(config, { baseDirectory: folder.path });
    apps.push(reader);
    expect((await reader.run()).dead_letters).toBe(0);
    const { values: read } = await reader.read('seen', { user_id: 'u1' });
    expect(read).toMatchObject({ total: 15n });
    expect(Number(read?.['n'])).toBeGreaterThan(0);
  });

  test('Protobuf', { timeout: 60_000 }, async () => {
    const values64 = { amount: { low: 7, high: 1 }, ts: { low: 5, high: 400 } };
    const body = encodeProto(proto, 'Purchase', { user_id: 'u1', ...values64 });
    await write('proto', [Buffer.concat([prefixOf(4), body])]);
    const app = await open('proto', { format: 'protobuf' });
    expect((await app.run()).dead_letters).toBe(0);
    expect(await values(app)).toMatchObject({ total: 2n ** 32n + 7n, n: 1 });
  });
});
