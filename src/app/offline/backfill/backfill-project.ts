// A new feature, or a new view, over history: what a job would have written, had it known the
// definition from the beginning, goes into the feature log and the online store while the job that
// runs goes on. Rows that are there and say the same are not written again, so a backfill that was
// killed is simply started again. Keys are done in parts, so that memory is bounded.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { hashBytes } from '../../../kernel/hash.ts';
import {
  type KeyChoice,
  type Recomputed,
  type RecomputedRow,
  TooManyRows,
  recomputeKeys,
} from '../../../offline/recompute-keys.ts';
import { type StreamNode, type ViewNode, streamOf } from '../../../plan/plan.ts';
import type { FeatureLogPlace } from '../../../ports/feature-log.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { streamSource } from '../../dead-letters/stream-records.ts';
import { correctStore } from '../../late-records/correct-store.ts';
import { vectorsOfRows } from '../../late-records/vectors-of-rows.ts';
import { openHistory } from '../../open-history.ts';
import { storedViews } from '../../stored-views.ts';
import { readNote, removeNote, writeNote } from './backfill-note.ts';
import { type FillLimits, rowToStore, rowsToLog } from './decide-fill.ts';
import { type LoggedRows, greatestLoggedMs, readLoggedRows } from './logged-rows.ts';

/** Options of `app.backfill`. */
export interface BackfillOptions {
  /** Views, by definition or by name. */
  readonly views: readonly (string | { readonly name: string })[];
  /** Count what would be written, and write nothing. Default false. */
  readonly dryRun?: boolean;
  /** Rows held in memory at a time; with more the keys are done in more parts. Default 1,000,000. */
  readonly rowsMax?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
}

/** What a backfill wrote for one view. */
export interface BackfilledView {
  /** Rows that the feature log lacked or had otherwise. */
  readonly log_rows: number;
  /** Rows that the online store lacked or had otherwise. */
  readonly store_rows: number;
  readonly records_read: number;
  /** Into how many parts the keys were divided. */
  readonly parts: number;
  /** Parts that an earlier, interrupted backfill had done already. */
  readonly parts_before: number;
}

/** What `app.backfill` did. */
export interface BackfillResult {
  readonly views: Readonly<Record<string, BackfilledView>>;
  readonly dry_run: boolean;
  readonly elapsed_ms: number;
}

const defaultRowsMax = 1_000_000;
const rowsPerBatch = 8192;

export async function backfillProject(
  project: ResolvedProject,
  views: readonly ViewNode[],
  options: BackfillOptions,
): Promise<BackfillResult> {
  const { offline, online } = project.environment;
  if (offline?.files === undefined && online === undefined) {
    const message = `environment "${project.env}" has neither a feature log nor an online store`;
    throw new MillraceError('MR_CONFIG_INVALID', message, {
      context: { path: `environments.${project.env}` },
      fix: "bind offline: featureLog('…') or online: …",
    });
  }
  const startMs = systemClock.monotonicMs();
  const done: Record<string, BackfilledView> = {};
  for (const view of views) done[view.name] = await backfillView(project, view, options);
  const elapsed_ms = Math.round(systemClock.monotonicMs() - startMs);
  return { views: done, dry_run: options.dryRun ?? false, elapsed_ms };
}

async function backfillView(
  project: ResolvedProject,
  view: ViewNode,
  options: BackfillOptions,
): Promise<BackfilledView> {
  const note = options.dryRun === true ? null : await readNote(project, view);
  const untilMs = note === null ? await filledUntil(project, view) : (note.untilMs ?? Infinity);
  const result = { log_rows: 0, store_rows: 0, records_read: 0 };
  let parts = note?.parts ?? 1;
  let part = note?.next ?? 0;
  const before = part;
  while (part < parts) {
    await remember(project, view, options, { untilMs, parts, next: part });
    const keys = keysOf(part, parts);
    try {
      const recomputed = await recompute(project, view, options, keys);
      const limits = limitsOf(project, view, recomputed, untilMs);
      const rows = { recomputed, keys, limits };
      result.log_rows += await fillLog(project, view, rows, options);
      result.store_rows += await fillStore(project, view, rows, options);
      result.records_read += recomputed.recordsRead;
      part += 1;
    } catch (error) {
      if (!(error instanceof TooManyRows)) throw error;
      // What part p of n was is parts 2p and 2p + 1 of 2n.
      part *= 2;
      parts *= 2;
    }
  }
  if (options.dryRun !== true) await removeNote(project, view);
  return { ...result, parts, parts_before: before };
}

async function remember(
  project: ResolvedProject,
  view: ViewNode,
  { dryRun = false }: BackfillOptions,
  at: { readonly untilMs: number; readonly parts: number; readonly next: number },
): Promise<void> {
  if (dryRun) return;
  const untilMs = Number.isFinite(at.untilMs) ? at.untilMs : null;
  await writeNote(project, view, { ...at, untilMs });
}

/** The keys of a part: those whose hash begins as its number says. */
function keysOf(part: number, parts: number): KeyChoice {
  return {
    has: (key) => {
      const bytes = Buffer.from(key, 'latin1');
      const share = (hashBytes(bytes, 0, bytes.length) >>> 0) / 2 ** 32;
      return Math.floor(share * parts) === part;
    },
  };
}

/**
 * Up to where rows that are missing are written: what the job that runs may still write itself is left
 * to it. Without rows of the view in the log: all of input that ends, and else up to now.
 */
async function filledUntil(project: ResolvedProject, view: ViewNode): Promise<number> {
  const { outOfOrdernessMs } = streamOf(project.plan, view).eventTime;
  const greatestMs = await greatestLoggedMs(await filesOf(project, view));
  if (Number.isFinite(greatestMs)) return greatestMs - outOfOrdernessMs - 1;
  const isAll = isEnding(project, streamOf(project.plan, view));
  return isAll ? Number.POSITIVE_INFINITY : systemClock.nowMs() - outOfOrdernessMs;
}

async function filesOf(project: ResolvedProject, view: ViewNode): Promise<readonly string[]> {
  const query = { ...placeOf(project), view: view.name, fromMs: Number.NEGATIVE_INFINITY };
  return (await project.environment.offline?.files?.(query)) ?? [];
}

function placeOf({ baseDirectory, variant }: ResolvedProject): FeatureLogPlace {
  return { baseDirectory, ...(variant === null ? {} : { variant }) };
}

/** How far the rows of a part can be relied on: of input that goes on, records may be still to come. */
function limitsOf(
  project: ResolvedProject,
  view: ViewNode,
  { rows }: Recomputed,
  untilMs: number,
): FillLimits {
  const stream = streamOf(project.plan, view);
  if (isEnding(project, stream)) return { missingUntilMs: untilMs, completeUntilMs: Infinity };
  let greatestMs = Number.NEGATIVE_INFINITY;
  for (const own of rows.values())
    greatestMs = Math.max(greatestMs, own.at(-1)?.asOfMs ?? -Infinity);
  const completeUntilMs = greatestMs - stream.eventTime.outOfOrdernessMs;
  return { missingUntilMs: Math.min(untilMs, completeUntilMs), completeUntilMs };
}

function isEnding(project: ResolvedProject, stream: StreamNode): boolean {
  return streamSource(project, stream.name)?.bounded === true;
}

function recompute(
  project: ResolvedProject,
  view: ViewNode,
  { signal, onProgress, rowsMax = defaultRowsMax }: BackfillOptions,
  keys: KeyChoice,
): Promise<Recomputed> {
  const stream = streamOf(project.plan, view);
  const { maxAheadMs } = stream.eventTime;
  return recomputeKeys({
    plan: project.plan,
    view,
    keys,
    rowsMax,
    fromMs: Number.NEGATIVE_INFINITY,
    latestMs: maxAheadMs === null ? Number.POSITIVE_INFINITY : systemClock.nowMs() + maxAheadMs,
    isEnding: isEnding(project, stream),
    idleUntilMs: Number.NEGATIVE_INFINITY,
    openStream: () => openHistory(project, stream, signal),
    onRead: (count) => {
      signal?.throwIfAborted();
      onProgress?.(`backfilling ${view.name}: ${count.toLocaleString('en-US')} events`);
    },
  });
}

interface PartRows {
  readonly recomputed: Recomputed;
  readonly keys: KeyChoice;
  readonly limits: FillLimits;
}

async function fillLog(
  project: ResolvedProject,
  view: ViewNode,
  { recomputed, keys, limits }: PartRows,
  { dryRun = false }: BackfillOptions,
): Promise<number> {
  const { offline } = project.environment;
  if (offline?.files === undefined) return 0;
  const logged = await readLoggedRows(view, await filesOf(project, view), keys);
  const rows = [...recomputed.rows].flatMap(([key, all]) =>
    rowsToLog(all, logged.get(key) ?? new Map(), limits),
  );
  if (dryRun || rows.length === 0) return rows.length;
  const log = await offline.open({ ...placeOf(project), views: storedViews(project.plan) });
  try {
    rows.sort((a, b) => a.asOfMs - b.asOfMs);
    for (let at = 0; at < rows.length; at += rowsPerBatch) {
      await log.append(vectorsOf(view, rows.slice(at, at + rowsPerBatch), logged));
    }
    await log.commit();
  } finally {
    await log.close();
  }
  return rows.length;
}

/** A row is known when the one that it corrects was, and else when it happened. */
function vectorsOf(
  view: ViewNode,
  rows: readonly RecomputedRow[],
  logged: LoggedRows,
): VectorBatch {
  const arrivalTimeMs = Float64Array.from(
    rows,
    ({ key, asOfMs }) => logged.get(key)?.get(asOfMs)?.arrivalMs ?? asOfMs,
  );
  return { ...vectorsOfRows(view, rows, 0), arrivalTimeMs };
}

async function fillStore(
  project: ResolvedProject,
  view: ViewNode,
  { recomputed, limits }: PartRows,
  { dryRun = false }: BackfillOptions,
): Promise<number> {
  try {
    return await correctStore(project, {
      view,
      recomputed,
      nowMs: systemClock.nowMs(),
      dryRun,
      decide: (rows, there, isSame) => rowToStore(rows, there, limits, isSame),
    });
  } catch (error) {
    // No job has written to the store yet, or it keeps the rows of one job only: nothing to correct.
    if (error instanceof MillraceError && absentStore.includes(error.code)) return 0;
    throw error;
  }
}

const absentStore: readonly string[] = ['MR_STORE_OPEN', 'MR_STORE_ALIAS'];
