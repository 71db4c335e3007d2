// What a run tells while it goes: the job's progress, summed up over its sources.
import type { JobProgress } from '../engine/task/job-spec.ts';

/** How far a run is. */
export interface RunProgress {
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
}

export function progressOf(progress: JobProgress): RunProgress {
  const { sources, recordsIn, rowsOut, lateRecords, deadLetters } = progress;
  const active = sources.filter(({ splits }) => splits.some(({ state }) => state !== 'ended'));
  const watermarks = active.map(({ watermarkMs }) => watermarkMs);
  const lags = active.map(({ watermarkLagMs }) => watermarkLagMs);
  return {
    recordsIn,
    rowsOut,
    lateRecords,
    deadLetters,
    eventsPerSecond: progress.eventsPerSecond,
    watermarkMs: combine(watermarks, Math.min),
    lagMs: combine(lags, Math.max),
    elapsedMs: progress.elapsedMs,
    stateBytes: progress.stateBytes,
  };
}

function combine(
  values: readonly (number | null)[],
  choose: (...values: number[]) => number,
): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 || known.length < values.length ? null : choose(...known);
}
