// A job from Kafka to Kafka under load, killed again and again at random moments. Afterwards Java's
// console consumer tells what a read_committed reader sees, and Java's group tool where the group stands.
import { join } from 'node:path';
import { systemClock } from '../../../src/kernel/clock.ts';
import { seededRandom } from '../../../src/kernel/random.ts';
import { runJava } from '../../integration/kafka/java-tools.ts';
import { createTopic, produce, withAdmin } from '../../integration/kafka/topics.ts';
import { eventOf, judge, type Verdict } from './events.ts';
import { startLife } from './kafka-lives.ts';
import type { KafkaJob } from './kafka-project.ts';

export interface KillsOptions {
  readonly brokers: readonly string[];
  readonly folder: string;
  readonly seed: number;
  readonly kills: number;
  /** The load goes on for this long at least, and until the last kill. */
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  readonly delivery?: KafkaJob['delivery'];
  readonly report?: (line: string) => void;
}

export interface KillsResult extends Verdict {
  readonly kills: number;
  readonly seconds: number;
  /** Of the group, as Java says: lag per partition, and whether every offset is the end. */
  readonly lag: number;
}

const partitions = 3;
const drainMsMax = 60_000;

export async function runKills(options: KillsOptions): Promise<KillsResult> {
  const { brokers, folder, seed, delivery = 'exactly-once', report } = options;
  const name = `kill-${seed}-${delivery}`;
  const job: KafkaJob = {
    ...{
      brokers,
      delivery,
      folder: join(folder, name),
      input: `${name}.in`,
      output: `${name}.out`,
    },
    intervalMs: 300,
    project: name,
  };
  await createJobTopics(job);
  const startMs = systemClock.monotonicMs();
  const load = startLoad(job.input, options);
  const random = seededRandom(seed);
  let kills = 0;
  while (kills < options.kills || systemClock.monotonicMs() - startMs < options.durationMs) {
    const life = startLife(job);
    // Now and then before it has begun; mostly within a few checkpoints.
    if (random.next() < 0.85) await life.runs;
    await systemClock.sleep(random.next() * 1500);
    life.signal('SIGKILL');
    await life.ended;
    kills += 1;
    report?.(`kill ${kills}`);
  }
  const events = await load.stop();
  const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1000);
  const last = startLife(job);
  await last.runs;
  await untilDrained(job, events);
  last.signal('SIGTERM');
  const { code, last: text } = await last.ended;
  if (code !== 0) throw new Error(`the last life ended ${code}: ${text}`);
  const rows = await committedRows(brokers, job.output);
  const lag = await groupLag(brokers, `${name}-local`);
  return { ...judge(events, rows), kills, seconds, lag };
}

/** Topics that keep what they have, however old its time is. */
export async function createJobTopics({ brokers, input, output }: KafkaJob): Promise<void> {
  const settings = { 'retention.ms': '-1' };
  for (const name of [input, output]) await createTopic(brokers, { name, partitions, settings });
}

/** Events at a rate until it is stopped; then how many there were. */
function startLoad(topic: string, { brokers, eventsPerSecond }: KillsOptions) {
  const stopping = new AbortController();
  const run = async (): Promise<number> => {
    const startMs = systemClock.monotonicMs();
    let sent = 0;
    while (!stopping.signal.aborted) {
      await systemClock.sleep(200, stopping.signal);
      const due = Math.floor(((systemClock.monotonicMs() - startMs) / 1000) * eventsPerSecond);
      const batch = Array.from({ length: due - sent }, (_, i) => eventOf(sent + i, partitions));
      if (batch.length > 0) await produce(brokers, topic, batch);
      sent = due;
    }
    return sent;
  };
  const done = run();
  return {
    stop: (): Promise<number> => {
      stopping.abort();
      return done;
    },
  };
}

/** What a reader of committed records sees, as Java reads it. */
export async function committedRows(brokers: readonly string[], topic: string): Promise<string[]> {
  const output = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', brokers.join(), '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--timeout-ms', '15000'],
  ]);
  return output.split('\n').filter((line) => line.startsWith('{'));
}

/** The lag of a group over all partitions, as Java says; −1 when a partition has no offset. */
export async function groupLag(brokers: readonly string[], group: string): Promise<number> {
  const output = await runJava('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', [
    ...['--bootstrap-server', brokers.join(), '--group', group, '--describe'],
  ]);
  const lines = output.split('\n').filter((line) => line.startsWith(`${group} `));
  const lags = lines.map((line) => Number(line.trim().split(/\s+/)[5]));
  if (lags.length < partitions || lags.some(Number.isNaN)) return -1;
  return lags.reduce((sum, lag) => sum + lag, 0);
}

/** Until the group has committed so many records, or it takes too long. */
export async function untilDrained(job: KafkaJob, events: number): Promise<void> {
  const startMs = systemClock.monotonicMs();
  await withAdmin(job.brokers, async (admin) => {
    while (systemClock.monotonicMs() - startMs < drainMsMax) {
      const [group] = await admin.listConsumerGroupOffsets({ groups: [`${job.project}-local`] });
      const partitions = group?.topics.flatMap((topic) => topic.partitions) ?? [];
      const read = partitions.reduce(
        (sum, { committedOffset }) => sum + Number(committedOffset),
        0,
      );
      if (read >= events) return;
      await systemClock.sleep(200);
    }
  });
}
