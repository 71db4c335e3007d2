// Worker threads against one thread: the same file of JSON events through a whole job, at each
// parallelism in turn, several rounds; the ratio is that of a round's neighbours. Each run is a process
// of its own: in one process the code of the main thread would be warm and that of new threads not.
// Run: node --conditions=millrace-src bench/parallel.ts [--jobs j2,j4] [--at 1,2] [--rounds 3]
//   [--events N] [--users N] [--online]      (--online: into the embedded store, not forgotten)
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { embedded } from '../src/adapters/embedded/embedded.ts';
import { file } from '../src/adapters/file/file-source.ts';
import { memoryDeadLetters, memoryLateRecords } from '../src/adapters/memory/memory-sinks.ts';
import * as definitions from '../src/app/bench/bench-definitions.ts';
import { writeBenchEvents } from '../src/app/bench/bench-events.ts';
import { formats } from '../src/app/formats.ts';
import { storedViews } from '../src/app/stored-views.ts';
import { storeSink } from '../src/app/vector-sinks.ts';
import { buildPlan } from '../src/define/build-plan.ts';
import { startJob } from '../src/engine/job/job.ts';
import { systemClock } from '../src/kernel/clock.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { VectorSink } from '../src/ports/vector-sink.ts';
import { runChild } from './load/child-run.ts';
import { Arguments, inFolder, machine, rounded, startWatch } from './load/measure.ts';
import { shopCore } from './load/shop-core.ts';

const args = new Arguments();
const events = args.number('events', 2_000_000);
const users = args.number('users', 100_000);
const rounds = args.number('rounds', 3);
const levels = args.text('at', '1,2').split(',').map(Number);
const jobs = args.text('jobs', 'j1,j2,j3,j4,shop_core').split(',');
const spanMs = 2 * 3_600_000;

const plans = [buildPlan([definitions]).plan, buildPlan([{ shopCore }]).plan];

function planOf(job: string): Plan {
  const found = plans.find(({ views }) => views.some(({ name }) => name === job));
  if (found === undefined) throw new Error(`there is no job "${job}"`);
  return found;
}

/** Takes vectors and keeps nothing; reads a key of each batch, as any sink does. */
function forgettingSink(): VectorSink {
  let sum = 0;
  return {
    write: ({ keyData, keyStarts, rowCount }) => {
      for (let row = 0; row < rowCount; row++) sum += keyData[keyStarts[row] as number] ?? 0;
    },
    flush: () => Promise.resolve(sum).then(() => undefined),
    close: () => Promise.resolve(),
  };
}

async function sinkFor(plan: Plan, folder: string): Promise<VectorSink> {
  if (!args.has('online')) return forgettingSink();
  // A folder of its own: rows that are there already would not be written again.
  const baseDirectory = mkdtempSync(join(folder, 'online-'));
  const views = storedViews(plan);
  const place = { baseDirectory, mode: 'write', project: 'bench', views } as const;
  return storeSink(await embedded('./online').open(place));
}

interface Run {
  readonly job: string;
  readonly parallelism: number;
  readonly events_per_second: number;
  readonly cpu_seconds_per_million: number;
}

async function runOnce(job: string, parallelism: number, folder: string): Promise<Run> {
  const plan = planOf(job);
  const sink = await sinkFor(plan, folder);
  const watch = startWatch();
  const { done } = startJob({
    plan,
    views: [job],
    sources: new Map([['events', file(join(folder, 'events.jsonl'))]]),
    formats,
    sinks: [sink],
    deadLetters: memoryDeadLetters(),
    lateRecords: memoryLateRecords(),
    clock: systemClock,
    baseDirectory: folder,
    nowMode: 'event',
    parallelism,
    flushIntervalMs: Number.POSITIVE_INFINITY,
  });
  const { records_in: records } = await done;
  const { elapsedMs, cpuMs } = watch();
  return {
    job,
    parallelism,
    events_per_second: rounded((records / elapsedMs) * 1000),
    cpu_seconds_per_million: rounded((cpuMs * 1000) / records, 2),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** One run in a new process. */
async function runApart(job: string, parallelism: number, folder: string): Promise<Run> {
  const own = ['--cell', folder, '--jobs', job, '--at', String(parallelism)];
  const { result } = await runChild({
    script: import.meta.filename,
    args: [...own, ...(args.has('online') ? ['--online'] : [])],
  });
  if (result === null) throw new Error(`${job} at ${parallelism} did not end well`);
  return result as unknown as Run;
}

async function compareAll(folder: string): Promise<void> {
  const target = openSync(join(folder, 'events.jsonl'), 'w');
  writeBenchEvents(target, { events, users, spanMs });
  closeSync(target);
  const results: unknown[] = [];
  for (const job of jobs) {
    const runs: Run[][] = [];
    for (let round = 0; round < rounds; round++) {
      const row: Run[] = [];
      for (const parallelism of levels) {
        const run = await runApart(job, parallelism, folder);
        console.error(JSON.stringify(run));
        row.push(run);
      }
      runs.push(row);
    }
    for (const [i, parallelism] of levels.entries()) {
      const of = runs.map((row) => row[i] as Run);
      const ratios = runs.map(
        (row) => (row[i] as Run).events_per_second / (row[0] as Run).events_per_second,
      );
      results.push({
        job,
        parallelism,
        events_per_second: median(of.map((run) => run.events_per_second)),
        cpu_seconds_per_million: median(of.map((run) => run.cpu_seconds_per_million)),
        ratio: rounded(median(ratios), 2),
      });
    }
  }
  console.log(JSON.stringify({ name: 'parallel', machine: machine(), events, users, results }));
}

if (args.has('cell')) {
  const [job = ''] = jobs;
  console.log(JSON.stringify(await runOnce(job, levels[0] ?? 1, args.text('cell', ''))));
} else {
  await inFolder(compareAll);
}
