// A second job of the environment: the same streams from the beginning (or from a savepoint) into rows,
// state and a log of its own, while the first goes on. Stops when it has caught up if that is asked.
import type { JobSummary } from '../../engine/job/job-spec.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { OnlineStores } from '../online-stores.ts';
import { type RunOptions, runProject } from '../run-project.ts';
import type { RunProgress } from '../run-report.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { mainJob, readersJob, withRows } from './job-rows.ts';

/** Options of `app.replay.run`: those of a run, and when it is enough. */
export interface ReplayOptions extends RunOptions {
  /** Stop when the job has everything that readers see. Input that ends stops it anyway. Default false. */
  readonly untilCaughtUp?: boolean;
}

/** What a second job did. */
export interface ReplayResult extends JobSummary {
  readonly job: string;
  /** What it lacks of what readers see; null when they are given its own rows, or none are there. */
  readonly coverage: Coverage | null;
}

const firstLookMs = 1000;
/** Looking takes at most this share of the time. */
const lookShare = 10;

export async function runReplay(
  project: ResolvedProject,
  job: string,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const second = { ...project, variant: secondJob(job) };
  const stores = new OnlineStores(second);
  const enough = new AbortController();
  const over = new AbortController();
  const stop = (): void => enough.abort();
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  const watches: Promise<void>[] = [];
  // Not before it writes: within a process a store must be opened for writing first.
  const onProgress = (progress: RunProgress): void => {
    options.onProgress?.(progress);
    if (options.untilCaughtUp !== true || over.signal.aborted || watches.length > 0) return;
    watches.push(watch(project, job, over.signal).then(stopIf(stop)));
  };
  try {
    const summary = await runProject(second, stores, {
      ...options,
      onProgress,
      signal: enough.signal,
    });
    over.abort();
    await Promise.all(watches);
    return { ...summary, job, coverage: await coverage(project, job) };
  } finally {
    over.abort();
    options.signal?.removeEventListener('abort', stop);
    await Promise.all(watches);
    await stores.close();
  }
}

function stopIf(stop: () => void): (isCaughtUp: boolean) => void {
  return (isCaughtUp) => {
    if (isCaughtUp) stop();
  };
}

function secondJob(job: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(job) && job !== mainJob) return job;
  throw new MillraceError('MR_CONFIG_INVALID', `"${job}" cannot be the name of a second job`, {
    fix: `use lower case letters, digits, "_" and "-"; "${mainJob}" is the first job`,
  });
}

/** Resolves with true once the job has caught up, with false when the signal comes first. */
async function watch(project: ResolvedProject, job: string, signal: AbortSignal): Promise<boolean> {
  const clock = systemClock;
  let pauseMs = firstLookMs;
  while (!signal.aborted) {
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return false;
    const startMs = clock.monotonicMs();
    const found = await coverage(project, job);
    if (found?.behind === 0 && found.rows > 0) return true;
    pauseMs = Math.max(firstLookMs, (clock.monotonicMs() - startMs) * lookShare);
  }
  return false;
}

/** Null while one of the jobs has no rows. */
async function coverage(project: ResolvedProject, job: string): Promise<Coverage | null> {
  try {
    const shownJob = await readersJob(project);
    if (shownJob === job) return null;
    return await withRows(project, [shownJob, job], (shown, candidate) =>
      coverageOf({ shown, candidate, clock: systemClock, waitMs: 0 }),
    );
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'MR_STORE_ALIAS') return null;
    throw error;
  }
}
