// Scripts of SQL over real topics: one that is killed goes on from its checkpoint, and what a topic knows
// of its records can be columns.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScript } from '../../sql/run-script.ts';
import { howToRun, withServices } from '../service.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

const life = fileURLToPath(new URL('../../sql/sql-life.ts', import.meta.url));
const longMs = 60_000;

describe.skipIf(!withServices)(`${howToRun}: SQL over topics`, () => {
  let kafka: KafkaCluster;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-sql-kafka-'));
    kafka = await startKafka();
  }, 120_000);

  afterAll(async () => {
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connector = (topic: string): string =>
    `'connector' = 'kafka', 'topic' = '${topic}', 'properties.bootstrap.servers' = '${kafka.brokers.join(',')}'`;

  /** Everything in a topic so far, and what comes. */
  async function following(topic: string): Promise<{
    readonly found: string[];
    readonly close: () => Promise<void>;
  }> {
    const consumer = new Consumer({
      clientId: 'sql-test',
      groupId: `sql-${Math.random()}`,
      bootstrapBrokers: [...kafka.brokers],
      deserializers: stringDeserializers,
      retries: 20,
    });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 100 });
    const found: string[] = [];
    stream.on('data', ({ key, value }) => found.push(`${key} ${value}`));
    const close = async (): Promise<void> => {
      await stream.close();
      await consumer.close(true);
    };
    return { found, close };
  }

  async function until(what: string, condition: () => boolean): Promise<void> {
    const endMs = Date.now() + longMs;
    while (!condition()) {
      if (Date.now() > endMs) throw new Error(`not in ${longMs} ms: ${what}`);
      await sleep(100);
    }
  }

  function start(path: string): { readonly child: ChildProcess; readonly said: string[] } {
    const said: string[] = [];
    const child = spawn(process.execPath, [life, path], { cwd: folder });
    child.stderr?.on('data', (bytes: Buffer) => said.push(String(bytes)));
    return { child, said };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  it('goes on from its checkpoint when it was killed', async () => {
    await createTopic(kafka.brokers, { name: 'clicks' });
    await createTopic(kafka.brokers, { name: 'clicks-by-user' });
    const path = join(folder, 'clicks.sql');
    // It begins behind what is there: only a checkpoint knows of clicks before the kill.
    writeFileSync(
      path,
      `SET 'execution.checkpointing.interval' = '200 ms';
CREATE TABLE clicks (u STRING, n INT) WITH (${connector('clicks')}, 'scan.startup.mode' = 'latest-offset', 'format' = 'json');
CREATE TABLE totals (u STRING, n BIGINT, s INT, PRIMARY KEY (u) NOT ENFORCED) WITH (${connector('clicks-by-user').replace("'kafka'", "'upsert-kafka'")}, 'key.format' = 'json', 'value.format' = 'json');
INSERT INTO totals SELECT u, COUNT(*), SUM(n) FROM clicks GROUP BY u;`,
    );
    const { found, close } = await following('clicks-by-user');
    const isTotal = (u: string, n: number, s: number): boolean =>
      found.includes(`{"u":"${u}"} {"u":"${u}","n":${n},"s":${s}}`);
    const click = (u: string, n: number): Promise<void> =>
      produce(kafka.brokers, 'clicks', [{ value: JSON.stringify({ u, n }) }]);
    const first = start(path);
    let probes = 0;
    const endMs = Date.now() + longMs;
    while (found.length === 0 && Date.now() < endMs) {
      await click('probe', 1);
      probes++;
      await sleep(300);
    }
    expect(probes).toBeGreaterThan(0);
    await click('u1', 5);
    await click('u1', 6);
    await until(`the first totals; ${first.said.join('')}`, () => isTotal('u1', 2, 11));
    const checkpoints = join(folder, '.millrace', 'sql', 'checkpoints');
    const before = (): string => JSON.stringify(readdirSync(checkpoints, { recursive: true }));
    const old = before();
    await until('a checkpoint after them', () => before() !== old);
    await sleep(1000);
    await kill(first.child);
    await click('u1', 7);
    const second = start(path);
    await until('totals that go on', () => isTotal('u1', 3, 18));
    await kill(second.child);
    await close();
    expect(found.at(-1)).toBe('{"u":"u1"} {"u":"u1","n":3,"s":18}');
  }, 240_000);

  it('has the partition, offset and time of records as columns', async () => {
    await createTopic(kafka.brokers, { name: 'meta', partitions: 2 });
    const timestampMs = Date.UTC(2026, 0, 1, 10);
    await produce(kafka.brokers, 'meta', [
      { partition: 1, value: '{"a":1}', timestampMs },
      { partition: 1, value: '{"a":2}', timestampMs: timestampMs + 61_500 },
    ]);
    const table = `CREATE TABLE meta (a INT, p INT METADATA FROM 'partition' VIRTUAL, \`offset\` BIGINT METADATA VIRTUAL,
      t TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', topic STRING METADATA, WATERMARK FOR t AS t)
      WITH (${connector('meta')}, 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'json');`;
    const { rows } = await runScript(
      `${table} SELECT a, p, \`offset\`, t, topic FROM meta`,
      folder,
    );
    expect(rows).toEqual([
      '+I {"a":1,"p":1,"offset":0,"t":"2026-01-01T10:00:00Z","topic":"meta"}',
      '+I {"a":2,"p":1,"offset":1,"t":"2026-01-01T10:01:01.5Z","topic":"meta"}',
    ]);
    const windows = await runScript(
      `${table} SELECT window_end, SUM(a) AS s FROM TUMBLE(TABLE meta, DESCRIPTOR(t), INTERVAL '1' MINUTE) GROUP BY window_start, window_end`,
      folder,
    );
    expect(windows.rows).toHaveLength(2);
  }, 120_000);

  it('removes the key of a row that HAVING lets through no more', async () => {
    await createTopic(kafka.brokers, { name: 'having' });
    const lines = [5, -3, 4].map((v) => `{"k":"a","v":${v}}`);
    writeFileSync(join(folder, 'values.jsonl'), `${lines.join('\n')}\n`);
    await runScript(
      `CREATE TABLE v (k STRING, v INT) WITH ('connector' = 'filesystem', 'path' = 'values.jsonl', 'format' = 'json');
       CREATE TABLE big (k STRING, s INT, PRIMARY KEY (k) NOT ENFORCED) WITH (${connector('having').replace("'kafka'", "'upsert-kafka'")}, 'key.format' = 'json', 'value.format' = 'json');
       INSERT INTO big SELECT k, SUM(v) FROM v GROUP BY k HAVING SUM(v) > 3`,
      folder,
    );
    const { found, close } = await following('having');
    await until('three messages', () => found.length >= 3);
    await close();
    expect(found.map((text) => text.replace(/undefined|null$/, ''))).toEqual([
      '{"k":"a"} {"k":"a","s":5}',
      '{"k":"a"} ',
      '{"k":"a"} {"k":"a","s":6}',
    ]);
  }, 120_000);
});
