// Starts a compiled plan and does not believe it before it has seen it: every task runs, the state is
// that of the savepoint, and nothing fails for a while.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Clock } from '../../kernel/clock.ts';
import { fixOfReason } from '../client/gateway-error.ts';
import { openGatewaySession } from '../client/gateway-client.ts';
import { endedStates, type JobFailure } from '../client/job-answers.ts';
import type { JobManager } from '../client/job-manager.ts';
import { jarError, missingJar } from '../client/missing-jar.ts';
import type { FlinkStatement } from '../flink-program.ts';
import { quoteText } from '../sql-text.ts';
import { prepareSession } from './compile-plan.ts';
import { type Deployment, deploymentParameters } from './deployment.ts';
import type { PlanFolder } from './plan-folder.ts';

/** The cluster and how patient to be with it. */
export interface FlinkCluster {
  readonly gatewayUrl: string;
  readonly manager: JobManager;
  readonly clock: Clock;
  /** All tasks have to run within this time. */
  readonly verifyTimeoutMs: number;
  /** And without failure for so long. */
  readonly settleMs: number;
}

const pollMs = 300;

/** Submits a deployment; resolves with the job's id once it is seen to run. */
export async function startJob(
  cluster: FlinkCluster,
  folder: PlanFolder,
  deployment: Deployment,
): Promise<string> {
  const session = await openGatewaySession({ url: cluster.gatewayUrl, clock: cluster.clock });
  try {
    await prepareSession(session, [...deployment.statements, ...startSettings(deployment)]);
    const plan = quoteText(`${folder.uri}/${deployment.planFile}`);
    const { jobId } = await session.execute(`EXECUTE PLAN ${plan}`, 'the compiled plan');
    if (jobId === null) throw new MillraceError('MR_FLINK_JOB', 'the gateway started no job');
    try {
      await verifyJob(cluster, jobId, deployment.from);
    } catch (error) {
      await endJob(cluster, jobId);
      throw error;
    }
    return jobId;
  } finally {
    await session.close();
  }
}

function startSettings({ number, fingerprint, from }: Deployment): readonly FlinkStatement[] {
  const parameters = `${deploymentParameters.number}:${number},${deploymentParameters.fingerprint}:${fingerprint}`;
  const settings: Record<string, string> = {
    'pipeline.global-job-parameters': parameters,
    ...(from === null
      ? {}
      : {
          'execution.state-recovery.path': from,
          // What has no owner any more was agreed to before the old job was stopped.
          'execution.state-recovery.ignore-unclaimed-state': 'true',
        }),
  };
  return Object.entries(settings).map(([name, value]) => ({
    kind: 'set',
    name,
    origin: 'deployment',
    text: `SET ${quoteText(name)} = ${quoteText(value)}`,
  }));
}

/** Throws MR_FLINK_JOB, MR_FLINK_JAR, MR_FLINK_SLOTS: the job does not run as it should. */
async function verifyJob(
  cluster: FlinkCluster,
  job: string,
  savepoint: string | null,
): Promise<void> {
  const { manager, clock, verifyTimeoutMs, settleMs } = cluster;
  const untilMs = clock.monotonicMs() + verifyTimeoutMs;
  let runsSinceMs: number | null = null;
  while (clock.monotonicMs() < untilMs) {
    const failure = await manager.failure(job);
    if (failure !== null) throw jobError(failure);
    const { state, vertices } = await manager.job(job);
    if (state === 'FINISHED') return;
    if (endedStates.includes(state)) throw jobError(null, state);
    const runs = vertices.every(({ status }) => status === 'RUNNING' || status === 'FINISHED');
    if (!runs || state !== 'RUNNING') runsSinceMs = null;
    else runsSinceMs ??= clock.monotonicMs();
    if (runsSinceMs !== null && clock.monotonicMs() - runsSinceMs >= settleMs) {
      return savepoint === null ? undefined : checkRestored(manager, job, savepoint);
    }
    await clock.sleep(pollMs);
  }
  const { 'slots-available': slots } = await manager.overview();
  if (slots === 0) throw slotsError('the job waits for task slots, and the cluster has none left');
  throw jobError(null, `not running after ${verifyTimeoutMs} ms`);
}

async function checkRestored(manager: JobManager, job: string, savepoint: string): Promise<void> {
  const { restored } = (await manager.checkpoints(job)).latest;
  if (restored?.external_path === savepoint) return;
  throw new MillraceError('MR_FLINK_JOB', `the job did not begin with the savepoint ${savepoint}`, {
    fix: 'look at the log of the JobManager',
  });
}

/** A failed job as an error of ours. */
export function jobError(failure: JobFailure | null, state = 'FAILED'): MillraceError {
  if (failure === null) {
    return new MillraceError('MR_FLINK_JOB', `the job is ${state}`, {
      fix: 'look at the log of the JobManager',
    });
  }
  const { message, trace, task } = failure;
  const jar = missingJar(trace);
  if (jar !== null) return jarError(jar, task ?? undefined);
  if (/NoResourceAvailable/.test(trace)) return slotsError('the cluster has too few task slots');
  const where = task === null ? '' : ` (in ${task})`;
  return new MillraceError('MR_FLINK_JOB', `the job fails: ${message}${where}`, {
    cause: new Error(trace.slice(0, 4000)),
    fix: fixOfReason(trace) ?? 'mend what the reason names, and deploy again',
  });
}

export function slotsError(message: string): MillraceError {
  return new MillraceError('MR_FLINK_SLOTS', message, {
    fix: 'add a TaskManager, stop a job, or give the environment less parallelism',
  });
}

/** Cancels a job and waits until its slots are free. */
export async function endJob({ manager, clock }: FlinkCluster, job: string): Promise<void> {
  await manager.cancel(job);
  for (let tries = 0; tries < 100; tries++) {
    if (endedStates.includes((await manager.job(job)).state)) return;
    await clock.sleep(pollMs);
  }
}
