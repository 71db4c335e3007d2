// Second jobs of an environment, for programs: run one, compare it with what readers see, switch
// readers to it and back, or take single corrections from it.
import { systemClock } from '../../kernel/clock.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import type { OnlineStores } from '../online-stores.ts';
import { type CompareOptions, type Comparison, compareRows } from './compare-jobs.ts';
import { readersJob, withRows } from './job-rows.ts';
import { type MergeOptions, type MergeResult, mergeRows } from './merge-rows.ts';
import {
  type PromoteOptions,
  type Promotion,
  type ReadersState,
  promoteJob,
  readersState,
  rollBackReaders,
} from './promote-job.ts';
import { type ReplayOptions, type ReplayResult, runReplay } from './run-replay.ts';
import { type UndoResult, undoMerge } from './undo-merge.ts';

/**
 * Second jobs of an environment. `main` is the name of the first one.
 * **Guarantee:** readers are switched in one step, in all processes; `promote` refuses a job that lacks
 * anything that readers could see when it was called (MR_REPLAY_BEHIND).
 */
export interface Replays {
  /** Runs a second job by this name beside the first, from the beginning of its input. */
  run(job: string, options?: ReplayOptions): Promise<ReplayResult>;
  /** Compares its rows with those that readers are given. */
  compare(job: string, options?: CompareOptions): Promise<Comparison>;
  /** Switches readers to its rows. Errors: MR_REPLAY_BEHIND, MR_REPLAY_SHAPE, MR_STORE_ALIAS. */
  promote(job: string, options?: PromoteOptions): Promise<Promotion>;
  /** Switches readers back to what they were given before the last switch. */
  rollback(): Promise<Promotion>;
  /** Whose rows readers are given, and since when. */
  readers(): Promise<ReadersState>;
  /** Writes corrections from its rows into those that readers are given. */
  merge(job: string, options: MergeOptions): Promise<MergeResult>;
  /** Takes a merge back; default: the last one. */
  undoMerge(file?: string): Promise<UndoResult>;
}

export function replaysOf(project: ResolvedProject, stores: OnlineStores): Replays {
  const clock = systemClock;
  return {
    run: (job, options = {}) => runReplay(project, job, options),
    compare: async (job, options = {}) => {
      const left = options.with ?? (await readersJob(project));
      const views = await withRows(project, [left, job], (leftRows, rightRows) =>
        compareRows({ left: leftRows, right: rightRows, options, clock }),
      );
      return { left, right: job, equal: views.every(({ equal }) => equal), views };
    },
    promote: (job, options = {}) => promoteJob(project, job, { ...options, clock }),
    rollback: () => rollBackReaders(project, clock),
    readers: () => readersState(project),
    merge: async (job, options) => {
      await stores.closeReading();
      return mergeRows(project, job, { ...options, clock });
    },
    undoMerge: async (file) => {
      await stores.closeReading();
      return undoMerge(project, file);
    },
  };
}
