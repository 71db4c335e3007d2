// Jobs of the built-in benchmark over a topic, to the end that it has when the job begins; as a
// program one job in a process of its own, which samples its memory. With `live` the job goes on until
// it is stopped and says how many records it has read.
// Run: node --conditions=millrace-src bench/kafka/topic-job.ts BROKERS TOPIC VIEW THREADS TIMES|live
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { kafka } from '../../src/adapters/kafka/index.ts';
import * as definitions from '../../src/app/bench/bench-definitions.ts';
import { formats } from '../../src/app/formats.ts';
import { buildPlan } from '../../src/define/build-plan.ts';
import type { JobProgress } from '../../src/engine/job/job-spec.ts';
import { startJob } from '../../src/engine/job/job.ts';
import { systemClock } from '../../src/kernel/clock.ts';

export interface TopicRun {
  readonly events: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rowsOut: number;
  readonly deadLetters: number;
  readonly rssMb: number;
  /** Resident memory by the second. */
  readonly rssMbBySecond: readonly number[];
}

interface TopicJob {
  readonly brokers: string;
  readonly topic: string;
  readonly view: string;
  readonly threads: number;
  readonly isLive: boolean;
}

async function runTopicJob(options: TopicJob): Promise<TopicRun> {
  const { brokers, topic, view, threads, isLive } = options;
  const until = isLive ? {} : { until: 'latest' as const };
  const source = kafka({ brokers: brokers.split(','), topic, ...until });
  const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
  const sink = { ...nothing, flush: () => Promise.resolve() };
  const memory: number[] = [];
  const sampler = setInterval(() => memory.push(rssMb()), 1000);
  const startMs = performance.now();
  const start = process.cpuUsage();
  const summary = await startJob({
    plan: buildPlan([definitions]).plan,
    views: [view],
    sources: new Map([['events', source]]),
    formats,
    sinks: [sink],
    deadLetters: nothing,
    lateRecords: nothing,
    clock: systemClock,
    baseDirectory: tmpdir(),
    nowMode: 'event',
    parallelism: threads,
    ...(isLive ? { onProgress: sayProgress, progressIntervalMs: 50 } : {}),
  }).done;
  const { user, system } = process.cpuUsage(start);
  clearInterval(sampler);
  return {
    events: summary.records_in,
    wallMs: performance.now() - startMs,
    cpuMs: (user + system) / 1000,
    rowsOut: summary.rows_out,
    deadLetters: summary.dead_letters,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1000),
    rssMbBySecond: memory,
  };
}

function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}

/** One line: records read so far. */
function sayProgress({ recordsIn }: JobProgress): void {
  process.stdout.write(`${recordsIn}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [brokers = '', topic = '', view = '', threads = '1', times = '1'] = process.argv.slice(2);
  const job = { brokers, topic, view, threads: Number(threads), isLive: times === 'live' };
  const runs: TopicRun[] = [];
  for (let i = 0; i < (job.isLive ? 1 : Number(times)); i++) runs.push(await runTopicJob(job));
  console.log(JSON.stringify(runs));
}
