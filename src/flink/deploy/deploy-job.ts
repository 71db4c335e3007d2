// Makes a cluster run a program: nothing when it runs already; else compile, compare, stop with a
// savepoint, start from it, look whether it runs, and go back if it does not. Everything that can be
// refused is refused while the old job still runs.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Plan } from '../../plan/plan.ts';
import { planFromJson, planToJson } from '../../plan/plan-json.ts';
import { comparePlans } from '../../plan/upgrade/compare-plans.ts';
import { openGatewaySession } from '../client/gateway-client.ts';
import type { FlinkProgram } from '../flink-program.ts';
import { compareStates, type FlinkStateComparison } from './compare-states.ts';
import { compilePlan, prepareSession } from './compile-plan.ts';
import {
  type DeployedJob,
  deploymentNumbers,
  readDeployment,
  readStopNote,
  recordName,
  runningJob,
  writeStopNote,
} from './deployed-job.ts';
import { type Deployment, programFingerprint } from './deployment.ts';
import type { PlanFolder } from './plan-folder.ts';
import { endJob, type FlinkCluster, slotsError, startJob } from './start-job.ts';

export interface DeployRequest {
  readonly cluster: FlinkCluster;
  readonly folder: PlanFolder;
  /** Name of the job on the cluster. */
  readonly name: string;
  readonly program: FlinkProgram;
  readonly plan: Plan;
  readonly parallelism: number;
  /** Begin with this savepoint when no job runs. */
  readonly fromSavepoint: string | null;
  /** Begin empty, though there was a job before. */
  readonly isFresh: boolean;
  /** Go on though state of windows that stay is lost. */
  readonly losesState: boolean;
  /** One line for each step. */
  readonly onStep: (text: string) => void;
}

/** What a deployment did. */
export interface FlinkDeployResult {
  readonly outcome: 'unchanged' | 'started' | 'upgraded';
  readonly job: string;
  readonly deployment: number;
  readonly fingerprint: string;
  /** What it began with; null: empty, or unchanged. */
  readonly savepoint: string | null;
  /** Null when there was nothing to compare with. */
  readonly state: FlinkStateComparison | null;
}

/** What the new job goes on from. */
interface Past {
  readonly running: DeployedJob | null;
  readonly before: Deployment | null;
  readonly savepoint: string | null;
}

export async function deployJob(request: DeployRequest): Promise<FlinkDeployResult> {
  const { cluster, folder, name, program, onStep } = request;
  const fingerprint = programFingerprint(program);
  const running = await runningJob(cluster.manager, name);
  if (running !== null && running.fingerprint === fingerprint) {
    const { id: job, number } = running;
    return {
      outcome: 'unchanged',
      job,
      deployment: number ?? 0,
      fingerprint,
      savepoint: null,
      state: null,
    };
  }
  await checkSlots(request, running);
  const past = await pastOf(request, running);
  const numbers = await deploymentNumbers(folder);
  const number = (numbers.at(-1) ?? 0) + 1;
  onStep(`deployment ${number}: compiled by the gateway`);
  const draft = await compiled(request, { number, fingerprint });
  const state = past.before === null ? null : compareStates(past.before.operators, draft.operators);
  if (!request.losesState) checkState(request, past, state);
  if (!(await folder.write(recordName(number), JSON.stringify(draft), true))) {
    throw new MillraceError('MR_FLINK_DEPLOYMENT', 'somebody else deploys at this moment', {
      fix: 'wait until it is done: millrace flink status',
    });
  }
  const savepoint = await stopOld(request, past);
  const deployment = { ...draft, from: savepoint };
  await folder.write(recordName(number), JSON.stringify(deployment));
  const job = await startOrGoBack(request, past, deployment);
  await writeStopNote(folder, null);
  const outcome = running === null ? 'started' : 'upgraded';
  return { outcome, job, deployment: number, fingerprint, savepoint, state };
}

async function checkSlots(
  { cluster, parallelism }: DeployRequest,
  running: DeployedJob | null,
): Promise<void> {
  const overview = await cluster.manager.overview();
  const freed =
    running === null
      ? 0
      : Math.max(0, ...(await cluster.manager.job(running.id)).vertices.map((v) => v.parallelism));
  const free = overview['slots-available'] + freed;
  if (free >= parallelism) return;
  throw slotsError(
    `the job needs ${parallelism} task slots, and ${free} of ${overview['slots-total']} are free for it`,
  );
}

async function pastOf(request: DeployRequest, running: DeployedJob | null): Promise<Past> {
  const { folder, fromSavepoint, isFresh } = request;
  if (running !== null) {
    if (fromSavepoint !== null || isFresh) {
      throw new MillraceError(
        'MR_FLINK_DEPLOYMENT',
        `job ${running.id} runs, and would go on beside it`,
        {
          fix: 'stop it first (millrace flink stop), or leave --fresh and --from-savepoint out',
        },
      );
    }
    const before = running.number === null ? null : await readDeployment(folder, running.number);
    if (before !== null) return { running, before, savepoint: null };
    throw new MillraceError(
      'MR_FLINK_DEPLOYMENT',
      `job ${running.id} runs, and ${folder.uri} does not say what it was made from`,
      {
        fix: 'point checkpoints.directory to where it was deployed from; or end it with millrace flink stop, and deploy again',
      },
    );
  }
  if (isFresh) return { running, before: null, savepoint: null };
  const note = await readStopNote(folder);
  const number = note?.number ?? (await deploymentNumbers(folder)).at(-1) ?? null;
  const before = number === null ? null : await readDeployment(folder, number);
  if (fromSavepoint !== null) return { running, before, savepoint: fromSavepoint };
  if (note === null && before !== null) {
    throw new MillraceError(
      'MR_FLINK_DEPLOYMENT',
      `deployment ${before.number} does not run any more, and was not stopped by hand`,
      {
        fix: 'begin with its last checkpoint (millrace flink deploy --from-savepoint PATH; millrace flink status names it), or empty (--fresh)',
      },
    );
  }
  const savepoint = note?.savepoint ?? null;
  return { running, before: savepoint === null ? null : before, savepoint };
}

async function compiled(
  { cluster, folder, program, plan, parallelism }: DeployRequest,
  { number, fingerprint }: Pick<Deployment, 'number' | 'fingerprint'>,
): Promise<Deployment> {
  const planFile = `plan-${number}-${fingerprint.slice(0, 12)}.json`;
  const { gatewayUrl: url, clock } = cluster;
  const session = await openGatewaySession({ url, clock });
  try {
    await prepareSession(session, program.statements);
    const { operators } = await compilePlan(session, program, folder, planFile);
    return {
      version: 1,
      number,
      fingerprint,
      madeAtMs: clock.nowMs(),
      plan: planToJson(plan),
      statements: program.statements,
      planFile,
      parallelism,
      operators,
      from: null,
    };
  } finally {
    await session.close();
  }
}

function checkState(
  { plan }: DeployRequest,
  { before }: Past,
  state: FlinkStateComparison | null,
): void {
  if (before === null || state === null) return;
  const comparison = comparePlans(planFromJson(before.plan), plan);
  const lost = state.lost.map(({ owner, description }) => `${owner.split('(')[0]}: ${description}`);
  const refused = comparison.views.flatMap(({ view, fate, note, features }) => [
    ...(fate === 'refused' ? [`${view}: ${note}`] : []),
    ...features
      .filter((feature) => feature.fate === 'refused')
      .map((feature) => `${view}.${feature.feature}: ${feature.note}`),
  ]);
  const reasons = [...refused, ...lost.map((text) => `begins empty: ${text}`)];
  if (reasons.length === 0) return;
  throw new MillraceError('MR_FLINK_UPGRADE', `state would be lost:\n  ${reasons.join('\n  ')}`, {
    fix: "a new feature: say upgrade: { added: 'empty' } in its view, and give it a window of its own; or deploy with --lose-state. The job goes on as it was",
  });
}

async function stopOld(
  { cluster, folder, onStep }: DeployRequest,
  past: Past,
): Promise<string | null> {
  if (past.running === null) return past.savepoint;
  const directory = `${folder.uri}/savepoints`;
  const { id: job } = past.running;
  const savepoint = await cluster.manager.savepoint({ job, directory, stop: true });
  onStep(`job ${job} stopped with the savepoint ${savepoint}`);
  await writeStopNote(folder, { number: past.running.number, savepoint });
  return savepoint;
}

async function startOrGoBack(
  { cluster, folder, name, onStep }: DeployRequest,
  { running, before }: Past,
  deployment: Deployment,
): Promise<string> {
  try {
    const job = await startJob(cluster, folder, deployment);
    onStep(`job ${job} runs${deployment.from === null ? '' : ', restored from the savepoint'}`);
    return job;
  } catch (error) {
    // The gateway may have started it and not been able to say so.
    const stray = await runningJob(cluster.manager, name);
    if (stray !== null) await endJob(cluster, stray.id);
    // What never ran is not remembered.
    await folder.remove(recordName(deployment.number));
    if (running === null || before === null || !(error instanceof MillraceError)) throw error;
    onStep(`deployment ${deployment.number} does not run: ${error.message}`);
    const restarted = await goBack(cluster, folder, { before, deployment, reason: error });
    throw new MillraceError(
      'MR_FLINK_ROLLED_BACK',
      `deployment ${deployment.number} does not run, deployment ${before.number} runs again: ${error.message}`,
      {
        context: { job: restarted, reason: error.code },
        cause: error,
        ...(error.fix === undefined ? {} : { fix: error.fix }),
      },
    );
  }
}

async function goBack(
  cluster: FlinkCluster,
  folder: PlanFolder,
  failed: { readonly before: Deployment; readonly deployment: Deployment; readonly reason: Error },
): Promise<string> {
  const { before, deployment, reason } = failed;
  try {
    const job = await startJob(cluster, folder, { ...before, from: deployment.from });
    await writeStopNote(folder, null);
    return job;
  } catch (cause) {
    throw new MillraceError(
      'MR_FLINK_DEPLOYMENT',
      `deployment ${deployment.number} does not run (${reason.message}), and neither does deployment ${before.number}: nothing runs`,
      {
        cause,
        fix: `mend the cluster and deploy again: it goes on from ${deployment.from ?? 'the beginning'}`,
      },
    );
  }
}
