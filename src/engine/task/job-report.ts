// What a job tells of itself: progress while it runs, totals at any time, metrics.
import { JobMetrics } from './job-metrics.ts';
import type { JobOutput } from './job-output.ts';
import type { JobProgress, JobSpec, JobState, JobSummary, ViewProgress } from './job-spec.ts';
import { RateMeter } from './rate-meter.ts';
import type { SourceTask } from './source-task.ts';
import type { SubtaskStats } from './view-stage.ts';

const defaultIntervalMs = 1000;

/** What a report is made from; some of it comes to be while the job opens. */
export interface JobParts {
  readonly sources: readonly SourceTask[];
  readonly output: JobOutput;
  readonly stats: () => readonly SubtaskStats[];
}

export class JobReport {
  state: JobState = 'starting';
  /** Time spent waiting for input. */
  waitedMs = 0;
  readonly #spec: JobSpec;
  readonly #sources: readonly SourceTask[];
  readonly #output: JobOutput;
  readonly #stats: () => readonly SubtaskStats[];
  readonly #rate = new RateMeter();
  readonly #startMs: number;
  readonly #metrics: JobMetrics | null;
  #endMs: number | null = null;
  #tickedMs: number;

  constructor(spec: JobSpec, { sources, output, stats }: JobParts) {
    this.#spec = spec;
    this.#sources = sources;
    this.#output = output;
    this.#stats = stats;
    this.#startMs = spec.clock.monotonicMs();
    this.#tickedMs = this.#startMs;
    this.#metrics = spec.metrics === undefined ? null : new JobMetrics(spec.metrics);
    this.#rate.sample(this.#startMs, 0);
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
    const nowMs = this.#endMs ?? this.#spec.clock.monotonicMs();
    return {
      state: this.state,
      recordsIn: this.#recordsIn,
      eventsPerSecond: this.#rate.perSecond(nowMs, this.#recordsIn),
      lateRecords: all.reduce((sum, view) => sum + view.lateRecords, 0),
      deadLetters: this.#output.deadLetterCount,
      rowsOut: this.#output.rowsOut,
      elapsedMs: nowMs - this.#startMs,
      stateBytes: all.reduce((sum, view) => sum + view.stateBytes, 0),
      sources: this.#sources.map((source) => source.progress()),
      views,
    };
  }

  summary(): JobSummary {
    const { recordsIn, lateRecords, deadLetters, rowsOut, elapsedMs, views } = this.progress();
    return {
      records_in: recordsIn,
      late_records: lateRecords,
      dead_letters: deadLetters,
      rows_out: rowsOut,
      elapsed_ms: Math.round(elapsedMs),
      events_per_second: elapsedMs === 0 ? 0 : Math.round((recordsIn * 1000) / elapsedMs),
      checkpoints: 0,
      views: Object.fromEntries(
        Object.entries(views).map(([name, { entities, updates }]) => [name, { entities, updates }]),
      ),
    };
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
    for (const subtask of this.#stats()) {
      for (const { view, stats } of subtask.views) {
        const { rowsOut: updates, entities, lateRecords, failedRecords } = stats;
        const { stateBytes, firedTimers } = stats;
        const own = { entities, updates, lateRecords, failedRecords, stateBytes, firedTimers };
        const others = views[view];
        views[view] = others === undefined ? own : sumOf(others, own);
      }
    }
    return views;
  }
}

function sumOf(a: ViewProgress, b: ViewProgress): ViewProgress {
  return {
    entities: a.entities + b.entities,
    updates: a.updates + b.updates,
    lateRecords: a.lateRecords + b.lateRecords,
    failedRecords: a.failedRecords + b.failedRecords,
    stateBytes: a.stateBytes + b.stateBytes,
    firedTimers: a.firedTimers + b.firedTimers,
  };
}
