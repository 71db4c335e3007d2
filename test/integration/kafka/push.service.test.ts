// Rows pushed to a stream that is bound to Kafka are messages of its topic before they are acknowledged.
import {
  type App,
  count,
  defineConfig,
  entity,
  featureView,
  lifetime,
  millrace,
  stream,
  sum,
  t,
} from 'millrace';
import { kafka as topicOf } from 'millrace/kafka';
import { memoryStore } from 'millrace/memory';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readValues } from '../../../src/adapters/kafka/set-aside/read-values.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { temporaryFolder } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic } from './topics.ts';

const user = entity('user', { key: { user_id: t.string() } });
const clicks = stream('clicks', {
  schema: { user_id: t.string(), n: t.int64(), at: t.timestamp() },
  eventTime: { field: 'at', outOfOrderness: '1h', maxAhead: 'off' },
});
const totals = featureView('totals', {
  entity: user,
  from: clicks,
  features: (c) => ({ n: sum(c.n).over(lifetime()), clicks: count().over(lifetime()) }),
});

describe.skipIf(!withServices)(`rows pushed to Kafka (${howToRun})`, () => {
  const folder = temporaryFolder();
  let kafka: KafkaCluster;
  let app: App;

  beforeAll(async () => {
    kafka = await startKafka();
    await createTopic(kafka.brokers, { name: 'clicks', partitions: 3 });
    const config = defineConfig({
      project: 'shop',
      definitions: [{ clicks, totals }],
      environments: {
        local: {
          streams: { clicks: topicOf({ brokers: kafka.brokers, topic: 'clicks' }) },
          online: memoryStore(),
        },
      },
    });
    app = await millrace(config, { baseDirectory: folder.path });
  }, 180_000);

  afterAll(async () => {
    await app?.close();
    await kafka?.stop();
    folder.remove();
  });

  test('are there when they are acknowledged, and are counted', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      user_id: `u${i % 4}`,
      n: 9_007_199_254_740_993n,
      at: 1_700_000_000_000 + i,
    }));
    await Promise.all(rows.map((row) => app.push(clicks, [row])));
    const values: unknown[] = [];
    for await (const bytes of readValues({ brokers: kafka.brokers }, 'clicks')) {
      values.push(bytes.toString());
    }
    expect(values).toHaveLength(40);
    expect(values).toContain('{"user_id":"u0","n":9007199254740993,"at":1700000000000}');
    const stop = new AbortController();
    const run = app.run({ signal: stop.signal, checkpoints: false });
    let read = await app.store.get(totals, { user_id: 'u1' });
    for (let i = 0; i < 500 && read.values.clicks !== 10; i++) {
      await systemClock.sleep(20);
      read = await app.store.get(totals, { user_id: 'u1' });
    }
    expect(read.values).toEqual({ n: 90_071_992_547_409_930n, clicks: 10 });
    stop.abort();
    await run;
  }, 120_000);

  test('of brokers that are away are not acknowledged', async () => {
    const away = topicOf({ brokers: ['127.0.0.1:9'], topic: 'clicks' });
    const writer = await away.openPush?.({
      stream: 'clicks',
      baseDirectory: '.',
      clock: systemClock,
    });
    const record = { json: Buffer.from('{}'), key: null, eventTimeMs: 0 };
    await expect(writer?.append([record])).rejects.toMatchObject({ code: 'MR_KAFKA_UNREACHABLE' });
    await writer?.close();
  }, 120_000);
});
