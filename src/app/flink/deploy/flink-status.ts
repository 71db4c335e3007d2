// How the job of an environment is on its cluster, in words that the engine's status uses too.
import { systemClock } from '../../../kernel/clock.ts';
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
  readonly watermark_lag_ms: number | null;
  /** Records that sources have read, since the job last started. */
  readonly num_records_in: number;
  /** Rows that were written to Kafka, since then. */
  readonly num_records_out: number;
  /** Records too late for a window, counted by each, since then. */
  readonly num_late_records_dropped: number;
  /** The newest failure since the job was submitted. */
  readonly failure: { readonly message: string; readonly at_ms: number } | null;
  readonly operators: readonly FlinkOperatorStatus[];
}

/** The newest checkpoint of a job that completed. */
export interface FlinkCheckpointStatus {
  readonly id: number;
  readonly at_ms: number;
  readonly age_ms: number;
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
  const nowMs = systemClock.nowMs();
  const watermark = isRunning ? await lowestWatermark(manager, job, details) : null;
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
            id: completed.id,
            at_ms: completed.trigger_timestamp,
            age_ms: Math.max(0, nowMs - completed.trigger_timestamp),
            last_checkpoint_duration_ms: completed.end_to_end_duration,
            last_checkpoint_size_bytes: completed.state_size,
            path: completed.external_path,
          },
    current_input_watermark: watermark,
    watermark_lag_ms: watermark === null ? null : nowMs - watermark,
    ...(isRunning ? await recordCounts(manager, job, details) : noRecords),
    failure: failure === null ? null : { message: failure.message, at_ms: failure.atMs },
    operators: details.vertices.map((vertex) => ({
      name: vertex.name,
      state: vertex.status,
      parallelism: vertex.parallelism,
    })),
  };
}

const noRecords = { num_records_in: 0, num_records_out: 0, num_late_records_dropped: 0 };

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
  watermark_lag_ms: null,
  ...noRecords,
  failure: null,
  operators: [],
};

interface Vertices {
  readonly vertices: readonly { readonly id: string; readonly name: string }[];
}

/** Counts of all tasks; metrics that Flink has not collected yet count as zero. */
async function recordCounts(manager: JobManager, { id }: DeployedJob, { vertices }: Vertices) {
  const counts = { ...noRecords };
  const wanted = [
    { metric: 'numRecordsIn', operator: 'Source' },
    { metric: 'numRecordsSend' },
    { metric: 'numLateRecordsDropped' },
  ];
  for (const found of await Promise.all(
    vertices.map((vertex) => manager.counts(id, vertex.id, wanted)),
  )) {
    counts.num_records_in += found.get('numRecordsIn') ?? 0;
    counts.num_records_out += found.get('numRecordsSend') ?? 0;
    counts.num_late_records_dropped += found.get('numLateRecordsDropped') ?? 0;
  }
  return counts;
}

async function lowestWatermark(
  manager: JobManager,
  { id }: DeployedJob,
  { vertices }: Vertices,
): Promise<number | null> {
  // A source has no input, and so no watermark of its own.
  const inner = vertices.filter(({ name }) => !name.startsWith('Source'));
  const watermarks = await Promise.all(inner.map((vertex) => manager.watermark(id, vertex.id)));
  const known = watermarks.filter((ms) => ms !== null);
  return known.length === 0 || known.length < watermarks.length ? null : Math.min(...known);
}
