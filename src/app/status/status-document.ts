// What a running job writes down for those who ask from outside, every few seconds: one JSON document,
// with the names of the metrics where there are any. Numbers are of this run; rates are of the time
// since the document before.
import type { JobProgress, JobState, SourceProgress } from '../../engine/job/job-spec.ts';
import type { SubtaskProgress } from '../../engine/job/subtask-progress.ts';
import type { ErrorCode } from '../../kernel/errors/catalogue.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { toJsonText } from '../json-text.ts';
import type { RunWatch } from './run-watch.ts';

/** The process that runs a job, or ran it. */
export interface StatusProcess {
  readonly host: string;
  readonly pid: number;
  /** Processes with the same place see each other's numbers; null where that cannot be known. */
  readonly place: string | null;
}

/** What a job says of itself. Names of metrics mean what they mean on `/metrics`. */
export interface StatusDocument {
  readonly format: 1;
  readonly job: string;
  readonly process: StatusProcess;
  readonly has_checkpoints: boolean;
  /** It is written this often, and at each change of state. */
  readonly interval_ms: number;
  readonly started_at_ms: number;
  readonly written_at_ms: number;
  readonly state: JobState;
  /** What ended it; null otherwise. */
  readonly failure: StatusFailure | null;
  readonly elapsed_ms: number;
  readonly events_per_second: number;
  readonly num_records_in: number;
  readonly num_records_out: number;
  /** Records too late for a window, counted once per view. */
  readonly num_late_records_dropped: number;
  /** Dead letters by category. */
  readonly dlq_records: Readonly<Record<string, number>>;
  readonly state_entries: number;
  readonly state_bytes: number;
  /** Of the thread of sources and sinks: back-pressured means that it waits for sinks. */
  readonly time: StatusTime;
  readonly sources: readonly SourceStatus[];
  /** Worker threads; back-pressured means that their results wait to be taken. Empty in one thread. */
  readonly subtasks: readonly SubtaskStatus[];
  /** The hottest keys, the hottest first; empty in one thread. */
  readonly hot_keys: readonly HotKeyStatus[];
  readonly checkpoints: CheckpointStatus;
  readonly num_restarts: number;
  readonly last_restart: { readonly reason: string; readonly at_ms: number } | null;
  /** Streams with records that failed, as of the newest that were judged. */
  readonly failing_streams: readonly FailingStream[];
  /** Views with values that are null because an aggregate of yours failed; absent when there are none. */
  readonly failing_views?: readonly FailingView[];
  /** Views of a run by the wall's clock; absent in documents of older versions. */
  readonly freshness?: readonly FreshnessStatus[];
  /** That time has gone back, at its start or while it ran; absent when it did not. */
  readonly clock?: { readonly millrace_clock_went_back_ms: number; readonly message: string };
}

/** How soon vectors of a view can be read. */
export interface FreshnessStatus {
  readonly view: string;
  /** The view's `freshness`; null when it promises none. */
  readonly promise_ms: number | null;
  /** Share of rows that are to keep it. */
  readonly target: number;
  /** Share of the rows of the window that did; null without rows or promise. */
  readonly feature_freshness_slo_ratio: number | null;
  readonly window_ms: number;
  /** Rows in the window. */
  readonly rows: number;
  /** Upper bounds since the run began; null without rows. */
  readonly event_to_servable_p50_ms: number | null;
  readonly event_to_servable_p99_ms: number | null;
}

/** The error that ended a job. */
export interface StatusFailure {
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
}

/** How a thread spends a second. */
export interface StatusTime {
  readonly busy_time_ms_per_second: number;
  readonly idle_time_ms_per_second: number;
  readonly back_pressured_time_ms_per_second: number;
}

/** One stream of a job. */
export interface SourceStatus {
  readonly stream: string;
  readonly num_records_in: number;
  /** Epoch ms; null before there is one, and at the end of bounded input. */
  readonly current_input_watermark: number | null;
  readonly watermark_lag_ms: number | null;
  /** The split that holds the watermark, and since when. */
  readonly holder: { readonly split: string; readonly since_ms: number } | null;
  readonly splits: readonly SplitStatus[];
}

/** One split of a stream: a file, a partition. */
export interface SplitStatus {
  readonly split: string;
  readonly state: 'active' | 'idle' | 'returning' | 'ended';
  readonly num_records_in: number;
  readonly current_input_watermark: number | null;
  readonly watermark_lag_ms: number | null;
  /** Of the newest row that was processed. */
  readonly offset: number | null;
  /** It waits for slower splits (`maxDrift`). */
  readonly is_waiting: boolean;
}

/** One worker thread of a job. */
export interface SubtaskStatus extends StatusTime {
  readonly subtask: number;
  readonly num_records_in: number;
  readonly state_entries: number;
}

/** A key with a great share of recent records. */
export interface HotKeyStatus {
  readonly views: readonly string[];
  readonly key: Readonly<Record<string, string>>;
  /** Between 0 and 1, estimated. */
  readonly hot_key_share: number;
  readonly subtask: number;
}

/** Checkpoints of a run. */
export interface CheckpointStatus {
  readonly completed: number;
  readonly number_of_failed_checkpoints: number;
  /** Why the newest attempt failed; null when it did not. */
  readonly failure: string | null;
  /** The one that the run began with; null when it began anew. */
  readonly restored_id: number | null;
  readonly last: {
    readonly id: number;
    readonly at_ms: number;
    readonly last_checkpoint_duration_ms: number;
    /** Of new files. */
    readonly last_checkpoint_size_bytes: number;
    /** Of all files that it needs. */
    readonly last_checkpoint_full_size_bytes: number;
  } | null;
}

/** A stream of which records failed. */
export interface FailingStream {
  readonly stream: string;
  readonly failed: number;
  /** Of so many. */
  readonly records: number;
  readonly is_alerting: boolean;
  /** The job takes no input because of it. */
  readonly is_broken: boolean;
  /** Of the newest record that failed. */
  readonly code: ErrorCode | null;
  readonly message: string | null;
}

/** A view with values that are null because an aggregate failed. */
export interface FailingView {
  readonly view: string;
  readonly num_failed_values: number;
  /** Of the newest. */
  readonly message: string;
}

/** What does not change while a run goes on. */
export type StatusRun = Pick<
  StatusDocument,
  'job' | 'process' | 'has_checkpoints' | 'interval_ms' | 'started_at_ms'
>;

/** When a document is written, and what else is known then. */
export interface StatusMoment {
  readonly nowMs: number;
  readonly error: unknown;
  readonly watch?: RunWatch;
}

/** `before` is what the document before was made from; null for the first. */
export function statusDocument(
  run: StatusRun,
  now: JobProgress,
  before: JobProgress | null,
  { nowMs, error, watch }: StatusMoment,
): StatusDocument {
  const views = Object.values(now.views);
  const { last } = now.restarts;
  return {
    format: 1,
    ...run,
    written_at_ms: nowMs,
    state: error === null ? now.state : 'failed',
    failure: error === null ? null : failureOf(error),
    elapsed_ms: Math.round(now.elapsedMs),
    events_per_second: Math.round(now.eventsPerSecond),
    num_records_in: now.recordsIn,
    num_records_out: now.rowsOut,
    num_late_records_dropped: now.lateRecords,
    dlq_records: now.deadLettersByCategory,
    state_entries: views.reduce((sum, { entities }) => sum + entities, 0),
    state_bytes: now.stateBytes,
    time: mainTime(now, before),
    sources: now.sources.map((source) => sourceStatus(source, nowMs)),
    subtasks: now.subtasks.map((subtask) => subtaskStatus(subtask, before, spanOf(now, before))),
    hot_keys: now.hotKeys.map(({ views: of, key, share, subtask }) => ({
      views: of,
      key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, textOf(value)])),
      hot_key_share: share,
      subtask,
    })),
    checkpoints: checkpointStatus(now),
    num_restarts: now.restarts.count,
    last_restart: last === null ? null : { reason: last.reason, at_ms: last.atMs },
    failing_streams: now.failures.map(({ isAlerting, isBroken, ...of }) => ({
      ...of,
      is_alerting: isAlerting,
      is_broken: isBroken,
    })),
    ...failingViews(now),
    ...(watch === undefined ? {} : watchStatus(watch)),
  };
}

function failingViews({ views }: JobProgress): Pick<StatusDocument, 'failing_views'> {
  const failing = Object.entries(views)
    .filter(([, { failedValues }]) => failedValues > 0)
    .map(([view, { failedValues, lastFailure }]) => ({
      view,
      num_failed_values: failedValues,
      message: lastFailure ?? '',
    }));
  return failing.length === 0 ? {} : { failing_views: failing };
}

function watchStatus(watch: RunWatch): Pick<StatusDocument, 'freshness' | 'clock'> {
  const { clock, windowMs } = watch;
  const freshness = watch.freshness().map((of) => ({
    view: of.view,
    promise_ms: of.promiseMs,
    target: of.target,
    feature_freshness_slo_ratio: of.ratio,
    window_ms: windowMs,
    rows: of.rows,
    event_to_servable_p50_ms: finite(of.p50Ms),
    event_to_servable_p99_ms: finite(of.p99Ms),
  }));
  if (clock.message === null) return { freshness };
  const { wentBackMs, message } = clock;
  return { freshness, clock: { millrace_clock_went_back_ms: wentBackMs, message } };
}

/** Beyond the last bound, that bound is all that is known. */
function finite(ms: number | null): number | null {
  return ms === Number.POSITIVE_INFINITY ? 86_400_000 : ms;
}

/** Of a job that could not be started. */
export const noProgress: JobProgress = {
  state: 'failed',
  recordsIn: 0,
  eventsPerSecond: 0,
  lateRecords: 0,
  deadLetters: 0,
  deadLettersByCategory: { deserialization: 0, schema_mismatch: 0, processing_error: 0 },
  rowsOut: 0,
  elapsedMs: 0,
  waitedMs: 0,
  blockedMs: 0,
  stateBytes: 0,
  checkpoints: { completed: 0, failed: 0, failure: null, last: null, restoredId: null },
  restarts: { count: 0, last: null },
  failures: [],
  sources: [],
  views: {},
  subtasks: [],
  hotKeys: [],
};

/** The document in bytes; null when they are none, or of another version. */
export function parseStatus(text: string): StatusDocument | null {
  try {
    const value = JSON.parse(text) as Partial<StatusDocument> | null;
    return value?.format === 1 ? (value as StatusDocument) : null;
  } catch {
    return null;
  }
}

function failureOf(error: unknown): StatusFailure {
  if (error instanceof MillraceError) {
    return { code: error.code, message: error.message, fix: error.fix ?? null };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'MR_INTERNAL', message, fix: null };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJsonText(value);
}

function spanOf(now: JobProgress, before: JobProgress | null): number {
  return now.elapsedMs - (before?.elapsedMs ?? 0);
}

function mainTime(now: JobProgress, before: JobProgress | null): StatusTime {
  const idleMs = now.waitedMs - (before?.waitedMs ?? 0);
  const blockedMs = now.blockedMs - (before?.blockedMs ?? 0);
  const spanMs = spanOf(now, before);
  return timeOf({ busyMs: spanMs - idleMs - blockedMs, idleMs, blockedMs }, spanMs);
}

interface Spent {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly blockedMs: number;
}

function timeOf({ busyMs, idleMs, blockedMs }: Spent, spanMs: number): StatusTime {
  const perSecond = (ms: number): number =>
    spanMs <= 0 ? 0 : Math.min(1000, Math.max(0, Math.round((ms * 1000) / spanMs)));
  return {
    busy_time_ms_per_second: perSecond(busyMs),
    idle_time_ms_per_second: perSecond(idleMs),
    back_pressured_time_ms_per_second: perSecond(blockedMs),
  };
}

function subtaskStatus(
  now: SubtaskProgress,
  before: JobProgress | null,
  spanMs: number,
): SubtaskStatus {
  const then = before?.subtasks.find(({ subtask }) => subtask === now.subtask);
  // Another life of the job has other threads, which begin at zero.
  const since = then === undefined || then.recordsIn > now.recordsIn ? null : then;
  const spent = {
    busyMs: now.busyMs - (since?.busyMs ?? 0),
    idleMs: now.idleMs - (since?.idleMs ?? 0),
    blockedMs: now.backPressuredMs - (since?.backPressuredMs ?? 0),
  };
  return {
    subtask: now.subtask,
    num_records_in: now.recordsIn,
    state_entries: now.entities,
    ...timeOf(spent, spanMs),
  };
}

function sourceStatus(source: SourceProgress, nowMs: number): SourceStatus {
  const { holder } = source;
  return {
    stream: source.stream,
    num_records_in: source.recordsIn,
    current_input_watermark: source.watermarkMs,
    watermark_lag_ms: source.watermarkLagMs,
    holder: holder === null ? null : { split: holder.split, since_ms: holder.sinceMs },
    splits: source.splits.map((split) => ({
      split: split.split,
      state: split.state,
      num_records_in: split.recordsIn,
      current_input_watermark: split.watermarkMs,
      watermark_lag_ms: split.watermarkMs === null ? null : nowMs - split.watermarkMs,
      offset: split.offset,
      is_waiting: split.isWaiting,
    })),
  };
}

function checkpointStatus({ checkpoints }: JobProgress): CheckpointStatus {
  const { completed, failed, failure, last, restoredId } = checkpoints;
  return {
    completed,
    number_of_failed_checkpoints: failed,
    failure,
    restored_id: restoredId,
    last:
      last === null
        ? null
        : {
            id: last.id,
            at_ms: last.atMs,
            last_checkpoint_duration_ms: Math.round(last.durationMs),
            last_checkpoint_size_bytes: last.bytes,
            last_checkpoint_full_size_bytes: last.fullBytes,
          },
  };
}
