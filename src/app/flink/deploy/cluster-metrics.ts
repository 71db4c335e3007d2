// Numbers of the job on a Flink cluster among the metrics of this process, under the names that the engine
// has for its own, with the job as a label. The JobManager is asked now and then; while it does not answer
// gauges are left out, and counters stay as they were.
import type { Clock } from '../../../kernel/clock.ts';
import type { MetricsRegistry } from '../../../kernel/metrics/metrics-registry.ts';
import type { ResolvedProject } from '../../config/resolve-project.ts';
import { type ClusterStatus, clusterStatus } from './cluster-status.ts';

const pollMs = 5000;

/** Keeps the metrics up to date until the signal aborts. */
export async function watchCluster(
  project: ResolvedProject,
  registry: MetricsRegistry,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const status = await clusterStatus(project);
    if (status === null) return;
    setClusterMetrics(registry, status);
    await clock.sleep(pollMs, signal);
  }
}

export function setClusterMetrics(registry: MetricsRegistry, status: ClusterStatus): void {
  const labels = { job: status.name };
  const now = (name: string, help: string, value: number | null): void => {
    registry.gauge(`millrace_${name}`, help, labels).value = value ?? Number.NaN;
  };
  const total = (name: string, help: string, value: number): void => {
    registry.counter(`millrace_${name}`, help, labels).value = value;
  };
  const known = status.reachable ? status : null;
  now('flink_reachable', 'The JobManager answers', Number(status.reachable));
  now('flink_job_running', 'State RUNNING', known && Number(known.state === 'RUNNING'));
  const last = known?.last_checkpoint ?? null;
  const the = 'Newest checkpoint:';
  now('last_checkpoint_id', `${the} its number`, last && last.id);
  now('last_checkpoint_age_ms', `${the} time since it began`, last && last.age_ms);
  now(
    'last_checkpoint_duration_ms',
    `${the} time it took`,
    last && last.last_checkpoint_duration_ms,
  );
  now('last_checkpoint_size_bytes', `${the} bytes added`, last && last.last_checkpoint_size_bytes);
  now('current_input_watermark', 'Watermark, epoch ms', known && known.current_input_watermark);
  now('watermark_lag_ms', 'Now less the watermark', known && known.watermark_lag_ms);
  if (known === null) return;
  total('num_restarts', 'Times that the job went back to a checkpoint', known.num_restarts);
  total('number_of_completed_checkpoints', 'Checkpoints', known.checkpoints_completed);
  const failed = known.number_of_failed_checkpoints;
  total('number_of_failed_checkpoints', 'Given up or failed', failed);
  total('num_records_in', 'Records taken', known.num_records_in);
  total('num_records_out', 'Vectors emitted', known.num_records_out);
  const late = 'Records that a window of the view skipped';
  total('num_late_records_dropped', late, known.num_late_records_dropped);
}
