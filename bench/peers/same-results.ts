// That Flink and this engine compute the same: every row of a job over a few events, compared by key
// and time. Windows that have become empty are ours alone (Flink emits only windows with records),
// so rows without a record in them are left out.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VectorBatch } from '../../src/columns/vector-batch.ts';
import { readValue } from '../../src/columns/read-value.ts';
import { decodeKey } from '../../src/kernel/key-encoding.ts';
import type { Cluster } from '../../test/integration/flink/flink-cluster.ts';
import { runFlinkJob } from './flink-job.ts';
import { flinkJob } from './flink-sql.ts';
import { type JobName, benchPlan, runOurJob } from './our-job.ts';
import type { EventsPlace } from './events-place.ts';
import { openVariant } from './our-variants.ts';

export interface SameResults {
  /** Job, and the ways of running it. */
  readonly name: string;
  readonly rows: number;
  /** Sum of every number of every row. */
  readonly checksum: number;
  /** Greatest difference of two values, relative to them where they are above 1. */
  readonly difference_max: number;
}

interface Row {
  /** Key and time. */
  readonly id: string;
  readonly values: readonly number[];
}

/** Rounding of running sums that are added to and subtracted from. */
const differenceMax = 1e-9;

export interface SameResultsOptions {
  readonly job: JobName;
  readonly events: EventsPlace;
  readonly flinkVariant: string;
  readonly ourVariants: readonly string[];
  /** Flink's rows are kept in it while they are compared. */
  readonly directory: string;
}

/** Throws at the first row that differs. */
export async function checkSameResults(
  cluster: Cluster,
  { job, events, flinkVariant, ourVariants, directory }: SameResultsOptions,
): Promise<readonly SameResults[]> {
  const output = join(directory, `flink-${job}`);
  const sql = { variant: flinkVariant, parallelism: 2, events, output: `file://${output}` };
  await runFlinkJob(cluster, flinkJob(job, sql));
  const theirs = sorted(readFlinkRows(output));
  rmSync(output, { recursive: true, force: true });
  const results: SameResults[] = [];
  for (const variant of ourVariants) {
    const { spec, close } = await openVariant(variant);
    const rows: Row[] = [];
    await runOurJob(job, events, spec, (batch) => {
      rows.push(...rowsOf(job, batch));
    });
    await close();
    results.push(compare(`${job}: ${variant}, Flink ${flinkVariant}`, sorted(rows), theirs));
  }
  return results;
}

function compare(name: string, ours: readonly Row[], theirs: readonly Row[]): SameResults {
  if (ours.length !== theirs.length || ours.length === 0) {
    throw new Error(`${name}: ${ours.length} rows of ours, ${theirs.length} of Flink`);
  }
  let checksum = 0;
  let greatest = 0;
  for (const [i, our] of ours.entries()) {
    const their = theirs[i] as Row;
    const difference = Math.max(...our.values.map((value, j) => apart(value, their.values[j])));
    if (our.id !== their.id || !(difference <= differenceMax)) {
      throw new Error(`${name}: ours ${JSON.stringify(our)}, Flink's ${JSON.stringify(their)}`);
    }
    greatest = Math.max(greatest, difference);
    for (const value of our.values) if (!Number.isNaN(value)) checksum += value;
  }
  return { name, rows: ours.length, checksum, difference_max: greatest };
}

function apart(a: number, b: number | undefined): number {
  if (b === undefined) return Number.POSITIVE_INFINITY;
  if (Number.isNaN(a) && Number.isNaN(b)) return 0;
  return Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
}

/** By key and time; records of one instant see each other, so their rows are equal. */
function sorted(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function readFlinkRows(directory: string): readonly Row[] {
  const rows: Row[] = [];
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.startsWith('part-')) continue;
    for (const line of readFileSync(join(directory, name), 'utf8').split('\n')) {
      if (line === '') continue;
      const [user, time = '', ...values] = line.split(',');
      rows.push({ id: `${user} ${timeOf(time)}`, values: values.map(numberOf) });
    }
  }
  return rows;
}

/** An instant in ms; the end of a window becomes the last instant in it. */
function timeOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  return Date.parse(`${text.replaceAll('"', '').replace(' ', 'T')}Z`) - 1;
}

function numberOf(text: string): number {
  return text === '' ? Number.NaN : Number(text);
}

function rowsOf(job: JobName, batch: VectorBatch): readonly Row[] {
  const view = benchPlan.views.find(({ name }) => name === job);
  if (view === undefined) throw new Error(`no view ${job}`);
  const rows: Row[] = [];
  for (let i = 0; i < batch.rowCount; i++) {
    const keyBytes = batch.keyData.subarray(batch.keyStarts[i], batch.keyEnds[i]);
    const { user_id } = decodeKey(view.key, keyBytes);
    const values = batch.fields.map((field, j) => {
      const value = readValue(batch.columns[j] as VectorBatch['columns'][number], field, i);
      return value === null ? Number.NaN : Number(value);
    });
    // The first feature of every job counts records.
    if (values[0] !== 0) rows.push({ id: `${String(user_id)} ${batch.asOfMs[i]}`, values });
  }
  return rows;
}
