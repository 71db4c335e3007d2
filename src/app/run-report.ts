// What a run tells while it goes: the job's progress, summed up over its sources.
import type { StreamFailures } from '../engine/job/failure-breaker.ts';
import type { JobProgress, JobState, RestartProgress } from '../engine/job/job-spec.ts';

/** How far a run is. */
export interface RunProgress {
  readonly state: JobState;
  readonly recordsIn: number;
  readonly rowsOut: number;
  readonly lateRecords: number;
  readonly deadLetters: number;
  /** Over the last few seconds. */
  readonly eventsPerSecond: number;
  /** The least watermark of all streams, epoch ms; null while one has none, and at the end. */
  readonly watermarkMs: number | null;
  /** Wall time minus that watermark. */
  readonly lagMs: number | null;
  readonly elapsedMs: number;
  readonly stateBytes: number;
  readonly checkpoints: RunCheckpoints;
  readonly restarts: RestartProgress;
  /** Streams with records that failed, as of the newest that were judged. */
  readonly failures: readonly StreamFailures[];
}

/** Checkpoints of a run. */
export interface RunCheckpoints {
  readonly completed: number;
  readonly failed: number;
  /** Why the newest attempt failed; null when it did not. */
  readonly failure: string | null;
  readonly lastId: number | null;
  readonly lastDurationMs: number;
  /** Bytes that it added. */
  readonly lastBytes: number;
  /** Bytes of all files that it needs. */
  readonly lastFullBytes: number;
  /** How long input stood still for it. */
  readonly lastAlignMs: number;
  /** The one that the run began with; null when it began anew. */
  readonly restoredId: number | null;
}

export function progressOf(progress: JobProgress): RunProgress {
  const { sources, recordsIn, rowsOut, lateRecords, deadLetters } = progress;
  const active = sources.filter(({ splits }) => splits.some(({ state }) => state !== 'ended'));
  const watermarks = active.map(({ watermarkMs }) => watermarkMs);
  const lags = active.map(({ watermarkLagMs }) => watermarkLagMs);
  return {
    state: progress.state,
    recordsIn,
    rowsOut,
    lateRecords,
    deadLetters,
    eventsPerSecond: progress.eventsPerSecond,
    watermarkMs: combine(watermarks, Math.min),
    lagMs: combine(lags, Math.max),
    elapsedMs: progress.elapsedMs,
    stateBytes: progress.stateBytes,
    checkpoints: checkpointsOf(progress),
    restarts: progress.restarts,
    failures: progress.failures,
  };
}

function checkpointsOf({ checkpoints }: JobProgress): RunCheckpoints {
  const { completed, failed, failure, last, restoredId } = checkpoints;
  return {
    completed,
    failed,
    failure,
    lastId: last?.id ?? null,
    lastDurationMs: last?.durationMs ?? 0,
    lastBytes: last?.bytes ?? 0,
    lastFullBytes: last?.fullBytes ?? 0,
    lastAlignMs: last?.pauseMs ?? 0,
    restoredId,
  };
}

function combine(
  values: readonly (number | null)[],
  choose: (...values: number[]) => number,
): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 || known.length < values.length ? null : choose(...known);
}
