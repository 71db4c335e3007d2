// Ways of computing a job, each measured anew by every call, in turn: rounds over all of them, so that
// all meet the same noise of the machine.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '../../test/integration/flink/flink-cluster.ts';
import type { EventsPlace } from './events-place.ts';
import type { Measured, Measurement } from './figures.ts';
import { runFlinkJob } from './flink-job.ts';
import { flinkJob } from './flink-sql.ts';
import type { JobName, OurRun } from './our-job.ts';
import { type Report, say } from './report.ts';

export interface Input {
  readonly job: JobName;
  readonly place: EventsPlace;
  readonly events: number;
}

export interface Contender {
  readonly engine: Measurement['engine'];
  readonly variant: string;
  readonly parallelism: number;
  readonly measure: (input: Input) => Promise<readonly Measured[]>;
}

export function flinkContenders(
  cluster: Cluster,
  variant: string,
  parallelisms: readonly number[],
): readonly Contender[] {
  return parallelisms.map((parallelism) => ({
    engine: 'flink',
    variant,
    parallelism,
    measure: async ({ job, place }) => [
      await runFlinkJob(cluster, flinkJob(job, { variant, parallelism, events: place })),
    ],
  }));
}

/** In a process of its own, so that its CPU time is its own; twice there, the first time to warm up. */
export function ourContender(engine: 'millrace' | 'node', variant: string): Contender {
  const program = join(import.meta.dirname, 'our-job.ts');
  const measure = async ({ job, place }: Input): Promise<readonly Measured[]> => {
    const args = ['--conditions=millrace-src', program, job, variant, JSON.stringify(place), '2'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as OurRun[];
  };
  return { engine, variant, parallelism: variant === 'threads' ? 2 : 1, measure };
}

export interface Comparison {
  readonly name: string;
  readonly input: Input;
  readonly contenders: readonly Contender[];
  readonly rounds: number;
}

/** Whoever fails, what the others did counts. */
export async function compare(report: Report, comparison: Comparison): Promise<void> {
  const { name, input, contenders, rounds } = comparison;
  const runs = contenders.map((): Measured[] => []);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        const { engine, variant, parallelism, measure } = contender;
        say(`${name}, round ${round} of ${rounds}: ${engine} ${variant} ${parallelism} …`);
        runs[i]?.push(...(await measure(input)));
      }
    }
  } finally {
    const { job, events } = input;
    for (const [i, { engine, variant, parallelism }] of contenders.entries()) {
      const own = runs[i] ?? [];
      if (own.length === 0) continue;
      report.add({ comparison: name, job, engine, variant, parallelism, events, runs: own });
    }
  }
}
