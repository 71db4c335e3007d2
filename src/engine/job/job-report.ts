// What a job tells of itself: progress while it runs, totals at any time, metrics.
import type { CheckpointLog } from './checkpoint-log.ts';
import { JobMetrics } from './job-metrics.ts';
import type { JobOutput } from './job-output.ts';
import type {
  DeadLetterCounts,
  JobProgress,
  JobSpec,
  JobState,
  JobSummary,
  ViewProgress,
} from './job-spec.ts';
import { RateMeter } from './rate-meter.ts';
import type { SourceTask } from '../task/source-task.ts';
import type { ViewStage } from '../task/view-stage.ts';
import { subtaskProgress } from './subtask-progress.ts';

const defaultIntervalMs = 1000;

/** What a report is made from, in one life of a job. */
export interface ReportedParts {
  readonly sources: readonly SourceTask[];
  readonly stage: Pick<ViewStage, 'stats' | 'hotKeys'>;
}

/** Totals since a job first began. */
interface Totals {
  readonly recordsIn: number;
  readonly rowsOut: number;
  readonly lateRecords: number;
  readonly deadLetters: DeadLetterCounts;
  readonly updates: Readonly<Record<string, number>>;
}

const nothing: Totals = {
  recordsIn: 0,
  rowsOut: 0,
  lateRecords: 0,
  deadLetters: { deserialization: 0, schema_mismatch: 0, processing_error: 0 },
  updates: {},
};

export class JobReport {
  state: JobState = 'starting';
  /** Time spent waiting for input. */
  waitedMs = 0;
  readonly #spec: JobSpec;
  readonly #output: JobOutput;
  readonly #log: CheckpointLog;
  readonly #rate = new RateMeter();
  readonly #startMs: number;
  readonly #metrics: JobMetrics | null;
  #parts: ReportedParts | null = null;
  /** When this run began: what earlier runs had done. */
  #before: Totals | null = null;
  #endMs: number | null = null;
  #tickedMs: number;

  constructor(spec: JobSpec, output: JobOutput, log: CheckpointLog) {
    this.#spec = spec;
    this.#output = output;
    this.#log = log;
    this.#startMs = spec.clock.monotonicMs();
    this.#tickedMs = this.#startMs;
    this.#metrics = spec.metrics === undefined ? null : new JobMetrics(spec.metrics);
    this.#rate.sample(this.#startMs, 0);
  }

  /** A life of the job begins, with everything restored. */
  begin(parts: ReportedParts): void {
    this.#parts = parts;
    this.#before ??= this.#totals(this.#viewProgress());
    this.state = 'running';
  }

  /** Reports when it is due. */
  tick(): void {
    const nowMs = this.#spec.clock.monotonicMs();
    this.#rate.sample(nowMs, this.#recordsIn);
    if (nowMs - this.#tickedMs < this.#intervalMs) return;
    this.#tickedMs = nowMs;
    this.#publish();
  }

  /** The job is over. */
  end(state: JobState): void {
    this.state = state;
    this.#endMs = this.#spec.clock.monotonicMs();
    this.#publish();
  }

  /** Until the next report; +∞ when nobody listens. */
  get untilTickMs(): number {
    const { onProgress, metrics, clock } = this.#spec;
    if (onProgress === undefined && metrics === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#tickedMs + this.#intervalMs - clock.monotonicMs());
  }

  progress(): JobProgress {
    const views = this.#viewProgress();
    const all = Object.values(views);
    const now = this.#totals(views);
    const before = this.#before ?? nothing;
    const nowMs = this.#endMs ?? this.#spec.clock.monotonicMs();
    const deadLetters = difference(now.deadLetters, before.deadLetters);
    return {
      state: this.state,
      recordsIn: now.recordsIn - before.recordsIn,
      eventsPerSecond: Math.max(0, this.#rate.perSecond(nowMs, this.#recordsIn)),
      lateRecords: now.lateRecords - before.lateRecords,
      deadLetters: Object.values(deadLetters).reduce((sum, count) => sum + count, 0),
      deadLettersByCategory: deadLetters,
      rowsOut: now.rowsOut - before.rowsOut,
      elapsedMs: nowMs - this.#startMs,
      waitedMs: this.waitedMs,
      blockedMs: this.#output.blockedMs,
      stateBytes: all.reduce((sum, view) => sum + view.stateBytes, 0),
      checkpoints: this.#log.progress(),
      restarts: this.#log.restarts(),
      failures: this.#output.breaker?.verdicts() ?? [],
      sources: this.#sources.map((source) => source.progress()),
      views,
      subtasks: subtaskProgress(this.#parts?.stage.stats() ?? []),
      hotKeys: this.#parts?.stage.hotKeys?.() ?? [],
    };
  }

  summary(): JobSummary {
    const { checkpoints, restarts, ...progress } = this.progress();
    const { recordsIn, lateRecords, deadLetters, rowsOut, elapsedMs, views } = progress;
    return {
      records_in: recordsIn,
      late_records: lateRecords,
      dead_letters: deadLetters,
      rows_out: rowsOut,
      elapsed_ms: Math.round(elapsedMs),
      events_per_second: elapsedMs === 0 ? 0 : Math.round((recordsIn * 1000) / elapsedMs),
      checkpoints: checkpoints.completed,
      failed_checkpoints: checkpoints.failed,
      restarts: restarts.count,
      restored_checkpoint: checkpoints.restoredId,
      views: Object.fromEntries(
        Object.entries(views).map(([name, { entities, updates }]) => [
          name,
          { entities, updates: updates - (this.#before?.updates[name] ?? 0) },
        ]),
      ),
    };
  }

  #totals(views: Readonly<Record<string, ViewProgress>>): Totals {
    const all = Object.entries(views);
    return {
      recordsIn: this.#recordsIn,
      rowsOut: this.#output.rowsOut,
      lateRecords: all.reduce((sum, [, view]) => sum + view.lateRecords, 0),
      deadLetters: { ...this.#output.deadLettersByCategory },
      updates: Object.fromEntries(all.map(([name, { updates }]) => [name, updates])),
    };
  }

  get #sources(): readonly SourceTask[] {
    return this.#parts?.sources ?? [];
  }

  get #recordsIn(): number {
    let total = 0;
    for (const source of this.#sources) total += source.recordsIn;
    return total;
  }

  get #intervalMs(): number {
    return this.#spec.progressIntervalMs ?? defaultIntervalMs;
  }

  #publish(): void {
    if (this.#spec.onProgress === undefined && this.#metrics === null) return;
    const progress = this.progress();
    this.#metrics?.update(progress, this.#output, this.waitedMs);
    this.#spec.onProgress?.(progress);
  }

  /** Of each view, summed up over the subtasks. */
  #viewProgress(): Record<string, ViewProgress> {
    const views: Record<string, ViewProgress> = {};
    for (const subtask of this.#parts?.stage.stats() ?? []) {
      for (const { view, stats } of subtask.views) {
        const { rowsOut: updates, entities, lateRecords, failedRecords } = stats;
        const { stateBytes, firedTimers, failedValues, lastFailure } = stats;
        const failures = { failedRecords, failedValues, lastFailure };
        const own = { entities, updates, lateRecords, ...failures, stateBytes, firedTimers };
        const others = views[view];
        views[view] = others === undefined ? own : sumOf(others, own);
      }
    }
    return views;
  }
}

function difference(now: DeadLetterCounts, before: DeadLetterCounts): DeadLetterCounts {
  return {
    deserialization: now.deserialization - before.deserialization,
    schema_mismatch: now.schema_mismatch - before.schema_mismatch,
    processing_error: now.processing_error - before.processing_error,
  };
}

function sumOf(a: ViewProgress, b: ViewProgress): ViewProgress {
  return {
    entities: a.entities + b.entities,
    updates: a.updates + b.updates,
    lateRecords: a.lateRecords + b.lateRecords,
    failedRecords: a.failedRecords + b.failedRecords,
    failedValues: a.failedValues + b.failedValues,
    lastFailure: a.lastFailure ?? b.lastFailure,
    stateBytes: a.stateBytes + b.stateBytes,
    firedTimers: a.firedTimers + b.firedTimers,
  };
}
