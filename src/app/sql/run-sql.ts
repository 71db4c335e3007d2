// A script of Flink SQL on the embedded engine. Each query is a job of its own; statements run one after
// the other while all of them end, and side by side when one does not. No state outlives the run.
import { startJob } from '../../engine/job/job.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { DeadLetterSink, LateRecordSink } from '../../ports/dead-letter-sink.ts';
import type { Source } from '../../ports/source.ts';
import { bindScript, type SqlTask } from '../../sql/bind/bind-script.ts';
import { sourceTable } from '../../sql/bind/bound-query.ts';
import { chainOf, inputStream, sourcePlan } from '../../sql/bind/query-plan.ts';
import { withPlaces } from '../../sql/syntax/sql-error.ts';
import { formats } from '../formats.ts';
import { QueryStage } from './query-stage.ts';
import type { RowColumn, SqlRow } from './sql-row.ts';
import type { SqlSink } from './sql-sink.ts';
import { openSqlState, type SqlState } from './sql-state.ts';
import { sinkOf } from './sql-sinks.ts';
import { sourceOf } from './sql-sources.ts';

/** Options of `runSql`. */
export interface SqlOptions {
  /** Where relative paths of tables start. Default: the working directory. */
  readonly baseDirectory?: string;
  /** Rows of queries that are not inserted anywhere. */
  readonly onRows?: (columns: readonly RowColumn[], rows: readonly SqlRow[]) => void;
  /** A line that a `print` table shows. */
  readonly onPrint?: (line: string) => void;
  readonly onNotice?: (message: string) => void;
  /** Stops all queries. */
  readonly signal?: AbortSignal;
}

/** What a script did. */
export interface SqlSummary {
  readonly queries: number;
  readonly records_in: number;
  readonly late_records: number;
  readonly dead_letters: number;
  readonly rows_out: number;
}

interface OpenTask {
  readonly task: SqlTask;
  readonly source: Source;
  readonly openSink: () => Promise<SqlSink>;
}

/**
 * Runs a script of Flink SQL on the embedded engine.
 *
 * Shape: CREATE TABLE, CREATE VIEW, INSERT INTO, statement sets, SELECT; a SELECT gives its changelog.
 * Order: of a key as in Flink. Guarantee: results of inserts are there at least once. With
 * `SET 'execution.checkpointing.interval'` a script that was killed goes on where it was. State
 * growth: as the windows of the queries say; a group without a window keeps a row for each key.
 * Errors: MR_SQL_* with line, column and a caret, before anything is opened; MR_SQL_VALUE of a
 * record; those of sources and sinks.
 */
export async function runSql(text: string, options: SqlOptions = {}): Promise<SqlSummary> {
  const { onNotice = ignore, baseDirectory = '.' } = options;
  const { tasks, notices, lines, settings } = bindScript(text);
  for (const notice of notices) onNotice(notice);
  for (const line of lines) options.onPrint?.(line);
  const open = withPlaces(text, () => tasks.map((task) => openTask(task, options, baseDirectory)));
  const isEnding = open.every(({ source }) => source.bounded);
  const report = onNotice;
  const run = async (task: OpenTask, query: number): Promise<SqlSummary> => {
    const given = { settings, text, query, baseDirectory, clock: systemClock, report };
    const state = await openSqlState(given);
    let isOver = false;
    try {
      const summary = await runTask(task, options, { baseDirectory, state });
      isOver = options.signal?.aborted !== true;
      return summary;
    } finally {
      await state.close(isOver);
    }
  };
  const summaries: SqlSummary[] = [];
  if (isEnding) for (const [i, task] of open.entries()) summaries.push(await run(task, i));
  else summaries.push(...(await Promise.all(open.map(run))));
  return summaries.reduce(added, { ...nothing, queries: 0 });
}

const nothing: SqlSummary = {
  queries: 1,
  records_in: 0,
  late_records: 0,
  dead_letters: 0,
  rows_out: 0,
};

function added(a: SqlSummary, b: SqlSummary): SqlSummary {
  return {
    queries: a.queries + b.queries,
    records_in: a.records_in + b.records_in,
    late_records: a.late_records + b.late_records,
    dead_letters: a.dead_letters + b.dead_letters,
    rows_out: a.rows_out + b.rows_out,
  };
}

function ignore(): void {
  // Nobody listens.
}

function openTask(task: SqlTask, options: SqlOptions, baseDirectory: string): OpenTask {
  const { onRows = ignore, onPrint = ignore } = options;
  const source = sourceOf(sourceTable(task.query), baseDirectory);
  const shown: SqlSink = {
    write: (rows) => Promise.resolve(onRows(task.query.columns, rows)),
    close: () => Promise.resolve(),
  };
  const openSink =
    task.target === null
      ? () => Promise.resolve(shown)
      : sinkOf(task, task.target, { baseDirectory, print: onPrint });
  return { task, source, openSink };
}

async function runTask(
  { task, source, openSink }: OpenTask,
  options: SqlOptions,
  { baseDirectory, state }: { readonly baseDirectory: string; readonly state: SqlState },
): Promise<SqlSummary> {
  const { onNotice = ignore, signal } = options;
  const clock: Clock = systemClock;
  const sink = await openSink();
  let rowCount = 0;
  let isFull = (): void => undefined;
  const write = async (given: readonly SqlRow[]): Promise<void> => {
    const room = (task.limit ?? Number.POSITIVE_INFINITY) - rowCount;
    const rows = given.length > room ? given.slice(0, room) : given;
    rowCount += rows.length;
    if (rows.length > 0) await sink.write(rows);
    if (rows.length === room) isFull();
  };
  try {
    const { query } = task;
    const job = startJob({
      plan: sourcePlan(query),
      sources: new Map([[inputStream, source]]),
      formats,
      sinks: [],
      deadLetters: toldOnce(onNotice),
      lateRecords: notKept,
      clock,
      baseDirectory,
      nowMode: 'event',
      onNotice,
      ...state.spec,
      createStage: (given) => new QueryStage(chainOf(query), write, given),
    });
    const stop = (): void => void job.stop();
    isFull = stop;
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    const summary = await job.done;
    signal?.removeEventListener('abort', stop);
    const { records_in, late_records, dead_letters } = summary;
    return { queries: 1, records_in, late_records, dead_letters, rows_out: rowCount };
  } finally {
    await sink.close();
  }
}

/** Records that cannot be read are counted; the first of them is told. */
function toldOnce(onNotice: (message: string) => void): DeadLetterSink {
  let isTold = false;
  return {
    write: (letters) => {
      const [first] = letters;
      if (!isTold && first !== undefined) {
        isTold = true;
        onNotice(`a record cannot be read and is left out (${first.code}): ${first.message}`);
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

const notKept: LateRecordSink = {
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The error of a script that cannot be read. */
export function unreadableScript(path: string, cause: unknown): MillraceError {
  return new MillraceError('MR_FILE_NOT_FOUND', `cannot read ${path}`, {
    cause,
    fix: 'give the path of a file with SQL, or - for standard input',
  });
}
