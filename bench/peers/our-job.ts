// The jobs of the built-in benchmark on this project's engine, as Flink gets them: a file of JSON
// lines or a topic in, a sink that forgets. As a program it measures one job in a process of its own.
// Run: node --conditions=millrace-src bench/peers/our-job.ts JOB VARIANT PLACE-AS-JSON [TIMES]
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { file } from '../../src/adapters/file/file-source.ts';
import { kafka } from '../../src/adapters/kafka/index.ts';
import * as definitions from '../../src/app/bench/bench-definitions.ts';
import { handWrittenJ2 } from '../../src/app/bench/bench-peers.ts';
import { formats } from '../../src/app/formats.ts';
import type { VectorBatch } from '../../src/columns/vector-batch.ts';
import { buildPlan } from '../../src/define/build-plan.ts';
import type { JobSpec, JobSummary } from '../../src/engine/job/job-spec.ts';
import { startJob } from '../../src/engine/job/job.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { EventsPlace } from './events-place.ts';
import { openVariant } from './our-variants.ts';

export type JobName = 'j0' | 'j1' | 'j2' | 'j3' | 'j4';

export interface OurRun {
  readonly wallMs: number;
  /** Of the whole process, while the job ran. */
  readonly cpuMs: number;
  /** The most memory that was resident up to then. */
  readonly rssMb: number;
  readonly recordsIn: number;
  readonly rowsOut: number;
  readonly checkpoints: number;
}

export const benchPlan: Plan = buildPlan([definitions]).plan;

/** Runs a job to the end of its events; `look` sees what comes out. */
export function runOurJob(
  job: JobName,
  events: EventsPlace,
  spec: Partial<JobSpec> = {},
  look: (batch: VectorBatch) => void = () => {},
): Promise<JobSummary> {
  const nothing = { write: () => Promise.resolve(), close: () => Promise.resolve() };
  const sink = { write: look, flush: () => Promise.resolve(), close: () => Promise.resolve() };
  return startJob({
    plan: benchPlan,
    views: [job],
    sources: new Map([['events', sourceOf(events)]]),
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

function sourceOf(events: EventsPlace) {
  return typeof events === 'string' ? file(events) : kafka({ ...events, until: 'latest' });
}

type Totals = Pick<OurRun, 'recordsIn' | 'rowsOut' | 'checkpoints'>;

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

async function measuredJob(
  job: JobName,
  variantName: string,
  events: EventsPlace,
): Promise<OurRun> {
  const variant = await openVariant(variantName);
  try {
    return await measured(async () => {
      const { records_in, rows_out, checkpoints } = await runOurJob(job, events, variant.spec);
      return { recordsIn: records_in, rowsOut: rows_out, checkpoints };
    });
  } finally {
    await variant.close();
  }
}

/** The floor of a program by hand: it knows files only, and says how many rows it made. */
function byHand(events: EventsPlace): Totals {
  if (typeof events !== 'string') throw new Error('the program by hand reads files');
  const rowsOut = handWrittenJ2(events);
  return { recordsIn: rowsOut, rowsOut, checkpoints: 0 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [job = '', variant = '', place = '""', times = '2'] = process.argv.slice(2);
  const events = JSON.parse(place) as EventsPlace;
  const runs: OurRun[] = [];
  for (let i = 0; i < Number(times); i++) {
    runs.push(
      variant === 'hand-written'
        ? await measured(() => byHand(events))
        : await measuredJob(job as JobName, variant, events),
    );
  }
  console.log(JSON.stringify(runs));
}
