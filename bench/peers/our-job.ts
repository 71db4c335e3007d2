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
import { openVariant } from './our-variants.ts';

export type JobName = 'j1' | 'j2' | 'j3' | 'j4';

export interface OurRun {
  readonly wallMs: number;
  /** Of the whole process, while the job ran. */
  readonly cpuMs: number;
  /** The most memory that was resident up to then. */
  readonly rssMb: number;
  readonly rowsOut: number;
  readonly checkpoints: number;
}

export const benchPlan: Plan = buildPlan([definitions]).plan;

/** Runs a job over a file; `look` sees what comes out. */
export function runOurJob(
  job: JobName,
  path: string,
  spec: Partial<JobSpec> = {},
  look: (batch: VectorBatch) => void = () => {},
): Promise<JobSummary> {
  const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
  const sink = { write: look, flush: () => Promise.resolve(), close: () => Promise.resolve() };
  return startJob({
    plan: benchPlan,
    views: [job],
    sources: new Map([['events', file(path)]]),
    formats,
    sinks: [sink],
    deadLetters: nothing,
    lateRecords: nothing,
    clock: systemClock,
    baseDirectory: tmpdir(),
    nowMode: 'event',
    ...spec,
  }).done;
}

type Totals = Pick<OurRun, 'rowsOut' | 'checkpoints'>;

async function measured(work: () => Totals | Promise<Totals>): Promise<OurRun> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  const totals = await work();
  const { user, system } = process.cpuUsage(start);
  return {
    wallMs: performance.now() - startMs,
    cpuMs: (user + system) / 1000,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1000),
    ...totals,
  };
}

async function measuredJob(job: JobName, variantName: string, path: string): Promise<OurRun> {
  const variant = await openVariant(variantName);
  try {
    return await measured(async () => {
      const summary = await runOurJob(job, path, variant.spec);
      return { rowsOut: summary.rows_out, checkpoints: summary.checkpoints };
    });
  } finally {
    await variant.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [job = '', variant = '', path = '', times = '2'] = process.argv.slice(2);
  const runs: OurRun[] = [];
  for (let i = 0; i < Number(times); i++) {
    runs.push(
      variant === 'hand-written'
        ? await measured(() => ({ rowsOut: handWrittenJ2(path), checkpoints: 0 }))
        : await measuredJob(job as JobName, variant, path),
    );
  }
  console.log(JSON.stringify(runs));
}
