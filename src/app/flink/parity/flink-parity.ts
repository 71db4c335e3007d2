// The proof that engine and cluster compute the same: an environment's definitions on both, bounded, over
// the same events, row by row. Nothing of the environment is written; its job goes on beside it.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { JobManager } from '../../../flink/client/job-manager.ts';
import type { FlinkProgram } from '../../../flink/flink-program.ts';
import { slotsError } from '../../../flink/deploy/start-job.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError, ProblemsError } from '../../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../../kernel/nearest-name.ts';
import type { Plan } from '../../../plan/plan.ts';
import {
  type ConfigInput,
  type ResolvedProject,
  resolveProject,
} from '../../config/resolve-project.ts';
import { jobName } from '../../recovery/checkpoint-place.ts';
import { flinkBindingOf } from '../deploy/flink-jobs.ts';
import { programWithJar } from '../deploy/functions-jar.ts';
import { comparable, comparePlan } from './compare-plan.ts';
import { chooseEvents, type ParityEventOptions } from './choose-events.ts';
import type { FlinkSide } from './flink-side.ts';
import { type FlinkParityReport, junitReport } from './parity-report.ts';

/** Options of `flinkParity`. */
export interface FlinkParityOptions extends ParityEventOptions {
  /** Name of the environment, whose `engine` names the cluster. Default `local`. */
  readonly env?: string;
  /** Only these views. Default: all. */
  readonly views?: readonly string[];
  /** Parallelism of the jobs, one run each. Default `[1]`. */
  readonly parallelism?: readonly number[];
  /**
   * A folder that this machine, the gateway and every TaskManager reach under the same path. Default: one
   * below the environment's checkpoints, when they are in a folder; else one for temporary files.
   */
  readonly folder?: string;
  /** A file for the report as JUnit's XML. */
  readonly junit?: string;
  /** A job that takes longer is given up. Default 300,000. */
  readonly timeoutMs?: number;
  /** One line for each step. */
  readonly onStep?: (text: string) => void;
}

/**
 * Computes an environment's views on the engine and on its Flink cluster, and compares every row.
 *
 * Shape: a configuration in, a report out, with rows, late records and the first differences of each window.
 * Time and order: bounded; both sides get the same records in the same order, and rows at the watermark.
 * Guarantee: topics, stores and jobs of the environment are left alone.
 * Errors: MR_FLINK_UNREACHABLE, MR_FLINK_SLOTS, MR_FLINK_PARITY when the cluster does not see the folder,
 * MR_UNKNOWN_VIEW, MR_CONFIG_INVALID without a cluster. A difference is no error: it is in the report.
 */
export async function flinkParity(
  input: ConfigInput,
  options: FlinkParityOptions = {},
): Promise<FlinkParityReport> {
  const { env = 'local', onStep = () => undefined } = options;
  const project = await resolveProject(input, { env });
  const broken = project.problems.filter(
    ({ severity, code }) => severity === 'error' && !harmless.includes(code),
  );
  if (broken.length > 0) throw new ProblemsError(project.problems, broken[0]?.code);
  const sides = await sidesOf(project, options);
  const { plan, refused } = comparable(chosenViews(project.plan, options.views));
  const events = await chooseEvents(project, plan, options);
  for (const { from, events: own } of events.values()) {
    onStep(
      `${own.stream.name}: ${own.records.length} records, ${own.splitCount} partitions, ${from}`,
    );
  }
  const folder = sides[0]?.folder ?? '';
  await mkdir(folder, { recursive: true });
  try {
    const byStream = new Map([...events].map(([name, { events: own }]) => [name, own]));
    const windows = await comparePlan({ plan, events: byStream, sides, onStep });
    checkSeen(windows, folder);
    const report: FlinkParityReport = {
      project: project.project,
      env,
      equal: windows.length > 0 && windows.every(({ equal }) => equal),
      events: [...events.values()].map(({ from, events: own }) => ({
        stream: own.stream.name,
        records: own.records.length,
        dead_letters: own.records.filter(({ row }) => row === null).length,
        partitions: own.splitCount,
        from,
      })),
      windows,
      not_compared: refused,
    };
    if (options.junit !== undefined) await writeFile(options.junit, junitReport(report));
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** That the engine is a cluster is meant here; events of a stream without a source are made up. */
const harmless: readonly string[] = ['MR_NOT_AVAILABLE', 'MR_CONFIG_UNBOUND_STREAM'];

const timeoutMsDefault = 300_000;

/** The cluster at each parallelism; it has to be there, with so many slots. */
async function sidesOf(
  project: ResolvedProject,
  { parallelism = [1], folder, timeoutMs = timeoutMsDefault }: FlinkParityOptions,
): Promise<readonly FlinkSide[]> {
  const binding = flinkBindingOf(project).options;
  const { gateway, jobManager, settings = {} } = binding;
  const manager = new JobManager({ url: jobManager, clock: systemClock });
  const { 'slots-total': slots } = await manager.overview();
  const most = Math.max(...parallelism);
  if (slots < most)
    throw slotsError(`parallelism ${most} needs ${most} slots, the cluster has ${slots}`);
  const cluster = {
    gatewayUrl: gateway,
    manager,
    clock: systemClock,
    verifyTimeoutMs: timeoutMs,
    settleMs: 0,
  };
  const prepare = async (compiled: FlinkProgram): Promise<FlinkProgram> => {
    const { program, putJar } = await programWithJar(project, binding, compiled);
    await putJar();
    return program;
  };
  const side = { cluster, folder: placeOf(project, folder), settings, timeoutMs, prepare };
  return parallelism.map((n) => ({ ...side, parallelism: n }));
}

/** Each run has a folder of its own, gone when it ends. */
function placeOf(project: ResolvedProject, folder: string | undefined): string {
  const own = `parity-${process.pid}-${systemClock.nowMs().toString(36)}`;
  if (folder !== undefined) return join(resolve(folder), own);
  const { checkpoints } = project.settings;
  const isFolder = checkpoints !== null && !/^[a-z0-9]+:\/\//.test(checkpoints.directory);
  if (!isFolder) return join(tmpdir(), `millrace-${own}`);
  return resolve(project.baseDirectory, checkpoints.directory, 'flink', jobName(project), own);
}

function chosenViews(plan: Plan, views: readonly string[] | undefined): Plan {
  if (views === undefined) return plan;
  const known = plan.views.map(({ name }) => name);
  const unknown = views.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new MillraceError('MR_UNKNOWN_VIEW', `there is no view "${unknown}"`, {
      fix: suggestName(unknown, known),
    });
  }
  return { ...plan, views: plan.views.filter(({ name }) => views.includes(name)) };
}

/** Nothing of anything: then the cluster wrote to another folder than this process reads. */
function checkSeen(windows: FlinkParityReport['windows'], folder: string): void {
  const ran = windows.filter(({ failure }) => failure === null);
  const isBlind =
    ran.some(({ rows_engine }) => rows_engine > 0) &&
    ran.every(({ rows_flink }) => rows_flink === 0);
  if (!isBlind) return;
  throw new MillraceError('MR_FLINK_PARITY', `the cluster wrote no row to ${folder}`, {
    fix: 'give --folder with a folder that this machine, the gateway and every TaskManager share',
  });
}
