// `featureLog(dir)`: the offline store as Parquet files. Rows are buffered per view and day of
// `as_of`; buffers become row groups of temporary files when they are large or memory runs short;
// `commit` finishes the files and renames them into sight. What was not committed is never seen. In a
// job with checkpoints `log-epochs.ts` says when that is.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { formatDate } from '../../../columns/parse-time.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { EpochSink, RestoredEpoch } from '../../../ports/epoch-sink.ts';
import type {
  FeatureLog,
  FeatureLogBinding,
  FeatureLogQuery,
  LogEpochs,
} from '../../../ports/feature-log.ts';
import type { StoredView } from '../../../ports/online-store.ts';
import { fileError } from '../file-errors.ts';
import { compactLog, dayFolders } from './compact-log.ts';
import { isAlive } from './is-alive.ts';
import { type EpochFile, LogEpochFiles } from './log-epochs.ts';
import { syncFolder } from './log-folders.ts';
import { endMerges, filesOfDay } from './log-merges.ts';
import { LogRows, logFields } from './log-rows.ts';
import { ParquetPart } from './parquet-part.ts';

/** How a feature log buffers; everything is optional. */
export interface FeatureLogOptions {
  /** Rows of a row group. Default 65,536. */
  readonly rowGroupRows?: number;
  /** Bytes of rows held before the fullest day is written out early. Default 64 MiB. */
  readonly bufferBytesMax?: number;
}

/**
 * The offline store: every emitted feature vector as a row of Parquet files (ZSTD). **Shape**:
 * `<dir>/<view>/date=YYYY-MM-DD/part-*.parquet` by the UTC date of `as_of`; columns: the key, then
 * `event_time` and `as_of` (timestamp, milliseconds, UTC), the features under their own names (count and
 * int64 as INT64, lists as LIST, maps as MAP, structs as JSON text), `_arrival_time`, `_seq`.
 * **Guarantee**: rows are visible after `commit`, all of a commit's files durable before they are;
 * a crash before leaves nothing visible. In a job with checkpoints a row is visible once the checkpoint
 * that contains it is complete, and exactly once, whatever fails. **State growth**: memory up to `bufferBytesMax` plus
 * what is being compressed. **Errors**: MR_FILE_ACCESS, MR_CONFIG_INVALID for column names that clash,
 * MR_LOG_WITHOUT_CHECKPOINT.
 */
export function featureLog(directory: string, options: FeatureLogOptions = {}): FeatureLogBinding {
  return {
    description: `feature log ${directory}`,
    directory,
    files: (query) => filesInSight(rootOf(directory, query), query),
    compact: (place, wishes) => compactLog(rootOf(directory, place), wishes),
    open: async ({ baseDirectory, variant, views, epochs }) => {
      const root = rootOf(directory, {
        baseDirectory,
        ...(variant === undefined ? {} : { variant }),
      });
      for (const view of views) checkNames(view);
      const pending = join(root, '.pending');
      try {
        await mkdir(pending, { recursive: true });
        await removeLeftovers(pending);
        for (const { view } of views) {
          for (const folder of await dayFolders(root, view)) await endMerges(folder, isAlive);
        }
        const run = `${process.pid}-${randomBytes(4).toString('hex')}`;
        await mkdir(join(pending, run));
        return new ParquetFeatureLog({
          root,
          run,
          views,
          epochs: epochs ?? null,
          rowGroupRows: options.rowGroupRows ?? 65_536,
          bufferBytesMax: options.bufferBytesMax ?? 64 * 2 ** 20,
        });
      } catch (error) {
        throw fileError(root, error);
      }
    },
  };
}

function rootOf(
  directory: string,
  { baseDirectory, variant }: { readonly baseDirectory: string; readonly variant?: string },
): string {
  return resolve(baseDirectory, variant === undefined ? directory : `${directory}.${variant}`);
}

/** Files of the days from an instant on. */
async function filesInSight(
  root: string,
  { view, fromMs }: FeatureLogQuery,
): Promise<readonly string[]> {
  const from = Number.isFinite(fromMs) ? `date=${formatDate(Math.floor(fromMs / dayMs))}` : '';
  const folders = await dayFolders(root, view);
  const days = folders.filter((folder) => basename(folder) >= from);
  return (await Promise.all(days.map((folder) => filesOfDay(folder)))).flat();
}

function checkNames(view: StoredView): void {
  const seen = new Set<string>();
  for (const { name } of logFields(view)) {
    if (seen.has(name)) {
      throw new MillraceError(
        'MR_CONFIG_INVALID',
        `the feature log of view "${view.view}" would have two columns "${name}"`,
        {
          fix: 'rename the feature: key columns, event_time, as_of, _arrival_time, _seq are taken',
        },
      );
    }
    seen.add(name);
  }
}

/** Removes temporary files of processes that are gone: nobody will finish them. */
async function removeLeftovers(pending: string): Promise<void> {
  for (const run of await readdir(pending)) {
    const pid = Number.parseInt(run, 10);
    if (pid > 0 && !isAlive(pid)) await rm(join(pending, run), { recursive: true, force: true });
  }
}

const dayMs = 86_400_000;

/** Row groups handed to the compressor and not yet written; beyond this `append` waits. */
const groupsInFlightMax = 8;

/** Emptied row buffers kept per view for the next days. */
const spareRowsMax = 2;

interface ResolvedLogOptions extends Required<FeatureLogOptions> {
  readonly root: string;
  /** Folder of temporary files. */
  readonly run: string;
  readonly views: readonly StoredView[];
  readonly epochs: LogEpochs | null;
}

interface Day {
  readonly view: string;
  /** Rows not yet handed to the compressor; null when there are none. */
  rows: LogRows | null;
  readonly part: ParquetPart;
  /** Below the root. */
  readonly folder: string;
  readonly name: string;
}

class ParquetFeatureLog implements FeatureLog {
  readonly epochs?: EpochSink;
  readonly #views: ReadonlyMap<string, StoredView>;
  readonly #options: ResolvedLogOptions;
  readonly #days = new Map<string, Day>();
  /** Emptied row buffers by view. */
  readonly #spare = new Map<string, LogRows[]>();
  readonly #inFlight = new Set<Promise<void>>();
  #parts = 0;
  #failure: unknown = null;

  constructor(options: ResolvedLogOptions) {
    const { root, views, epochs } = options;
    this.#views = new Map(views.map((view) => [view.view, view]));
    this.#options = options;
    if (epochs !== null) this.epochs = this.#byEpochs(new LogEpochFiles(root, epochs));
  }

  #byEpochs(files: LogEpochFiles): EpochSink {
    return {
      name: 'offline',
      prepare: async (id) => ({ files: await files.add(await this.#finishEpoch(id, files)) }),
      commit: (id) => files.commit(id),
      recover: (restored) => this.#recover(files, restored),
    };
  }

  /** Finishes what was appended before the call; appends go on in new files. */
  async #finishEpoch(id: number, files: LogEpochFiles): Promise<readonly EpochFile[]> {
    const days = [...this.#days.values()];
    this.#days.clear();
    for (const day of days) this.#writeOut(day);
    const finished = days.map(async ({ part, folder, name }) => {
      const file = files.named(id, folder, name);
      await part.finish(files.hiddenPath(file));
      return file;
    });
    await Promise.allSettled(finished);
    return Promise.all(finished);
  }

  async #recover(files: LogEpochFiles, restored: RestoredEpoch | null): Promise<void> {
    await this.#drop();
    this.#failure = null;
    await mkdir(this.#temporary);
    await files.recover(restored);
  }

  get #temporary(): string {
    return join(this.#options.root, '.pending', this.#options.run);
  }

  async append(batch: VectorBatch): Promise<void> {
    const { asOfMs, rowCount } = batch;
    for (let from = 0; from < rowCount; ) {
      const day = Math.floor((asOfMs[from] as number) / dayMs);
      let to = from + 1;
      while (to < rowCount && Math.floor((asOfMs[to] as number) / dayMs) === day) to++;
      this.#appendToDay(batch, day, from, to);
      from = to;
    }
    this.#spill();
    while (this.#inFlight.size > groupsInFlightMax) await Promise.race(this.#inFlight);
    if (this.#failure !== null) throw this.#failure;
  }

  #appendToDay(batch: VectorBatch, day: number, start: number, end: number): void {
    const open = this.#openDay(batch.view, day);
    for (let from = start; from < end; ) {
      const rows = (open.rows ??= this.#takeRows(batch.view));
      const to = Math.min(end, from + this.#options.rowGroupRows - rows.rowCount);
      rows.append(batch, from, to);
      if (rows.rowCount >= this.#options.rowGroupRows) this.#writeOut(open);
      from = to;
    }
  }

  #openDay(viewName: string, day: number): Day {
    const id = `${viewName}/${day}`;
    const known = this.#days.get(id);
    if (known !== undefined) return known;
    const rows = this.#takeRows(viewName);
    const name = `${this.#options.run}-${this.#parts++}`;
    const folder = join(viewName, `date=${formatDate(day)}`);
    const part = new ParquetPart(join(this.#temporary, name), rows.elements);
    const opened: Day = { view: viewName, rows, part, folder, name };
    this.#days.set(id, opened);
    return opened;
  }

  #takeRows(viewName: string): LogRows {
    const view = this.#views.get(viewName);
    if (view === undefined) throw new Error(`the feature log was not opened for "${viewName}"`);
    return this.#spare.get(viewName)?.pop() ?? new LogRows(view);
  }

  /** Writes out the fullest days until the rest fits in half of the budget. */
  #spill(): void {
    const days = [...this.#days.values()].map((day) => ({ day, bytes: day.rows?.byteCount ?? 0 }));
    let held = days.reduce((sum, { bytes }) => sum + bytes, 0);
    if (held <= this.#options.bufferBytesMax) return;
    for (const { day, bytes } of days.toSorted((a, b) => b.bytes - a.bytes)) {
      if (held <= this.#options.bufferBytesMax / 2) return;
      held -= bytes;
      this.#writeOut(day);
    }
  }

  #writeOut(day: Day): void {
    const { rows } = day;
    if (rows === null || rows.rowCount === 0) return;
    const { rowCount } = rows;
    const written: Promise<void> = day.part
      .addRowGroup(rowCount, rows.takePages())
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#inFlight.delete(written));
    this.#inFlight.add(written);
    day.rows = null;
    this.#keepSpare(day.view, rows);
  }

  async commit(): Promise<void> {
    const days = [...this.#days.values()];
    for (const day of days) this.#writeOut(day);
    await Promise.all(this.#inFlight);
    if (this.#failure !== null) throw this.#failure;
    for (const { part, folder, name } of days) {
      await part.finish(join(this.#options.root, folder, `part-${name}.parquet`));
    }
    for (const folder of new Set(days.map((day) => day.folder))) await this.#sync(folder);
    this.#days.clear();
  }

  #keepSpare(view: string, rows: LogRows): void {
    const spare = this.#spare.get(view) ?? [];
    this.#spare.set(view, spare);
    if (spare.length < spareRowsMax) spare.push(rows);
  }

  /** Makes new names in a folder, and the folder's own name, durable. */
  async #sync(folder: string): Promise<void> {
    const path = join(this.#options.root, folder);
    await syncFolder(path);
    await syncFolder(dirname(path));
  }

  close(): Promise<void> {
    return this.#drop();
  }

  async #drop(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#days.clear();
    await rm(this.#temporary, { recursive: true, force: true });
  }
}
