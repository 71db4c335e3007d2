// What others' servers keep for a job on a real cluster: schemas of its records in a registry, its
// checkpoints, savepoints and deployments in a bucket of S3.
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Consumer } from '@platformatic/kafka';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { flink } from '../../../src/adapters/flink/index.ts';
import { kafka } from '../../../src/adapters/kafka/index.ts';
import { openRegistry } from '../../../src/adapters/schema-registry/open-registry.ts';
import { flinkJobs } from '../../../src/app/flink/deploy/flink-jobs.ts';
import * as define from '../../../src/index.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { encode, record } from '../../schemas/avro-messages.ts';
import { type KafkaCluster, startKafka } from '../kafka/kafka-cluster.ts';
import { createTopic, produce } from '../kafka/topics.ts';
import { startMoto } from '../moto.ts';
import { goProgram, howToRun, type Service, startService, withServices } from '../service.ts';
import { type Cluster, startCluster, stopCluster } from './flink-cluster.ts';
import { defaultFlinkDirectory, installFlink, installKafkaConnector } from './flink-install.ts';
import { avroJars, s3Plugins } from './flink-jars.ts';

const { t } = define;
const purchases = define.stream('purchases', {
  schema: {
    user_id: t.string(),
    amount: t.float64(),
    note: t.string().nullable(),
    ts: t.timestamp(),
  },
  eventTime: { field: 'ts', outOfOrderness: '0s' },
});
const spend = define.featureView('spend', {
  entity: define.entity('user', { key: { user_id: t.string() } }),
  from: purchases,
  emit: 'watermark',
  decay: 'never',
  features: (p) => ({
    spent: define.sum(p.amount).over(define.rolling('1h')),
    note: define.last(p.note).over(define.rolling('1h')),
  }),
});

const schema = record([
  { name: 'user_id', type: 'string' },
  { name: 'amount', type: 'double' },
  { name: 'note', type: ['null', 'string'], default: null },
  { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
]);
const keys = { accessKeyId: 'key', secretAccessKey: 'secret' };
const startMs = Date.UTC(2026, 10, 20);

let folder: string;
let broker: KafkaCluster;
let cluster: Cluster;
let registry: Service;
let bucket: Service;
let schemaId: number;
let consumer: Consumer;
const rows: { readonly user_id: string; readonly spent: number; readonly note: string | null }[] =
  [];

/** A purchase, and one of somebody else a second later, which moves the watermark past it. */
async function buy(second: number, amount: number, note: string | null): Promise<void> {
  const ts = BigInt(startMs + second * 1000);
  const values = [
    { user_id: 'u1', amount, note, ts },
    { user_id: 'tick', amount: 0, note: null, ts: ts + 500n },
  ].map((value) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(schemaId, 1);
    return { value: Buffer.concat([head, encode(schema, value)]) };
  });
  await produce(broker.brokers, 'purchases', values);
}

const newest = () => rows.findLast((row) => row.user_id === 'u1');

function jobs() {
  const topic = (name: string, more = {}) =>
    kafka({ brokers: [...broker.brokers], topic: name, ...more });
  const config = define.defineConfig({
    project: 'shop',
    definitions: [{ spend }],
    environments: {
      fleet: {
        streams: { purchases: topic('purchases', { format: 'avro', registry: registry.endpoint }) },
        outputs: { spend: topic('spend') },
        checkpoints: {
          directory: `s3://checkpoints/shop?endpoint=${bucket.endpoint}`,
          interval: '1s',
        },
        engine: flink({
          gateway: cluster.gateway,
          jobManager: cluster.jobManager,
          settle: '1s',
        }),
      },
    },
  });
  return flinkJobs(config, { env: 'fleet' });
}

async function startServices(): Promise<void> {
  broker = await startKafka();
  for (const name of ['purchases', 'spend']) await createTopic(broker.brokers, { name });
  const source = fileURLToPath(new URL('../schemas/srfake', import.meta.url));
  registry = await startService(await goProgram('srfake-1.8.0', source), (port) => [String(port)]);
  const client = openRegistry(registry.endpoint, { baseDirectory: '.', clock: systemClock });
  const text = { type: 'AVRO', text: JSON.stringify(schema), references: [] } as const;
  schemaId = await client.register('purchases-value', text);
  bucket = await startMoto({}, 'threads');
  const aws = new AwsClient({ ...keys, service: 's3', region: 'us-east-1' });
  await aws.fetch(`${bucket.endpoint}/checkpoints`, { method: 'PUT' });
}

describe.skipIf(!withServices)(`a registry and a bucket beside Flink (${howToRun})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-objects-'));
    vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey);
    const dist = installFlink(defaultFlinkDirectory);
    installKafkaConnector(dist);
    await startServices();
    cluster = await startCluster({
      dist,
      directory: join(folder, 'cluster'),
      port: 20_000 + 3 * (process.pid % 3000),
      memory: '1400m',
      jars: [await avroJars()],
      plugins: await s3Plugins(),
      settings: {
        's3.endpoint': bucket.endpoint,
        's3.path-style-access': 'true',
        's3.access-key': keys.accessKeyId,
        's3.secret-key': keys.secretAccessKey,
      },
    });
    const bootstrapBrokers = [...broker.brokers];
    consumer = new Consumer({ groupId: 'reader', clientId: 'reader', bootstrapBrokers });
    const found = await consumer.consume({ topics: ['spend'], mode: 'earliest' });
    found.on('data', ({ value }) => rows.push(JSON.parse(value.toString()) as (typeof rows)[0]));
  }, 400_000);

  afterAll(async () => {
    await stopCluster(join(folder, 'cluster'));
    await consumer?.close(true);
    for (const service of [broker, registry, bucket]) await service?.stop();
    rmSync(folder, { recursive: true, force: true });
    vi.unstubAllEnvs();
  }, 60_000);

  it('reads Avro by its schema, and goes on from a savepoint in S3', async () => {
    const polled = { timeout: 90_000, interval: 200 };
    await (await jobs()).deploy();
    await buy(1, 10.5, 'first');
    await expect.poll(newest, polled).toMatchObject({ spent: 10.5, note: 'first' });
    await buy(2, 4, null);
    await expect.poll(newest, polled).toMatchObject({ spent: 14.5, note: 'first' });
    const { savepoint } = await (await jobs()).stop();
    expect(savepoint).toMatch(
      /^s3:\/\/checkpoints\/shop\/flink\/shop-fleet\/savepoints\/savepoint-/,
    );
    expect(await (await jobs()).deploy()).toMatchObject({ outcome: 'started', savepoint });
    await buy(3, 1, 'third');
    await expect.poll(newest, polled).toMatchObject({ spent: 15.5, note: 'third' });
    await expect
      .poll(async () => JSON.stringify(await (await jobs()).status()), polled)
      .toMatch(/s3:\/\/checkpoints\/shop\/flink\/shop-fleet\/checkpoints\//);
    await (await jobs()).cancel();
  }, 400_000);
});
