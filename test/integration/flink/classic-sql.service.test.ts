// The classic: five-minute spend per user, from a topic of JSON with ISO-8601 times into a topic with a
// key. One text, unchanged, on the engine and on a real Flink; the same records.
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSql } from '../../../src/app/sql/run-sql.ts';
import { openGatewaySession } from '../../../src/flink/client/gateway-client.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { type KafkaCluster, startKafka } from '../kafka/kafka-cluster.ts';
import { createTopic, produce } from '../kafka/topics.ts';
import { howToRun, withServices } from '../service.ts';
import { startFlink, type TestFlink } from './flink-gateway.ts';

const minutes = 60_000;
const startMs = Date.UTC(2026, 0, 1, 10);

/** Payments out of order by up to four seconds, some late, one without an amount. */
const payments = Array.from({ length: 400 }, (_, i) => ({
  user_id: `u${i % 7}`,
  amount: i % 50 === 7 ? null : (i % 13) + 0.25,
  ts: new Date(
    startMs + i * 5000 - (i % 3) * 2000 - (i % 90 === 89 ? 20 * minutes : 0),
  ).toISOString(),
}));

function script(brokers: readonly string[]): string {
  const servers = `'properties.bootstrap.servers' = '${brokers.join(',')}'`;
  return `
CREATE TABLE payments (
  user_id STRING,
  amount DOUBLE,
  ts TIMESTAMP_LTZ(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'payments', ${servers},
  'properties.group.id' = 'classic', 'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset', 'scan.watermark.emit.strategy' = 'on-event',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE spend (
  user_id STRING,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  total DOUBLE,
  payments BIGINT,
  PRIMARY KEY (user_id, window_start) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka', 'topic' = 'spend', ${servers},
  'key.format' = 'json', 'value.format' = 'json', 'value.json.timestamp-format.standard' = 'ISO-8601'
);

INSERT INTO spend
SELECT user_id, window_start, window_end, SUM(amount), COUNT(*)
FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '5' MINUTES))
GROUP BY user_id, window_start, window_end;
`;
}

describe.skipIf(!withServices)(`${howToRun}: the classic query`, () => {
  let kafka: KafkaCluster;
  let flink: TestFlink;

  beforeAll(async () => {
    kafka = await startKafka();
    flink = await startFlink();
    const settings = { 'retention.ms': '-1' };
    await createTopic(kafka.brokers, { name: 'payments', settings });
    await createTopic(kafka.brokers, { name: 'spend', settings });
    const records = payments.map((payment) => ({ value: JSON.stringify(payment) }));
    await produce(kafka.brokers, 'payments', records);
  }, 240_000);

  afterAll(async () => {
    await flink?.stop();
    await kafka?.stop();
  });

  /** All records of the keyed topic, as text. */
  async function spent(): Promise<readonly string[]> {
    const consumer = new Consumer({
      clientId: 'classic-test',
      groupId: `classic-${Math.random()}`,
      bootstrapBrokers: [...kafka.brokers],
      deserializers: stringDeserializers,
      retries: 20,
    });
    const stream = await consumer.consume({
      topics: ['spend'],
      mode: 'earliest',
      maxWaitTime: 200,
    });
    const found: string[] = [];
    stream.on('data', ({ key, value }) => found.push(`${key} ${value}`));
    for (let quiet = 0, seen = -1; quiet < 10; quiet = seen === found.length ? quiet + 1 : 0) {
      seen = found.length;
      await sleep(200);
    }
    await stream.close();
    await consumer.close(true);
    return found;
  }

  async function runOnFlink(text: string): Promise<void> {
    const session = await openGatewaySession({ url: flink.gateway, clock: systemClock });
    await session.execute("SET 'table.local-time-zone' = 'UTC'");
    await session.execute("SET 'parallelism.default' = '1'");
    let jobId: string | null = null;
    for (const statement of text.split(';').filter((part) => part.trim() !== '')) {
      jobId = (await session.execute(statement)).jobId;
    }
    for (let state = ''; state !== 'FINISHED'; await sleep(200)) {
      const answer = await fetch(`${flink.jobManager}/jobs/${jobId}`);
      ({ state } = (await answer.json()) as { state: string });
      if (state === 'FAILED') throw new Error('the job failed');
    }
    await session.close();
  }

  it('gives the same records on the engine and on Flink', async () => {
    const text = script(kafka.brokers);
    const summary = await runSql(text);
    const ours = await spent();
    expect(summary.late_records).toBeGreaterThan(0);
    expect(ours).toHaveLength(summary.rows_out);
    await runOnFlink(text);
    const both = await spent();
    const theirs = both.slice(ours.length);
    expect(theirs.length).toBeGreaterThan(30);
    expect([...ours].sort()).toEqual([...theirs].sort());
  }, 240_000);
});
