// The job of an environment on a cluster, found by its name; which deployment it is it says itself.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { endedStates, type JobOverview } from '../client/job-answers.ts';
import type { JobManager } from '../client/job-manager.ts';
import { type Deployment, deploymentParameters } from './deployment.ts';
import type { PlanFolder } from './plan-folder.ts';

export interface DeployedJob {
  readonly id: string;
  readonly state: string;
  readonly startedAtMs: number;
  /** Null for a job that somebody else started under this name. */
  readonly number: number | null;
  readonly fingerprint: string | null;
}

/** The job that runs under a name; null when none does. Errors: MR_FLINK_DEPLOYMENT for two. */
export async function runningJob(manager: JobManager, name: string): Promise<DeployedJob | null> {
  const jobs = (await manager.jobs()).filter((job) => job.name === name);
  const running = jobs.filter(({ state }) => !endedStates.includes(state));
  if (running.length > 1) {
    const ids = running.map(({ jid }) => jid).join(', ');
    throw new MillraceError(
      'MR_FLINK_DEPLOYMENT',
      `${running.length} jobs are named ${name}: ${ids}`,
      {
        fix: 'cancel those that are not wanted in the web interface of Flink',
      },
    );
  }
  const [job] = running;
  return job === undefined ? null : described(manager, job);
}

/** The job that ended last under a name, as long as the cluster remembers it. */
export async function endedJob(manager: JobManager, name: string): Promise<DeployedJob | null> {
  const jobs = (await manager.jobs()).filter(
    (job) => job.name === name && endedStates.includes(job.state),
  );
  const [newest] = jobs.toSorted((a, b) => b['start-time'] - a['start-time']);
  return newest === undefined ? null : described(manager, newest);
}

async function described(manager: JobManager, job: JobOverview): Promise<DeployedJob> {
  const parameters = await manager.parameters(job.jid);
  const number = parameters[deploymentParameters.number];
  return {
    id: job.jid,
    state: job.state,
    startedAtMs: job['start-time'],
    number: number === undefined ? null : Number(number),
    fingerprint: parameters[deploymentParameters.fingerprint] ?? null,
  };
}

/** Name of the record of a deployment. */
export function recordName(number: number): string {
  return `deployment-${number}.json`;
}

/** The record of a deployment; null when it is not there. */
export async function readDeployment(
  folder: PlanFolder,
  number: number,
): Promise<Deployment | null> {
  const text = await folder.read(recordName(number));
  return text === null ? null : (JSON.parse(text) as Deployment);
}

/** Numbers of all deployments, oldest first. */
export async function deploymentNumbers(folder: PlanFolder): Promise<readonly number[]> {
  const names = await folder.list();
  const numbers = names.map((name) => /^deployment-(\d+)\.json$/.exec(name)?.[1]);
  return numbers
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** How the last job of an environment was ended by hand. */
export interface StopNote {
  readonly number: number | null;
  /** Null: it was cancelled, and the next deployment begins empty. */
  readonly savepoint: string | null;
}

const stopName = 'stopped.json';

export async function readStopNote(folder: PlanFolder): Promise<StopNote | null> {
  const text = await folder.read(stopName);
  return text === null ? null : (JSON.parse(text) as StopNote);
}

export async function writeStopNote(folder: PlanFolder, note: StopNote | null): Promise<void> {
  if (note === null) await folder.remove(stopName);
  else await folder.write(stopName, JSON.stringify(note));
}
