// What a job tells of its worker threads: how evenly rows and time are spread over them.
import type { SubtaskStats } from '../task/view-stage.ts';

/** One worker thread since the start of the run. */
export interface SubtaskProgress {
  readonly subtask: number;
  /** Rows that it got, once per group of views with one key. */
  readonly recordsIn: number;
  /** Keys with state, over all its views. */
  readonly entities: number;
  readonly busyMs: number;
  /** Waiting for rows. */
  readonly idleMs: number;
  /** Waiting until its results are taken. */
  readonly backPressuredMs: number;
}

/** Nothing of subtasks in the thread of sources and sinks. */
export function subtaskProgress(stats: readonly SubtaskStats[]): readonly SubtaskProgress[] {
  return stats.flatMap(({ subtask, views, load }) => {
    if (load === undefined) return [];
    const { recordsIn, elapsedMs, idleMs, backPressuredMs } = load;
    const entities = views.reduce((sum, { stats: of }) => sum + of.entities, 0);
    const busyMs = Math.max(0, elapsedMs - idleMs - backPressuredMs);
    return [{ subtask, recordsIn, entities, busyMs, idleMs, backPressuredMs }];
  });
}
