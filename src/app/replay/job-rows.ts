// The rows of the jobs of one environment, by the names that people use: `main` is the first job,
// others have the name that they were started with (`--as`).
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { StoreAlias, StoreJobs, StoreRows } from '../../ports/store-jobs.ts';
import type { ResolvedProject } from '../config/resolve-project.ts';
import { onlineBinding } from '../online-stores.ts';

/** How people name the first job of an environment. */
export const mainJob = 'main';

export function variantOfJob(job: string): string | null {
  return job === mainJob ? null : job;
}

export function jobOfVariant(variant: string | null): string {
  return variant ?? mainJob;
}

/** Throws MR_STORE_ALIAS when the environment's store keeps the rows of one job only. */
function storeJobs(project: ResolvedProject): StoreJobs {
  const binding = onlineBinding(project);
  if (binding.jobs !== undefined) return binding.jobs;
  throw new MillraceError('MR_STORE_ALIAS', `${binding.description} keeps the rows of one job`, {
    fix: 'use a store that keeps several, such as embedded(…)',
  });
}

export function openAlias(project: ResolvedProject): Promise<StoreAlias> {
  const { project: name, baseDirectory } = project;
  return storeJobs(project).openAlias({ project: name, baseDirectory });
}

/** The job whose rows readers are given. */
export async function readersJob(project: ResolvedProject): Promise<string> {
  const alias = await openAlias(project);
  try {
    return jobOfVariant((await alias.current()).variant);
  } finally {
    await alias.close();
  }
}

/** Opens the rows of both jobs for `body`. */
export async function withRows<T>(
  project: ResolvedProject,
  [left, right]: readonly [string, string],
  body: (left: StoreRows, right: StoreRows) => Promise<T>,
): Promise<T> {
  const leftRows = await openRows(project, left);
  try {
    const rightRows = await openRows(project, right);
    try {
      return await body(leftRows, rightRows);
    } finally {
      await rightRows.close();
    }
  } finally {
    await leftRows.close();
  }
}

export async function openRows(project: ResolvedProject, job: string): Promise<StoreRows> {
  const { project: name, baseDirectory } = project;
  const jobs = storeJobs(project);
  try {
    return await jobs.openRows({ project: name, baseDirectory, variant: variantOfJob(job) });
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'MR_STORE_OPEN') throw error;
    throw new MillraceError('MR_STORE_ALIAS', `job "${job}" has no rows: ${error.message}`, {
      cause: error,
      fix:
        job === mainJob
          ? 'run the first job (millrace run)'
          : `run it (millrace replay ${job}), or check its name`,
    });
  }
}
