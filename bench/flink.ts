// This engine against a real Flink on the same topic (or file), in one run: jobs J0 to J4, state on the
// heap and in files, and latency from topic to topic. Installs and starts Flink and Kafka itself, and
// stops them. First both have to give the same rows; then figures are printed. See bench/README.md.
// Run: node --conditions=millrace-src bench/flink.ts [--from kafka|file] [--events N] [--json] [--save]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Cluster,
  startCluster,
  stopCluster,
} from '../test/integration/flink/flink-cluster.ts';
import {
  defaultFlinkDirectory,
  installFlink,
  installKafkaConnector,
} from '../test/integration/flink/flink-install.ts';
import { BenchInputs } from './peers/bench-inputs.ts';
import { compare, type Contender, flinkContenders, ourContender } from './peers/contenders.ts';
import { measureLatencies } from './peers/latency.ts';
import type { JobName } from './peers/our-job.ts';
import { Report, say } from './peers/report.ts';
import { checkSameResults } from './peers/same-results.ts';

const { values: options } = parseArgs({
  options: {
    from: { type: 'string', default: 'kafka' },
    events: { type: 'string', default: '1000000' },
    users: { type: 'string', default: '100000' },
    jobs: { type: 'string', default: 'j0,j1,j2,j3,j4,j1-durable,j2-durable,latency' },
    rounds: { type: 'string', default: '2' },
    parallelism: { type: 'string', default: '2' },
    'latency-seconds': { type: 'string', default: '10' },
    port: { type: 'string', default: '28381' },
    'flink-dir': { type: 'string', default: defaultFlinkDirectory },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

/** Rows of these are compared one by one before anything is measured. */
const verified = { events: 50_000, users: 1000 };
/** So that the shorter jobs run for seconds, too. */
const eventsFactor: Readonly<Partial<Record<JobName, number>>> = { j0: 4, j1: 4 };

const from = options.from === 'file' ? 'file' : 'kafka';
const [events, users, rounds] = [options.events, options.users, options.rounds].map(Number) as [
  number,
  number,
  number,
];
const parallelisms = options.parallelism.split(',').map(Number);
const chosen = options.jobs.split(',');
const directory = mkdtempSync(join(tmpdir(), 'millrace-flink-bench-'));
const clusterDirectory = join(directory, 'cluster');
const inputs = new BenchInputs(from, directory);
const report = new Report({ from, events, users, rounds });

/** Jobs of a state backend, and who computes them. */
interface Part {
  readonly jobs: readonly JobName[];
  readonly suffix: string;
  readonly flinkVariant: string;
  readonly ourVariants: readonly string[];
  /** Of as many as there are at most: RocksDB takes as long as all others together. */
  readonly roundsMax: number;
}

const parts: readonly Part[] = [
  {
    jobs: ['j0', 'j1', 'j2', 'j3', 'j4'],
    suffix: '',
    flinkVariant: 'heap',
    ourVariants: ['memory', 'threads'],
    roundsMax: Number.POSITIVE_INFINITY,
  },
  {
    jobs: ['j1', 'j2'],
    suffix: '-durable',
    flinkVariant: 'rocksdb',
    ourVariants: ['checkpointed', 'disk'],
    roundsMax: 1,
  },
];

function startFlink(dist: string, managedFraction: number): Promise<Cluster> {
  say(`starting Flink, ${managedFraction} of its memory managed …`);
  const port = Number(options.port);
  return startCluster({ dist, directory: clusterDirectory, managedFraction, port });
}

async function checkJobs(cluster: Cluster, { ourVariants, flinkVariant }: Part, jobs: JobName[]) {
  const place = await inputs.place(verified.events, verified.users);
  // Nothing passes in J0: that all is read is checked when it is measured.
  for (const job of jobs.filter((name) => name !== 'j0')) {
    const given = { job, events: place, flinkVariant, ourVariants, directory };
    for (const same of await checkSameResults(cluster, given)) report.addSame(same);
  }
}

async function measurePart(cluster: Cluster, part: Part): Promise<void> {
  const jobs = part.jobs.filter((job) => chosen.includes(`${job}${part.suffix}`));
  await checkJobs(cluster, part, jobs);
  for (const job of jobs) {
    const count = events * (eventsFactor[job] ?? 1);
    const contenders: Contender[] = [
      ...flinkContenders(cluster, part.flinkVariant, parallelisms),
      ...part.ourVariants.map((variant) => ourContender('millrace', variant)),
    ];
    // A floor: the same job by hand, for which there is no broker.
    if (job === 'j2' && part.suffix === '' && from === 'file') {
      contenders.push(ourContender('node', 'hand-written'));
    }
    const input = { job, events: count, place: await inputs.place(count, users) };
    const name = `${job}${part.suffix}`;
    await compare(report, { name, input, contenders, rounds: Math.min(rounds, part.roundsMax) });
  }
}

async function main(): Promise<void> {
  const dist = installFlink(options['flink-dir']);
  installKafkaConnector(dist);
  const isLatency = chosen.includes('latency');
  for (const part of parts) {
    const hasJobs = part.jobs.some((job) => chosen.includes(`${job}${part.suffix}`));
    const isHeap = part.flinkVariant === 'heap';
    if (!hasJobs && !(isHeap && isLatency)) continue;
    // The splits of memory that serve each best.
    const cluster = await startFlink(dist, isHeap ? 0.1 : 0.4);
    await measurePart(cluster, part);
    if (isHeap && isLatency) {
      await measureLatencies({
        cluster,
        brokers: await inputs.brokers(),
        seconds: Number(options['latency-seconds']),
        say: (figures) => report.addLatency(figures),
      });
    }
    await stopCluster(clusterDirectory);
  }
  console.log(options.json ? report.json() : report.text());
  if (options.save) report.save();
}

async function cleanUp(): Promise<void> {
  await stopCluster(clusterDirectory);
  await inputs.stop();
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
} finally {
  if (!isInterrupted) await cleanUp();
}
