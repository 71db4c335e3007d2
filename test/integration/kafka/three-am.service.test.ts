// The incident of 3 AM on a real broker, while the job runs: nothing is stopped at any time. Beside it
// runs the same job over the night as it should have been; at the end nobody can tell them apart.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliHost, jsonOf, startCli, temporaryFolder, writeFiles } from '../../cli/run-cli.ts';
import {
  asItCame,
  definitions,
  incident,
  meant,
  purchasesOf,
} from '../../incident/incident-data.ts';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { createTopic, produce } from './topics.ts';

const config = (brokers: readonly string[]): string => `
import { defineConfig } from 'millrace';
import { embedded } from 'millrace/embedded';
import { featureLog } from 'millrace/file';
import { kafka } from 'millrace/kafka';
import * as shop from './features/shop.ts';

const brokers = ${JSON.stringify(brokers)};
const at = (topic: string) => ({
  streams: { purchases: kafka({ brokers, topic }) },
  online: embedded(\`./.millrace/\${topic}/online\`),
  offline: featureLog(\`./.millrace/\${topic}/offline\`),
  outputs: { user_spend: kafka({ brokers, topic: \`features.\${topic}\`, delivery: 'exactly-once' }) },
  checkpoints: { directory: \`./.millrace/\${topic}/checkpoints\`, interval: '500ms' },
  clock: 'event',
});

export default defineConfig({
  project: 'incident',
  definitions: [shop],
  environments: { local: at('night'), undisturbed: at('undisturbed') },
});
`;

interface Letters {
  readonly total: number;
  readonly letters: readonly { id: string; topic: string; attempt: number }[];
}

interface Outcomes {
  readonly done: readonly { id: string }[];
  readonly refused: readonly { id: string; problem: string }[];
}

const night = { records: 6000, every: 3 };
const partitions = 3;

describe.skipIf(!withServices)(`an int that turns float, on Kafka (${howToRun})`, () => {
  const folder = temporaryFolder();
  const shop = folder.path;
  const cli = new CliHost();
  const run = (...args: readonly string[]) => cli.run(shop, ...args);
  const jobs: { readonly job: ChildProcess; readonly said: string[] }[] = [];
  let kafka: KafkaCluster;

  beforeAll(async () => {
    kafka = await startKafka();
    writeFiles(shop, {
      'features/shop.ts': definitions,
      'millrace.config.ts': config(kafka.brokers),
      'labels.csv': `user_id,event_timestamp\n${Array.from({ length: 100 }, (_, i) => `u${i},${incident.fromMs + i * 36_000}`).join('\n')}\n`,
    });
    for (const name of ['night', 'undisturbed']) {
      for (const topic of [name, `features.${name}`]) {
        await createTopic(kafka.brokers, { name: topic, partitions });
      }
    }
    for (const env of ['local', 'undisturbed']) {
      const job = startCli(shop, ['run', '--env', env]);
      const said: string[] = [];
      job.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
      jobs.push({ job, said });
    }
  }, 180_000);

  afterAll(async () => {
    cli.stop();
    for (const { job } of jobs) if (job.exitCode === null) job.kill('SIGKILL');
    await kafka?.stop();
    folder.remove();
  }, 60_000);

  /** Events that the entities of an environment have seen. */
  async function eventsSeen(env: string): Promise<number> {
    const exported = await run('export', 'user_spend', '--out', `${env}.jsonl`, '--env', env);
    if (exported.code !== 0) return 0;
    const rows = readFileSync(join(shop, `${env}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
    const lines = rows.filter((row) => row !== '');
    return lines.reduce((sum, row) => sum + (JSON.parse(row) as { events: number }).events, 0);
  }

  async function untilSeen(env: string, events: number): Promise<void> {
    const endMs = performance.now() + 60_000;
    for (let seen = 0; seen !== events; seen = await eventsSeen(env)) {
      const job = jobs[env === 'local' ? 0 : 1];
      if (performance.now() > endMs || job?.job.exitCode !== null) {
        throw new Error(`${env} has seen ${seen} of ${events} events: ${job?.said.join('')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function untilLetters(total: number): Promise<Letters> {
    const endMs = performance.now() + 30_000;
    for (;;) {
      const list = jsonOf<Letters>(await run('dlq', 'ls', '--limit', '1000', '--json'));
      if (list.total === total) return list;
      if (performance.now() > endMs) throw new Error(`${list.total} of ${total} dead letters`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Rows of the log can be seen, and corrected, when their checkpoint is complete. */
  async function untilNothingToCorrect(): Promise<void> {
    const nothing = { views: { user_spend: { log_rows: 0, store_rows: 0 } } };
    await expect
      .poll(async () => jsonOf(await run('late', 'apply', '--again', '--json')), {
        timeout: 30_000,
        interval: 1000,
      })
      .toMatchObject(nothing);
  }

  test('nothing stops, nothing is lost, and in the end it never happened', async () => {
    const purchases = purchasesOf(night);
    const partition = (user: string): number => Number(user.slice(1)) % partitions;
    const records = (value: (i: number) => string) =>
      purchases.map(({ user_id, ts }, i) => ({
        partition: partition(user_id),
        key: user_id,
        value: value(i),
        timestampMs: ts,
        headers: { trace: `t${i}` },
      }));
    const came = purchases.map((p, i) => asItCame(p, i, night));
    const broken = came.filter((text) => text.includes('.')).length;
    await produce(
      kafka.brokers,
      'night',
      records((i) => came[i] ?? ''),
    );
    await produce(
      kafka.brokers,
      'undisturbed',
      records((i) => meant(purchases[i] as never)),
    );
    await untilSeen('undisturbed', night.records);
    await untilSeen('local', night.records - broken);
    expect(jobs[0]?.said.join('')).toMatch(
      /records of "purchases" failed, the newest with MR_DATA/,
    );

    const list = await untilLetters(broken);
    expect(list.letters[0]).toMatchObject({ topic: 'night', attempt: 1 });
    const fixed = await run('dlq', 'fix', '--all', '--set', '.cents |= floor', '--json');
    expect(jsonOf<Outcomes>(fixed).done).toHaveLength(broken);
    const replayed = await run('dlq', 'replay', '--all', '--json');
    expect(jsonOf<Outcomes>(replayed)).toMatchObject({ refused: [] });
    expect(jsonOf<Outcomes>(replayed).done).toHaveLength(broken);
    const again = await run('dlq', 'replay', list.letters[0]?.id ?? '', '--json');
    expect(again.code).toBe(1);
    expect(jsonOf<Outcomes>(again).refused[0]?.problem).toContain('it would count twice');
    await untilSeen('local', night.records);

    const applied = await run('late', 'apply', '--json');
    expect(applied.code).toBe(0);
    const { user_spend } = jsonOf<{ views: Record<string, Record<string, number>> }>(applied).views;
    expect(user_spend).toMatchObject({ replayed_records: broken });
    await untilNothingToCorrect();

    const exported = (env: string): string => readFileSync(join(shop, `${env}.jsonl`), 'utf8');
    await untilSeen('local', night.records);
    expect(exported('local')).toBe(exported('undisturbed'));
    for (const env of ['local', 'undisturbed']) {
      const train = ['--view', 'user_spend', '--entities', 'labels.csv', '--out', `${env}.csv`];
      expect((await run('train', ...train, '--env', env)).code).toBe(0);
    }
    const trained = (env: string): string => readFileSync(join(shop, `${env}.csv`), 'utf8');
    expect(trained('local')).toBe(trained('undisturbed'));
    for (const { job } of jobs) {
      job.kill('SIGTERM');
      expect(await once(job, 'exit')).toEqual([0, null]);
    }
  }, 180_000);

  test('a Java consumer sees each replayed record once, with its key, time and headers', async () => {
    const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', kafka.brokers.join(), '--topic', 'night', '--from-beginning'],
      ...['--isolation-level', 'read_committed', '--timeout-ms', '20000'],
      ...['--formatter-property', 'print.headers=true', '--formatter-property', 'print.key=true'],
      ...['--formatter-property', 'print.timestamp=true'],
    ]);
    const replays = output.split('\n').filter((line) => line.includes('millrace-replay-of'));
    expect(replays).toHaveLength(400);
    const ids = replays.map((line) => /millrace-replay-of:([0-9a-f]{12})/.exec(line)?.[1]);
    expect(new Set(ids).size).toBe(400);
    for (const line of replays) {
      expect(line).toMatch(
        /^CreateTime:\d+\ttrace:t\d+,millrace-replay-of:\w+,millrace-attempt:2\tu\d+\t/,
      );
    }
  }, 60_000);
});
