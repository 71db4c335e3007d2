import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventOf, judge } from '../../kill/kafka/events.ts';
import { endKafkaLives, startLife } from '../../kill/kafka/kafka-lives.ts';
import type { KafkaJob } from '../../kill/kafka/kafka-project.ts';
import {
  committedRows,
  createJobTopics,
  groupLag,
  runKills,
  untilDrained,
} from '../../kill/kafka/run-kills.ts';
import { howToRun, withServices } from '../service.ts';
import { runJava } from './java-tools.ts';
import { type KafkaCluster, startKafka } from './kafka-cluster.ts';
import { produce } from './topics.ts';

/** A job whose processes are real, from topics of its own. The long version of the first: kills.ts. */
describe.skipIf(!withServices)(`exactly once, from Kafka to Kafka (${howToRun})`, () => {
  let kafka: KafkaCluster;
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-exactly-once-'));
    kafka = await startKafka();
  }, 180_000);

  afterAll(async () => {
    await endKafkaLives();
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function jobOf(project: string, events: number): Promise<KafkaJob> {
    const { brokers } = kafka;
    const topics = { input: `${project}.in`, output: `${project}.out` };
    const common = { brokers, folder: join(folder, project), project, ...topics };
    const job: KafkaJob = { ...common, delivery: 'exactly-once', intervalMs: 300 };
    await createJobTopics(job);
    await send(job, 0, events);
    return job;
  }

  async function send({ input, brokers }: KafkaJob, from: number, count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, i) => eventOf(from + i, 3));
    await produce(brokers, input, records);
  }

  /** Runs until everything is read and committed, then stops. */
  async function finish(job: KafkaJob, events: number, flags: readonly string[] = []) {
    const life = startLife(job, flags);
    await life.runs;
    await untilDrained(job, events);
    life.signal('SIGTERM');
    expect(await life.ended).toMatchObject({ code: 0 });
  }

  test('killed at random, each result is seen once and the group stands at the end', async () => {
    const load = { durationMs: 5000, eventsPerSecond: 300, kills: 4 };
    const result = await runKills({ brokers: kafka.brokers, folder, seed: 7, ...load });
    expect(result).toMatchObject({ lost: [], doubled: [], lag: 0 });
    expect(result.kills).toBeGreaterThanOrEqual(4);
  }, 240_000);

  test('a paused process that was replaced wakes up and cannot write', async () => {
    const job = await jobOf('zombie', 2000);
    const zombie = startLife(job);
    await zombie.runs;
    await untilDrained(job, 2000);
    zombie.signal('SIGSTOP');
    // Where its lease cannot be seen: as if checkpoints had been brought to another machine.
    const moved = { ...job, folder: `${job.folder}-moved` };
    await cp(job.folder, moved.folder, { recursive: true });
    const locks = join(moved.folder, 'checkpoints', 'zombie-local');
    for (const name of await readdir(locks)) {
      if (name.startsWith('lock.json')) await rm(join(locks, name));
    }
    const owner = startLife(moved);
    await owner.runs;
    await send(job, 2000, 500);
    await untilDrained(job, 2500);
    zombie.signal('SIGCONT');
    await send(job, 2500, 500);
    const { code, last } = await zombie.ended;
    expect(code).toBe(1);
    expect(JSON.parse(last)).toMatchObject({ code: 'MR_KAFKA_FENCED' });
    await untilDrained(job, 3000);
    owner.signal('SIGTERM');
    expect(await owner.ended).toMatchObject({ code: 0 });
    expect(await groupLag(job.brokers, 'zombie-local')).toBe(0);
    expect(judge(3000, await committedRows(job.brokers, job.output))).toMatchObject({
      lost: [],
      doubled: [],
    });
  }, 240_000);

  test('of two jobs with one name the older one stops, and says why', async () => {
    const job = await jobOf('twice', 500);
    const first = startLife(job);
    await first.runs;
    const second = startLife({ ...job, folder: `${job.folder}-other` });
    const { code, last } = await Promise.race([first.ended, second.ended]);
    expect(code).toBe(1);
    const { code: error } = JSON.parse(last) as { code: string };
    // The second one finds offsets that name a checkpoint which it does not have.
    expect(['MR_KAFKA_FENCED', 'MR_CHECKPOINT_REQUIRED']).toContain(error);
    first.signal('SIGKILL');
    second.signal('SIGKILL');
    await Promise.all([first.ended, second.ended]);
  }, 120_000);

  test('without the checkpoint that the offsets name nothing is doubled unless it is accepted', async () => {
    const job = await jobOf('gone', 1000);
    await finish(job, 1000);
    await rm(join(job.folder, 'checkpoints'), { recursive: true });
    const refused = await startLife(job).ended;
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.last)).toMatchObject({
      code: 'MR_CHECKPOINT_REQUIRED',
      message: expect.stringMatching(/ends with checkpoint \d+, which does not exist/),
      fix: expect.stringMatching(/--accept-duplicates.*--fresh-state/),
    });
    expect(await committedRows(job.brokers, job.output)).toHaveLength(1000);
    await finish(job, 1000, ['--fresh-state']);
    expect(await committedRows(job.brokers, job.output)).toHaveLength(2000);
    await send(job, 1000, 500);
    await finish(job, 1500);
    expect(await committedRows(job.brokers, job.output)).toHaveLength(2500);
  }, 240_000);

  test('offsets that somebody has reset are found out', async () => {
    const job = await jobOf('reset', 1000);
    await finish(job, 1000);
    await runJava('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
      ...['--bootstrap-server', job.brokers.join(), '--group', 'reset-local', '--topic', job.input],
      ...['--reset-offsets', '--to-earliest', '--execute'],
    ]);
    const refused = await startLife(job).ended;
    expect(JSON.parse(refused.last)).toMatchObject({ code: 'MR_CHECKPOINT_REQUIRED' });
    await send(job, 1000, 200);
    await finish(job, 1200, ['--accept-duplicates']);
    const { lost, rows } = judge(1200, await committedRows(job.brokers, job.output));
    expect(lost).toEqual([]);
    expect(rows).toBeGreaterThanOrEqual(1200);
  }, 240_000);
});
