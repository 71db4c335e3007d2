// Corrections from one job's rows into those that readers are given: of chosen keys, or of a range of
// event time, and only where values differ. A row that is behind is never merged, since that would take
// updates away; a row that changes meanwhile is looked at again. What was there before is written to a
// file first, so that a merge can be undone.
import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { eventTimeMsOf, isNewerThan, versionOf, withVersion } from '../../columns/packed-row.ts';
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { RowReplacement, StoreRows } from '../../ports/store-jobs.ts';
import type { StoredView } from '../../ports/stored-view.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { isRowBehind, isSameDefinition } from './coverage.ts';
import { readersJob, withRows } from './job-rows.ts';
import { type RowPair, pairRows, readPairs } from './pair-rows.ts';
import { refuseOtherShape } from './promote-job.ts';
import { isSameValue } from './same-value.ts';

/** Options of `app.replay.merge`: keys or a range of event time, or both. */
export interface MergeOptions {
  /** Keys by view, as the entity's types say. */
  readonly keys?: readonly MergeKey[];
  /** Rows whose newest event is at or after this, epoch ms. */
  readonly fromMs?: number;
  /** … and before this. */
  readonly toMs?: number;
  /** Views to look at. Default: those of the keys, else all. */
  readonly views?: readonly string[];
  /** Only say what would be written. Default false. */
  readonly dryRun?: boolean;
}

/** One entity of one view. */
export interface MergeKey {
  readonly view: string;
  readonly key: Readonly<Record<string, unknown>>;
}

/** What a merge wrote, or would write. */
export interface MergeResult {
  readonly from: string;
  readonly to: string;
  readonly dry_run: boolean;
  readonly views: Readonly<Record<string, MergeCounts>>;
  /** The file that undoes it; null when nothing was written. */
  readonly undo: string | null;
}

/** Rows of one view in a merge. */
export interface MergeCounts {
  /** Rows that were written, or would be. */
  readonly corrected: number;
  readonly equal: number;
  /** Not merged: the row has seen less than what readers are given. */
  readonly behind: number;
  /** Not merged: there is no such row to take. */
  readonly missing: number;
}

/** A line of the file that undoes a merge. */
export interface UndoLine {
  readonly view: string;
  readonly key: string;
  /** The row that was there, base64. */
  readonly before: string | null;
  readonly after: { readonly asOfMs: number; readonly seq: number };
}

const pageRows = 512;
const attemptsMax = 20;

export async function mergeRows(
  project: ResolvedProject,
  job: string,
  options: MergeOptions & { readonly clock: Clock },
): Promise<MergeResult> {
  const { keys, fromMs, toMs, dryRun = false, clock } = options;
  if (keys === undefined && fromMs === undefined && toMs === undefined) throw nothingChosen();
  const to = await readersJob(project);
  if (to === job) throw nothingToMerge(job);
  const undo = join(project.baseDirectory, undoFolder, `${clock.nowMs()}-${job}.jsonl`);
  const views = await withRows(project, [to, job], async (shown, source) => {
    const counts: Record<string, MergeCounts> = {};
    for (const view of chosenViews(shown, options)) {
      refuseOtherShape(job, view, source);
      const merge = new ViewMerge(view, { shown, source, undo: dryRun ? null : undo });
      for await (const page of pagesOf(view, [shown, source], options)) await merge.add(page);
      counts[view.view] = merge.counts;
    }
    return counts;
  });
  const hasWritten = !dryRun && Object.values(views).some(({ corrected }) => corrected > 0);
  return { from: job, to, dry_run: dryRun, views, undo: hasWritten ? undo : null };
}

/** Where the files that undo merges lie, below the folder of the configuration. */
export const undoFolder = '.millrace/merges';

function chosenViews(shown: StoreRows, { views, keys }: MergeOptions): readonly StoredView[] {
  const names = views ?? (keys === undefined ? null : [...new Set(keys.map(({ view }) => view))]);
  if (names === null) return shown.views;
  return names.map((name) => {
    const view = shown.views.find((candidate) => candidate.view === name);
    if (view !== undefined) return view;
    throw new MillraceError('MR_UNKNOWN_VIEW', `readers are given no view "${name}"`);
  });
}

async function* pagesOf(
  view: StoredView,
  [shown, source]: readonly [StoreRows, StoreRows],
  { keys, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: MergeOptions,
): AsyncGenerator<readonly RowPair[]> {
  if (keys !== undefined) {
    const encoded = keys
      .filter((chosen) => chosen.view === view.view)
      .map(({ key }) => encodeKey(view.key, key));
    for (let at = 0; at < encoded.length; at += pageRows) {
      const page = encoded.slice(at, at + pageRows);
      const pairs = await readPairs(view.view, page, [shown, source]);
      yield pairs.filter((pair) => isWithin(pair, fromMs, toMs));
    }
    return;
  }
  for await (const page of pairRows(view.view, shown, source)) {
    yield page.filter((pair) => isWithin(pair, fromMs, toMs));
  }
}

/** By the newest event that either side has seen. */
function isWithin({ left, right }: RowPair, fromMs: number, toMs: number): boolean {
  const timeOf = (row: Uint8Array | null): number =>
    row === null ? Number.NEGATIVE_INFINITY : eventTimeMsOf(row);
  const ms = Math.max(timeOf(left), timeOf(right));
  return ms >= fromMs && ms < toMs;
}

class ViewMerge {
  readonly #view: StoredView;
  readonly #shown: StoreRows;
  readonly #source: StoreRows;
  readonly #undo: string | null;
  readonly #isSame: boolean;
  readonly #isEqual: (left: Uint8Array, right: Uint8Array) => boolean;
  #corrected = 0;
  #equal = 0;
  #behind = 0;
  #missing = 0;

  constructor(
    view: StoredView,
    parts: { readonly shown: StoreRows; readonly source: StoreRows; readonly undo: string | null },
  ) {
    this.#view = view;
    this.#shown = parts.shown;
    this.#source = parts.source;
    this.#undo = parts.undo;
    this.#isSame = isSameDefinition(view, parts.source);
    this.#isEqual = rowEquality(view);
  }

  get counts(): MergeCounts {
    return {
      corrected: this.#corrected,
      equal: this.#equal,
      behind: this.#behind,
      missing: this.#missing,
    };
  }

  /** Left: what readers are given. Right: where corrections come from. */
  async add(page: readonly RowPair[]): Promise<void> {
    let pairs = page;
    for (let tries = 0; pairs.length > 0 && tries < attemptsMax; tries++) {
      const corrections = pairs.flatMap((pair) => this.#correction(pair));
      if (this.#undo === null) {
        this.#corrected += corrections.length;
        return;
      }
      const refused = await this.#write(this.#undo, corrections);
      pairs = await readPairs(this.#view.view, refused, [this.#shown, this.#source]);
    }
    this.#behind += pairs.length;
  }

  #correction({ key, left, right }: RowPair): readonly RowReplacement[] {
    if (right === null) {
      this.#missing++;
      return [];
    }
    if (left === null) return [{ key, row: right, expected: null }];
    if (isRowBehind(left, right, this.#isSame)) {
      this.#behind++;
      return [];
    }
    if (this.#isEqual(left, right)) {
      this.#equal++;
      return [];
    }
    const shown = versionOf(left);
    // At least the version that is there: a replay of the job that wrote it does not bring it back.
    const row = isNewerThan(versionOf(right), left) ? right : withVersion(right, shown);
    return [{ key, row, expected: shown }];
  }

  /** The keys whose rows had changed. */
  async #write(
    undo: string,
    corrections: readonly RowReplacement[],
  ): Promise<readonly Uint8Array[]> {
    if (corrections.length === 0) return [];
    const { view } = this.#view;
    const keys = corrections.map(({ key }) => key);
    const before = await this.#shown.read(view, keys);
    await appendUndo(
      undo,
      corrections.map(({ key, row }, i) => undoLine(view, key, { before: before[i] ?? null, row })),
    );
    const done = await this.#shown.replace(view, corrections);
    this.#corrected += done.filter(Boolean).length;
    return keys.filter((_, i) => done[i] !== true);
  }
}

function rowEquality({ features }: StoredView): (a: Uint8Array, b: Uint8Array) => boolean {
  const reader = createRowReader(features);
  return (a, b) => features.every((_, i) => isSameValue(reader.value(a, i), reader.value(b, i), 0));
}

function undoLine(
  view: string,
  key: Uint8Array,
  { before, row }: { readonly before: Uint8Array | null; readonly row: Uint8Array | null },
): UndoLine {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const after = row === null ? { asOfMs: 0, seq: 0 } : versionOf(row);
  return { view, key: text(key), before: before === null ? null : text(before), after };
}

/** On the disk when it resolves. */
async function appendUndo(path: string, lines: readonly UndoLine[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function nothingChosen(): MillraceError {
  return new MillraceError('MR_USAGE', 'a merge needs keys or a range of event time', {
    fix: 'name them: --key user_id=u1, or --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z',
  });
}

function nothingToMerge(job: string): MillraceError {
  return new MillraceError('MR_STORE_ALIAS', `readers are given the rows of "${job}" already`, {
    fix: 'merge from another job, or switch readers back first (millrace promote --rollback)',
  });
}
