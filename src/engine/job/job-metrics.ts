// The metrics of a job, by the names that Flink's users know, set from its progress once a second.
import type { Labels, MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { StreamFailures } from './failure-breaker.ts';
import type { JobOutput } from './job-output.ts';
import type { CheckpointProgress, JobProgress, SourceProgress, ViewProgress } from './job-spec.ts';
import type { SubtaskProgress } from './subtask-progress.ts';

export class JobMetrics {
  readonly #registry: MetricsRegistry;
  #elapsedMs = 0;
  #waitedMs = 0;
  #blockedMs = 0;
  readonly #before = new Map<number, SubtaskProgress>();

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
  }

  update(progress: JobProgress, output: JobOutput, waitedMs: number): void {
    for (const source of progress.sources) this.#source(source);
    for (const [view, of] of Object.entries(progress.views)) this.#view(view, of);
    for (const [category, count] of Object.entries(output.deadLettersByCategory)) {
      this.#total('dlq_records', 'Dead letters', { category }, count);
    }
    this.#subtasks(progress);
    this.#useOfTime(progress.elapsedMs, waitedMs, output.blockedMs);
    this.#checkpoints(progress.checkpoints);
    for (const of of progress.failures) this.#failures(of);
    const restarts = 'Times that the job went back to a checkpoint';
    this.#total('millrace_num_restarts', restarts, {}, progress.restarts.count);
  }

  #checkpoints({ completed, failed, last }: CheckpointProgress): void {
    this.#total('millrace_number_of_completed_checkpoints', 'Checkpoints', {}, completed);
    this.#total('millrace_number_of_failed_checkpoints', 'Given up or failed', {}, failed);
    if (last === null) return;
    const { durationMs, pauseMs, bytes, fullBytes } = last;
    const the = 'Newest checkpoint:';
    this.#now('millrace_last_checkpoint_duration_ms', `${the} time it took`, {}, durationMs);
    this.#now('millrace_last_checkpoint_pause_ms', `${the} input stood still`, {}, pauseMs);
    this.#now('millrace_last_checkpoint_size_bytes', `${the} bytes added`, {}, bytes);
    this.#now('millrace_last_checkpoint_full_size_bytes', `${the} all bytes`, {}, fullBytes);
  }

  #failures({ stream, failed, records, isAlerting, isBroken }: StreamFailures): void {
    const labels = { stream };
    const share = records === 0 ? 0 : failed / records;
    this.#now('millrace_dlq_share', 'Share of the newest records that failed', labels, share);
    const alert = 'Failing records are to be looked at';
    this.#now('millrace_dlq_alert', alert, labels, Number(isAlerting));
    const broken = 'Too many records failed: no input is taken';
    this.#now('millrace_dlq_breaker_open', broken, labels, Number(isBroken));
  }

  /** How the time since the last update was spent, per second of it. */
  #useOfTime(elapsedMs: number, waitedMs: number, blockedMs: number): void {
    const spanMs = elapsedMs - this.#elapsedMs;
    if (spanMs <= 0) return;
    const idle = ((waitedMs - this.#waitedMs) * 1000) / spanMs;
    const blocked = ((blockedMs - this.#blockedMs) * 1000) / spanMs;
    this.#elapsedMs = elapsedMs;
    this.#waitedMs = waitedMs;
    this.#blockedMs = blockedMs;
    const busy = Math.max(0, 1000 - idle - blocked);
    this.#now('millrace_idle_time_ms_per_second', 'Waiting for input', {}, idle);
    this.#now('millrace_back_pressured_time_ms_per_second', 'Waiting for sinks', {}, blocked);
    this.#now('millrace_busy_time_ms_per_second', 'Working', {}, busy);
  }

  /** Per worker thread, per second since the last update. Keys never become labels. */
  #subtasks({ subtasks, elapsedMs }: JobProgress): void {
    const spanMs = elapsedMs - this.#elapsedMs;
    for (const now of subtasks) {
      const labels = { subtask: String(now.subtask) };
      this.#total('millrace_subtask_num_records_in', 'Rows dealt to it', labels, now.recordsIn);
      const before = this.#before.get(now.subtask);
      this.#before.set(now.subtask, now);
      if (before === undefined || spanMs <= 0) continue;
      const rate = (part: 'busyMs' | 'idleMs' | 'backPressuredMs'): number =>
        (Math.max(0, now[part] - before[part]) * 1000) / spanMs;
      const [busy, idle, waiting] = [rate('busyMs'), rate('idleMs'), rate('backPressuredMs')];
      this.#now('millrace_subtask_busy_time_ms_per_second', 'Working', labels, busy);
      this.#now('millrace_subtask_idle_time_ms_per_second', 'Waiting for rows', labels, idle);
      const name = 'millrace_subtask_back_pressured_time_ms_per_second';
      this.#now(name, 'Waiting until results are taken', labels, waiting);
    }
  }

  #source({ stream, recordsIn, watermarkMs, watermarkLagMs }: SourceProgress): void {
    const labels = { operator: stream };
    this.#total('millrace_num_records_in', 'Records taken', labels, recordsIn);
    this.#now('millrace_current_input_watermark', 'Watermark, epoch ms', labels, watermarkMs);
    this.#now('millrace_watermark_lag_ms', 'Now less the watermark', labels, watermarkLagMs);
  }

  #view(view: string, of: ViewProgress): void {
    const labels = { operator: view };
    this.#total('millrace_num_records_out', 'Vectors emitted', labels, of.updates);
    const late = 'Records that a window of the view skipped';
    this.#total('millrace_num_late_records_dropped', late, labels, of.lateRecords);
    if (of.failedValues > 0) {
      const failed = 'Values that are null because an aggregate of yours failed';
      this.#total('millrace_num_failed_values', failed, labels, of.failedValues);
    }
    this.#total('millrace_num_fired_timers', 'Timers fired', labels, of.firedTimers);
    this.#now('millrace_state_entries', 'Keys with state', labels, of.entities);
    this.#now('millrace_state_bytes', 'Bytes of state', labels, of.stateBytes);
  }

  #total(name: string, help: string, labels: Labels, value: number): void {
    this.#registry.counter(name, help, labels).value = value;
  }

  #now(name: string, help: string, labels: Labels, value: number | null): void {
    this.#registry.gauge(name, help, labels).value = value ?? Number.NaN;
  }
}
