// How the job of an environment is on its cluster, in words that the engine's status uses too.
import type { JobManager } from '../../../flink/client/job-manager.ts';
import { type DeployedJob, endedJob, runningJob } from '../../../flink/deploy/deployed-job.ts';

/** `millrace flink status --json` */
export interface FlinkStatus {
  readonly name: string;
  /** Flink's state of the job; `NOT_DEPLOYED` when the cluster knows none. */
  readonly state: string;
  readonly job: string | null;
  readonly deployment: number | null;
  /** False: the definitions have changed since it was deployed. */
  readonly is_current: boolean;
  readonly started_at_ms: number | null;
  readonly num_restarts: number;
  readonly checkpoints_completed: number;
  readonly number_of_failed_checkpoints: number;
  readonly last_checkpoint: FlinkCheckpointStatus | null;
  /** Lowest over all operators, epoch ms; null before the first. */
  readonly current_input_watermark: number | null;
  /** The newest failure since the job was submitted. */
  readonly failure: { readonly message: string; readonly at_ms: number } | null;
  readonly operators: readonly FlinkOperatorStatus[];
}

/** The newest checkpoint of a job that completed. */
export interface FlinkCheckpointStatus {
  readonly at_ms: number;
  readonly last_checkpoint_duration_ms: number;
  readonly last_checkpoint_size_bytes: number;
  readonly path: string;
}

/** One task of a job: operators that Flink runs together. */
export interface FlinkOperatorStatus {
  readonly name: string;
  readonly state: string;
  readonly parallelism: number;
}

/** Asks the JobManager; `fingerprint` is that of today's definitions, null when they do not compile. */
export async function flinkStatus(
  manager: JobManager,
  name: string,
  fingerprint: string | null,
): Promise<FlinkStatus> {
  const job = (await runningJob(manager, name)) ?? (await endedJob(manager, name));
  if (job === null) return { ...nothing, name };
  const isRunning = job.state === 'RUNNING';
  const [details, checkpoints, failure] = await Promise.all([
    manager.job(job.id),
    manager.checkpoints(job.id),
    manager.failure(job.id),
  ]);
  const { completed } = checkpoints.latest;
  return {
    name,
    state: details.state,
    job: job.id,
    deployment: job.number,
    is_current: fingerprint !== null && job.fingerprint === fingerprint,
    started_at_ms: details['start-time'],
    num_restarts: isRunning ? await manager.restarts(job.id) : 0,
    checkpoints_completed: checkpoints.counts.completed,
    number_of_failed_checkpoints: checkpoints.counts.failed,
    last_checkpoint:
      completed === null
        ? null
        : {
            at_ms: completed.trigger_timestamp,
            last_checkpoint_duration_ms: completed.end_to_end_duration,
            last_checkpoint_size_bytes: completed.state_size,
            path: completed.external_path,
          },
    current_input_watermark: isRunning ? await lowestWatermark(manager, job, details) : null,
    failure: failure === null ? null : { message: failure.message, at_ms: failure.atMs },
    operators: details.vertices.map((vertex) => ({
      name: vertex.name,
      state: vertex.status,
      parallelism: vertex.parallelism,
    })),
  };
}

const nothing: FlinkStatus = {
  name: '',
  state: 'NOT_DEPLOYED',
  job: null,
  deployment: null,
  is_current: false,
  started_at_ms: null,
  num_restarts: 0,
  checkpoints_completed: 0,
  number_of_failed_checkpoints: 0,
  last_checkpoint: null,
  current_input_watermark: null,
  failure: null,
  operators: [],
};

async function lowestWatermark(
  manager: JobManager,
  { id }: DeployedJob,
  { vertices }: { readonly vertices: readonly { readonly id: string; readonly name: string }[] },
): Promise<number | null> {
  // A source has no input, and so no watermark of its own.
  const inner = vertices.filter(({ name }) => !name.startsWith('Source'));
  const watermarks = await Promise.all(inner.map((vertex) => manager.watermark(id, vertex.id)));
  const known = watermarks.filter((ms) => ms !== null);
  return known.length === 0 || known.length < watermarks.length ? null : Math.min(...known);
}
