// One bounded job on the cluster: the views' own SQL, files in place of their bindings, run to the end of
// input; and the rows that it wrote.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openGatewaySession } from '../../../flink/client/gateway-client.ts';
import { endedStates } from '../../../flink/client/job-answers.ts';
import { compileFlink } from '../../../flink/compile-flink.ts';
import {
  endJob,
  type FlinkCluster,
  jobError,
  slotsError,
} from '../../../flink/deploy/start-job.ts';
import { type FlinkProgram, statementSetSql } from '../../../flink/flink-program.ts';
import type { FlinkTables, SinkTable } from '../../../flink/flink-tables.ts';
import { quoteText } from '../../../flink/sql-text.ts';
import { windowGroups } from '../../../flink/window-group.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../../plan/plan.ts';
import { canonicalOfFlink, parseExactJson } from './canonical-value.ts';
import type { ComparedRow } from './compare-rows.ts';
import { watermarkField, writeEventFile } from './event-file.ts';
import type { ParityEvents } from './parity-events.ts';
import type { ParityCase } from './parity-plan.ts';

/** Where and how a job runs. */
export interface FlinkSide {
  readonly cluster: FlinkCluster;
  /** Reached by this machine, the gateway and every TaskManager under this path. */
  readonly folder: string;
  readonly parallelism: number;
  /** Options of Flink by their own names. */
  readonly settings: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Makes functions of ours known to the cluster. Default: it has their jar. */
  readonly prepare?: (program: FlinkProgram) => Promise<FlinkProgram>;
}

/** The events of each stream, by its name. */
export type EventsByStream = ReadonlyMap<string, ParityEvents>;

/** Tables of files: the events of a stream, and a folder of JSON for each place that rows go to. */
export function parityTables(plan: Plan, folder: string, events: EventsByStream): FlinkTables {
  // Of a view with one window the output is that window's rows: once is enough.
  const several = new Set(
    plan.views.filter((view) => windowGroups(view, []).length > 1).map(({ name }) => name),
  );
  const json: Record<string, string> = { format: 'json', 'json.ignore-parse-errors': 'true' };
  return {
    project: 'parity',
    checkpointIntervalMs: null,
    source: (stream) => {
      const { splitCount = 1, instants = 'ms' } = events.get(stream) ?? {};
      const isIso = instants === 'iso';
      return {
        connector: 'filesystem',
        instants,
        ...(splitCount === 1 ? {} : { watermarkField }),
        options: {
          path: pathToFileURL(eventPath(folder, stream)).href,
          ...json,
          ...(isIso ? { 'json.timestamp-format.standard': 'ISO-8601' } : {}),
        },
      };
    },
    sinks: (view) => ({
      online: null,
      output: rowFiles(folder, view, outputFolder),
      log: several.has(view) ? (group) => rowFiles(folder, view, group) : null,
    }),
  };
}

/** Of the rows that all windows of a view share; no window is named so. */
const outputFolder = 'output';

function eventPath(folder: string, stream: string): string {
  return join(folder, 'events', `${stream}.jsonl`);
}

function rowFiles(folder: string, view: string, name: string): SinkTable {
  return {
    options: {
      connector: 'filesystem',
      path: pathToFileURL(join(folder, 'rows', view, name)).href,
      format: 'json',
      'json.timestamp-format.standard': 'ISO-8601',
      'json.encode.decimal-as-plain-number': 'true',
    },
  };
}

/** Fewest lines that hold a reader up, and how many more when that was too short. */
export const delayLinesMin = 100_000;
export const delayFactor = 4;

/**
 * Runs a plan to the end of its events. At parallelism 2 and more, tasks without events may end after
 * others have come to theirs, and then late records are taken: more lines before the events make that
 * less likely. Errors: those of a deployment.
 */
export async function runOnFlink(
  side: FlinkSide,
  plan: Plan,
  events: EventsByStream,
  delayLines: number,
): Promise<void> {
  const { folder, parallelism } = side;
  const compiled = compileFlink({ plan, tables: parityTables(plan, folder, events) });
  const program = (await side.prepare?.(compiled)) ?? compiled;
  for (const { name } of plan.views) {
    await rm(join(folder, 'rows', name), { recursive: true, force: true });
  }
  const lines = parallelism === 1 ? 0 : delayLines;
  for (const [stream, own] of events) await writeEventFile(eventPath(folder, stream), own, lines);
  await runProgram(side, program);
}

/** A reader that is held up is not idle. */
const own: Readonly<Record<string, string>> = { 'table.exec.source.idle-timeout': '0 ms' };

async function runProgram(side: FlinkSide, program: FlinkProgram): Promise<void> {
  const { cluster, parallelism, settings, timeoutMs } = side;
  const { gatewayUrl: url, clock } = cluster;
  const session = await openGatewaySession({ url, clock, timeoutMs });
  try {
    for (const { text, origin } of program.statements) await session.execute(text, origin);
    const options = { ...settings, ...own, 'parallelism.default': String(parallelism) };
    for (const [name, value] of Object.entries(options)) {
      await session.execute(`SET ${quoteText(name)} = ${quoteText(value)}`, 'environment');
    }
    const { jobId } = await session.execute(statementSetSql(program), 'plan');
    if (jobId === null) throw new MillraceError('MR_FLINK_JOB', 'the gateway started no job');
    await untilFinished(side, jobId);
  } finally {
    await session.close();
  }
}

const pollMs = 150;
/** A job that has no slots after so long will have none. */
const slotsPatienceMs = 30_000;

async function untilFinished({ cluster, timeoutMs }: FlinkSide, job: string): Promise<void> {
  const { manager, clock } = cluster;
  const sinceMs = clock.monotonicMs();
  for (;;) {
    const { state, vertices } = await manager.job(job);
    if (state === 'FINISHED') return;
    if (endedStates.includes(state)) throw jobError(await manager.failure(job), state);
    const failure = await manager.failure(job);
    if (failure !== null) {
      await endJob(cluster, job);
      throw jobError(failure);
    }
    const pastMs = clock.monotonicMs() - sinceMs;
    const waits = vertices.some(({ status }) => status === 'SCHEDULED' || status === 'CREATED');
    if (waits && pastMs > slotsPatienceMs) {
      await endJob(cluster, job);
      throw slotsError('the job waits for task slots, and the cluster has none left');
    }
    if (pastMs > timeoutMs) {
      await endJob(cluster, job);
      throw jobError(null, `not finished after ${timeoutMs} ms`);
    }
    await clock.sleep(pollMs);
  }
}

/** Rows of one window. */
export interface FlinkRows {
  readonly own: readonly ComparedRow[];
  /** Those among the rows of all windows of its view; null when it is the only one. */
  readonly shared: readonly ComparedRow[] | null;
}

export async function flinkRows(folder: string, one: ParityCase): Promise<FlinkRows> {
  const { view, group } = one;
  const shared = await rowsIn(join(folder, 'rows', view.name, outputFolder));
  const isOnly = windowGroups(view, []).length === 1;
  if (isOnly) return { own: shared.map((row) => toRow(one, row)), shared: null };
  const own = await rowsIn(join(folder, 'rows', view.name, group.name));
  const named = shared.filter((row) => row['_window'] === group.name);
  return { own: own.map((row) => toRow(one, row)), shared: named.map((row) => toRow(one, row)) };
}

type JsonRow = ReturnType<typeof parseExactJson>;

function toRow({ columns }: ParityCase, row: JsonRow): ComparedRow {
  return columns.map(({ name, type }) => canonicalOfFlink(row[name] ?? null, type));
}

/** Rows of all files below a folder; none where there is no folder: Flink makes it with the first row. */
async function rowsIn(folder: string): Promise<readonly JsonRow[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const texts = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')),
  );
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map(parseExactJson),
  );
}
