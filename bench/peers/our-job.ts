// The jobs of the built-in benchmark on this project's engine, as Flink gets them: a file of JSON
// lines in, a sink that forgets. As a program it measures one job in a process of its own.
// Run: node --conditions=millrace-src bench/peers/our-job.ts JOB VARIANT FILE [TIMES]
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { file } from '../../src/adapters/file/file-source.ts';
import * as definitions from '../../src/app/bench/bench-definitions.ts';
import { handWrittenJ2 } from '../../src/app/bench/bench-peers.ts';
import { formats } from '../../src/app/formats.ts';
import type { VectorBatch } from '../../src/columns/vector-batch.ts';
import { buildPlan } from '../../src/define/build-plan.ts';
import type { JobSpec, JobSummary } from '../../src/engine/job/job-spec.ts';
import { startJob } from '../../src/engine/job/job.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Plan } from '../../src/plan/plan.ts';

export type JobName = 'j1' | 'j2' | 'j3' | 'j4';

/** What differs between the ways of running a job. */
const variants: Readonly<Record<string, Partial<JobSpec>>> = {
  memory: {},
};

export interface OurRun {
  readonly wallMs: number;
  /** Of the whole process, while the job ran. */
  readonly cpuMs: number;
  /** The most memory that was resident up to then. */
  readonly rssMb: number;
  readonly rowsOut: number;
}

export const benchPlan: Plan = buildPlan([definitions]).plan;

/** Runs a job over a file; `look` sees what comes out. */
export function runOurJob(
  job: JobName,
  variant: string,
  path: string,
  look: (batch: VectorBatch) => void = () => {},
): Promise<JobSummary> {
  const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
  return startJob({
    plan: benchPlan,
    views: [job],
    sources: new Map([['events', file(path)]]),
    formats,
    sinks: [
      {
        write: (batch) => look(batch),
        flush: () => Promise.resolve(),
        close: () => Promise.resolve(),
      },
    ],
    deadLetters: nothing,
    lateRecords: nothing,
    clock: systemClock,
    baseDirectory: tmpdir(),
    nowMode: 'event',
    ...variants[variant],
  }).done;
}

async function measured(job: string, variant: string, path: string): Promise<OurRun> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  let rowsOut = 0;
  if (variant === 'hand-written') rowsOut = handWrittenJ2(path);
  else rowsOut = (await runOurJob(job as JobName, variant, path)).rows_out;
  const { user, system } = process.cpuUsage(start);
  return {
    wallMs: performance.now() - startMs,
    cpuMs: (user + system) / 1000,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1000),
    rowsOut,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [job = '', variant = '', path = '', times = '2'] = process.argv.slice(2);
  const runs: OurRun[] = [];
  for (let i = 0; i < Number(times); i++) runs.push(await measured(job, variant, path));
  console.log(JSON.stringify(runs));
}
