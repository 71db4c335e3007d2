// This engine against a real Flink on the same file, in one run: events a second, and events per
// CPU-second, of jobs J1 to J4. Installs and starts Flink itself, and stops it. See bench/README.md.
// Run: node --conditions=millrace-src bench/peers/compare-flink.ts [--events N] [--jobs j1,j2] [--flink-dir DIR]
import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { writeBenchEvents } from '../../src/app/bench/bench-events.ts';
import {
  type Cluster,
  startCluster,
  stopCluster,
} from '../../test/integration/flink/flink-cluster.ts';
import { defaultFlinkDirectory, installFlink } from '../../test/integration/flink/flink-install.ts';
import { runFlinkJob } from './flink-job.ts';
import { flinkJob } from './flink-sql.ts';
import type { JobName, OurRun } from './our-job.ts';
import { type Measured, type Measurement, Report } from './report.ts';
import { checkSameResults } from './same-results.ts';

const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    users: { type: 'string', default: '100000' },
    jobs: { type: 'string', default: 'j1,j2,j3,j4,j2-durable' },
    rounds: { type: 'string', default: '2' },
    'flink-dir': { type: 'string', default: defaultFlinkDirectory },
    'no-verify': { type: 'boolean', default: false },
    output: { type: 'string' },
  },
});

const spanMs = 2 * 3_600_000;
const verifiedEvents = 50_000;
const verifiedUsers = 1000;

/** So that the shorter jobs run for seconds, too. */
const eventsFactor: Readonly<Partial<Record<JobName, number>>> = { j1: 4 };

const directory = mkdtempSync(join(tmpdir(), 'millrace-flink-peers-'));
const clusterDirectory = join(directory, 'cluster');
const report = new Report(options.output ?? null);

function eventsFile(events: number, users: number): string {
  const path = join(directory, `events-${events}-${users}.jsonl`);
  const target = openSync(path, 'w');
  writeBenchEvents(target, { events, users, spanMs });
  closeSync(target);
  return path;
}

interface Input {
  readonly job: JobName;
  readonly path: string;
  readonly events: number;
}

/** One way of computing a job: each call measures it again. */
interface Contender {
  readonly engine: Measurement['engine'];
  readonly variant: string;
  readonly parallelism: number;
  readonly measure: (input: Input) => Promise<readonly Measured[]>;
}

function flink(cluster: Cluster, variant: string): Contender[] {
  return [2, 1].map((parallelism) => ({
    engine: 'flink',
    variant,
    parallelism,
    measure: async ({ job, path }) => [
      await runFlinkJob(cluster, flinkJob(job, { variant, parallelism, events: path })),
    ],
  }));
}

/** In a process of its own, so that its CPU time is its own; twice there, the first time to warm up. */
function ours(engine: 'millrace' | 'node', variant: string): Contender {
  const program = join(import.meta.dirname, 'our-job.ts');
  const measure = async ({ job, path }: Input): Promise<readonly Measured[]> => {
    const args = ['--conditions=millrace-src', program, job, variant, path, '2'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as OurRun[];
  };
  return { engine, variant, parallelism: variant === 'threads' ? 2 : 1, measure };
}

/** Rounds over all contenders, so that each meets the same noise of the machine. */
async function compare(
  comparison: string,
  input: Input,
  contenders: readonly Contender[],
): Promise<void> {
  const runs = contenders.map((): Measured[] => []);
  try {
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const [i, contender] of contenders.entries()) {
        runs[i]?.push(...(await contender.measure(input)));
      }
    }
  } finally {
    // Whoever fails, what the others did counts.
    const { job, events } = input;
    for (const [i, { engine, variant, parallelism }] of contenders.entries()) {
      const own = runs[i] ?? [];
      if (own.length === 0) continue;
      report.add({ comparison, job, engine, variant, parallelism, events, runs: own });
    }
  }
}

function inputOf(job: JobName): Input {
  const events = Number(options.events) * (eventsFactor[job] ?? 1);
  return { job, events, path: eventsFile(events, Number(options.users)) };
}

async function compareInMemory(dist: string, jobs: readonly JobName[]): Promise<void> {
  const cluster = await startCluster({ dist, directory: clusterDirectory });
  if (!options['no-verify']) {
    const path = eventsFile(verifiedEvents, verifiedUsers);
    for (const job of jobs) {
      const results = await checkSameResults(cluster, job, path, directory);
      for (const result of results) report.addSame(result);
    }
  }
  for (const job of jobs) {
    const contenders = [
      ...flink(cluster, 'heap'),
      ours('millrace', 'memory'),
      ours('millrace', 'threads'),
    ];
    if (job === 'j2') contenders.push(ours('node', 'hand-written'));
    await compare(job, inputOf(job), contenders);
  }
  await stopCluster(clusterDirectory);
}

/** State in files, with checkpoints: RocksDB has 1.3 GB, so that all of it is cached there. */
async function compareDurable(dist: string): Promise<void> {
  const managed = { managedFraction: 0.4 };
  const cluster = await startCluster({ dist, directory: clusterDirectory, ...managed });
  const durable = ['checkpointed', 'disk'].map((variant) => ours('millrace', variant));
  await compare('j2-durable', inputOf('j2'), [...flink(cluster, 'rocksdb'), ...durable]);
}

async function main(): Promise<void> {
  const chosen = options.jobs.split(',');
  const jobs = (['j1', 'j2', 'j3', 'j4'] as const).filter((job) => chosen.includes(job));
  try {
    const dist = installFlink(options['flink-dir']);
    if (jobs.length > 0) await compareInMemory(dist, jobs);
    if (chosen.includes('j2-durable')) await compareDurable(dist);
    report.print();
  } finally {
    await cleanUp();
  }
}

async function cleanUp(): Promise<void> {
  await stopCluster(clusterDirectory);
  rmSync(directory, { recursive: true, force: true });
}

let isInterrupted = false;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    isInterrupted = true;
    void cleanUp().then(() => process.exit(130));
  });
}
try {
  await main();
} catch (error) {
  // A cluster that was stopped in the middle of a job fails it.
  if (!isInterrupted) throw error;
}
