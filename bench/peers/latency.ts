// How soon a row is there, from topic to topic: another process writes a thousand events a second, each
// at its due time; a job computes J2 and writes its rows to a second topic. Counted is the time from
// when an event was due to be written until its row has been read there (open loop), by the same
// reader for both engines. Every event has to have its row.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import type { Cluster } from '../../test/integration/flink/flink-cluster.ts';
import { createTopic } from '../../test/integration/kafka/topics.ts';
import { startWriter } from '../kafka/event-latency.ts';
import { LatencyHistogram } from '../load/latency-histogram.ts';
import { rounded } from '../load/measure.ts';
import { startFlinkJob } from './flink-job.ts';
import { liveFlinkJob } from './flink-sql.ts';
import type { LiveJob } from './our-live-job.ts';

export interface LatencyFigures {
  readonly engine: 'flink' | 'millrace';
  readonly setting: string;
  readonly events_per_second: number;
  /** After those that warm up. */
  readonly rows: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

interface Setting {
  readonly engine: LatencyFigures['engine'];
  readonly setting: string;
  readonly outOfOrdernessMs: number;
  /** Of Flink: a watermark after every record and no waiting for full buffers. */
  readonly isOnEvent?: boolean;
  /** Of ours: a row with each event instead of at the watermark. */
  readonly emit?: LiveJob['emit'];
}

/** The first is as Flink is without any option. */
const settings: readonly Setting[] = [
  { engine: 'flink', setting: '100 ms out of order, defaults', outOfOrdernessMs: 100 },
  {
    engine: 'flink',
    setting: '100 ms out of order, watermark on event',
    outOfOrdernessMs: 100,
    isOnEvent: true,
  },
  {
    engine: 'flink',
    setting: 'in order, watermark on event',
    outOfOrdernessMs: 0,
    isOnEvent: true,
  },
  { engine: 'millrace', setting: '100 ms out of order', outOfOrdernessMs: 100 },
  { engine: 'millrace', setting: 'in order', outOfOrdernessMs: 0 },
  {
    engine: 'millrace',
    setting: '100 ms out of order, at arrival',
    outOfOrdernessMs: 100,
    emit: 'arrival',
  },
];

const eventsPerSecond = 1000;
/** While code is being compiled. */
const warmUpSeconds = 4;
/** Events behind those that count, which move the watermark past them. */
const tailSeconds = 2;
const patienceMs = 60_000;

export interface LatencyOptions {
  readonly cluster: Cluster;
  readonly brokers: readonly string[];
  readonly seconds: number;
  readonly say: (figures: LatencyFigures) => void;
}

export async function measureLatencies(options: LatencyOptions): Promise<void> {
  for (const [i, setting] of settings.entries()) options.say(await measure(options, setting, i));
}

async function measure(
  { cluster, brokers, seconds }: LatencyOptions,
  setting: Setting,
  index: number,
): Promise<LatencyFigures> {
  const [topic, output] = [`live-in-${index}`, `live-out-${index}`];
  for (const name of [topic, output]) await createTopic(brokers, { name });
  const reader = await readRows(brokers, output);
  const { outOfOrdernessMs, isOnEvent = false, emit = 'watermark' } = setting;
  const input = { brokers, topic };
  const stop =
    setting.engine === 'flink'
      ? await startFlinkJob(cluster, liveFlinkJob({ input, output, outOfOrdernessMs, isOnEvent }))
      : await startOurJob({ ...input, output, outOfOrdernessMs, emit });
  const counted = seconds * eventsPerSecond;
  const events = counted + (warmUpSeconds + tailSeconds) * eventsPerSecond;
  const writer = startWriter({ brokers, topic, events, eventsPerSecond });
  try {
    const histogram = await reader.rows(warmUpSeconds * eventsPerSecond, counted);
    const { p50_ms, p99_ms, max_ms } = histogram.summary();
    const { engine, setting: name } = setting;
    const times = { p50_ms: rounded(p50_ms, 1), p99_ms: rounded(p99_ms, 1) };
    const what = { engine, setting: name, events_per_second: eventsPerSecond, rows: counted };
    return { ...what, ...times, max_ms: rounded(max_ms, 1) };
  } finally {
    writer.kill('SIGKILL');
    await stop();
    await reader.close();
  }
}

/** In a process of its own; resolves once it reads. */
async function startOurJob(job: LiveJob): Promise<() => Promise<void>> {
  const program = new URL('our-live-job.ts', import.meta.url).pathname;
  const args = ['--conditions=millrace-src', program, JSON.stringify(job)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const started = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  await Promise.race([
    started,
    ended.then(() => {
      throw new Error(`the job ended with ${child.exitCode}`);
    }),
  ]);
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

/** Rows of either engine: the event's time is a number or text. */
interface Row {
  readonly at_time?: number;
  readonly event_time?: string;
}

async function readRows(brokers: readonly string[], topic: string) {
  const consumer = new Consumer({
    clientId: 'latency',
    groupId: topic,
    bootstrapBrokers: [...brokers],
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 500 });
  /** Of every row, in the order of their events' times: rows of an instant are alike. */
  const seen: { readonly atMs: number; readonly lateMs: number }[] = [];
  stream.on('data', ({ value }) => {
    const nowMs = performance.timeOrigin + performance.now();
    const { at_time, event_time = '' } = JSON.parse(value.toString()) as Row;
    const atMs = at_time ?? Date.parse(event_time);
    seen.push({ atMs, lateMs: Math.max(nowMs - atMs, 0) });
  });
  return {
    rows: async (skipped: number, counted: number): Promise<LatencyHistogram> => {
      const untilMs = performance.now() + patienceMs + skipped + counted;
      while (seen.length < skipped + counted && performance.now() < untilMs) await sleep(50);
      if (seen.length < skipped + counted) throw new Error(`only ${seen.length} rows in ${topic}`);
      const histogram = new LatencyHistogram();
      for (const { lateMs } of seen.slice(skipped, skipped + counted)) histogram.add(lateMs);
      return histogram;
    },
    close: async () => {
      await stream.close();
      await consumer.close(true);
    },
  };
}
