// The job of an environment on its Flink cluster: deployed, looked at, kept, ended. The command line
// only prints what these calls return.
import type { FlinkBinding } from '../../../adapters/flink/flink.ts';
import { JobManager } from '../../../flink/client/job-manager.ts';
import { type DeployedJob, runningJob, writeStopNote } from '../../../flink/deploy/deployed-job.ts';
import { type FlinkDeployResult, deployJob } from '../../../flink/deploy/deploy-job.ts';
import { programFingerprint } from '../../../flink/deploy/deployment.ts';
import type { PlanFolder } from '../../../flink/deploy/plan-folder.ts';
import { endJob, type FlinkCluster } from '../../../flink/deploy/start-job.ts';
import type { FlinkProgram, FlinkStatement } from '../../../flink/flink-program.ts';
import { quoteText } from '../../../flink/sql-text.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { parseDuration } from '../../../kernel/duration.ts';
import { MillraceError, ProblemsError } from '../../../kernel/errors/millrace-error.ts';
import {
  type ConfigInput,
  type ResolvedProject,
  resolveProject,
} from '../../config/resolve-project.ts';
import { jobName } from '../../recovery/checkpoint-place.ts';
import { flinkSql } from '../flink-sql.ts';
import { createJoins } from '../hybrid/create-joins.ts';
import { placementOf } from '../hybrid/placement.ts';
import { createLoadedTopics } from '../load/upsert-topics.ts';
import { flinkSettings } from './flink-settings.ts';
import { type ProgramWithJar, programWithJar } from './functions-jar.ts';
import { type FlinkStatus, flinkStatus } from './flink-status.ts';
import { planFolderOf } from './plan-folder-of.ts';

/** Options of `flinkJobs`. */
export interface FlinkJobsOptions {
  /** Name of the environment. Default `local`. */
  readonly env?: string;
}

/** Options of a deployment. */
export interface FlinkDeployOptions {
  /** Begin with this savepoint or checkpoint, when no job runs. */
  readonly fromSavepoint?: string;
  /** Begin empty, though there was a job before. */
  readonly fresh?: boolean;
  /** Go on though windows that stay begin empty. */
  readonly loseState?: boolean;
  /** One line for each step. */
  readonly onStep?: (text: string) => void;
}

/** A savepoint that was made. */
export interface FlinkSavepoint {
  readonly job: string;
  readonly savepoint: string;
}

/** The job of an environment on its cluster. */
export interface FlinkJobs {
  /**
   * Makes the cluster run the definitions of today. Nothing happens when it does already; else the old
   * job is stopped with a savepoint from which the new one starts, or again the old one if that fails.
   * Errors: MR_FLINK_UNREACHABLE, MR_FLINK_JAR, MR_FLINK_STATEMENT, MR_FLINK_SLOTS, MR_FLINK_UPGRADE,
   * MR_FLINK_SAVEPOINT, MR_FLINK_DEPLOYMENT with the old job left as it was; MR_FLINK_ROLLED_BACK.
   */
  deploy(options?: FlinkDeployOptions): Promise<FlinkDeployResult>;
  status(): Promise<FlinkStatus>;
  /** Keeps the state as it is now; the job goes on. Errors: MR_FLINK_SAVEPOINT, MR_FLINK_DEPLOYMENT. */
  savepoint(): Promise<FlinkSavepoint>;
  /** Ends the job with a savepoint, with which the next deployment begins. */
  stop(): Promise<FlinkSavepoint>;
  /** Ends the job without one: the next deployment begins empty. */
  cancel(): Promise<{ readonly job: string }>;
}

/** Errors: MR_CONFIG_INVALID when the environment has no cluster, or no checkpoints. */
export async function flinkJobs(
  input: ConfigInput,
  { env = 'local' }: FlinkJobsOptions = {},
): Promise<FlinkJobs> {
  const project = await resolveProject(input, { env });
  const { options } = flinkBindingOf(project);
  // Definitions that do not compile today must not keep anybody from ending what runs.
  return new ClusterJobs(project, options, () => flinkSql(input, { env }));
}

/** Throws MR_CONFIG_INVALID when an environment runs elsewhere. */
export function flinkBindingOf({ environment, env }: ResolvedProject): FlinkBinding {
  const { engine } = environment;
  if (engine !== undefined && 'kind' in engine && engine.kind === 'flink') {
    return engine as FlinkBinding;
  }
  throw new MillraceError('MR_CONFIG_INVALID', `environment ${env} names no cluster of Flink`, {
    fix: "add engine: flink({ gateway: 'http://localhost:8083', jobManager: 'http://localhost:8081' })",
  });
}

class ClusterJobs implements FlinkJobs {
  readonly #project: ResolvedProject;
  readonly #compile: () => Promise<ProgramWithJar>;
  readonly #folder: PlanFolder;
  readonly #cluster: FlinkCluster;
  readonly #name: string;

  constructor(
    project: ResolvedProject,
    options: FlinkBinding['options'],
    sql: () => Promise<FlinkProgram>,
  ) {
    const { gateway, jobManager, verifyTimeout = '2m', settle = '5s', settings = {} } = options;
    this.#project = project;
    this.#folder = planFolderOf(project);
    this.#name = `millrace-${jobName(project)}`;
    this.#cluster = {
      gatewayUrl: gateway,
      manager: new JobManager({ url: jobManager, clock: systemClock }),
      clock: systemClock,
      verifyTimeoutMs: parseDuration(verifyTimeout) ?? 0,
      settleMs: parseDuration(settle) ?? 0,
    };
    const { uri } = this.#folder;
    const added = flinkSettings({ name: this.#name, run: project.settings, folder: uri, settings });
    this.#compile = async () => programWithJar(project, options, withSettings(await sql(), added));
  }

  async deploy(options: FlinkDeployOptions = {}): Promise<FlinkDeployResult> {
    const { fromSavepoint = null, fresh = false, loseState = false, onStep } = options;
    const { program, putJar } = await this.#compile();
    await putJar();
    const { flinkPlan } = placementOf(this.#project);
    await createJoins(this.#project, onStep);
    await createLoadedTopics(this.#project);
    return deployJob({
      cluster: this.#cluster,
      folder: this.#folder,
      name: this.#name,
      program,
      plan: flinkPlan,
      parallelism: this.#project.settings.parallelism,
      fromSavepoint,
      isFresh: fresh,
      losesState: loseState,
      onStep: onStep ?? (() => undefined),
    });
  }

  async status(): Promise<FlinkStatus> {
    const fingerprint = await this.#compile().then(
      ({ program }) => programFingerprint(program),
      (error: unknown) => {
        if (error instanceof ProblemsError) return null;
        throw error;
      },
    );
    return flinkStatus(this.#cluster.manager, this.#name, fingerprint);
  }

  async savepoint(): Promise<FlinkSavepoint> {
    return this.#savepointOf(await this.#running(), false);
  }

  async stop(): Promise<FlinkSavepoint> {
    const job = await this.#running();
    const made = await this.#savepointOf(job, true);
    const { savepoint } = made;
    await writeStopNote(this.#folder, { number: job.number, savepoint });
    return made;
  }

  async cancel(): Promise<{ readonly job: string }> {
    const job = await this.#running();
    await endJob(this.#cluster, job.id);
    const note = { number: job.number, savepoint: null };
    await writeStopNote(this.#folder, note);
    return { job: job.id };
  }

  async #running(): Promise<DeployedJob> {
    const job = await runningJob(this.#cluster.manager, this.#name);
    if (job !== null) return job;
    throw new MillraceError('MR_FLINK_DEPLOYMENT', `no job ${this.#name} runs on the cluster`, {
      fix: 'millrace flink status says what became of it; millrace flink deploy starts it',
    });
  }

  async #savepointOf(job: DeployedJob, stop: boolean): Promise<FlinkSavepoint> {
    const directory = `${this.#folder.uri}/savepoints`;
    const savepoint = await this.#cluster.manager.savepoint({ job: job.id, directory, stop });
    return { job: job.id, savepoint };
  }
}

/** The program with the environment's options behind its own settings. */
function withSettings(
  program: FlinkProgram,
  settings: Readonly<Record<string, string>>,
): FlinkProgram {
  const added = Object.entries(settings).map(
    ([name, value]): FlinkStatement => ({
      kind: 'set',
      name,
      origin: 'environment',
      text: `SET ${quoteText(name)} = ${quoteText(value)}`,
    }),
  );
  const kept = program.statements.filter(
    ({ kind, name }) => kind !== 'set' || !Object.hasOwn(settings, name),
  );
  return { ...program, statements: [...added, ...kept] };
}
