// The job on a Flink cluster as lines for people: its state, checkpoints, the newest failure, its tasks.
import type { ClusterStatus } from '../app/flink/deploy/cluster-status.ts';
import type { FlinkStatus } from '../app/flink/deploy/flink-status.ts';
import { formatInstant } from '../kernel/instant.ts';
import { formatLag } from './progress.ts';
import { formatCount, formatTable } from './table.ts';

/** What `flink status` knows, or what `status` knows beside a loader. */
export function flinkLines(status: FlinkStatus | ClusterStatus): readonly string[] {
  const { name, state } = status;
  if ('reachable' in status && !status.reachable) return [`${name}: unknown, ${status.message}`];
  const { job, deployment, last_checkpoint: last, failure } = status;
  if (job === null) return [`${name}: not deployed`];
  const isOld = 'is_current' in status && !status.is_current;
  const current = isOld ? ', the definitions have changed since' : '';
  const watermark = status.current_input_watermark;
  const behind = formatLag(status.watermark_lag_ms ?? 0);
  return [
    `${name}: ${state}, job ${job}, deployment ${deployment ?? 'of somebody else'}${current}`,
    `restarts ${status.num_restarts}, watermark ${watermark === null ? 'none yet' : `${formatInstant(watermark)} (${behind} behind)`}`,
    `records in ${formatCount(status.num_records_in)}, out ${formatCount(status.num_records_out)}, late ${formatCount(status.num_late_records_dropped)}`,
    `checkpoints ${formatCount(status.checkpoints_completed)}, failed ${formatCount(status.number_of_failed_checkpoints)}`,
    ...(last === null
      ? []
      : [
          `last checkpoint ${last.id}, ${formatLag(last.age_ms)} ago, ${formatCount(last.last_checkpoint_duration_ms)} ms, ${formatCount(last.last_checkpoint_size_bytes)} bytes, ${last.path}`,
        ]),
    ...(failure === null ? [] : [`failed ${formatInstant(failure.at_ms)}: ${failure.message}`]),
    formatTable(
      ['operator', 'state', 'parallelism'],
      status.operators.map((one) => [one.name, one.state, String(one.parallelism)]),
      new Set([2]),
    ),
  ];
}
