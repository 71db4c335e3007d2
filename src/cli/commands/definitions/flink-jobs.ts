// `millrace flink deploy|status|savepoint|stop|cancel`: the environment's job on its Flink cluster.
import type { Command } from 'commander';
import { type FlinkJobs, flinkJobs } from '../../../app/flink/deploy/flink-jobs.ts';
import type { FlinkDeployResult } from '../../../flink/deploy/deploy-job.ts';
import type { FlinkStatefulOperator } from '../../../flink/deploy/stable-ids.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../../command.ts';
import { type ExitCode, exitCodes } from '../../exit-code.ts';
import { flinkLines } from '../../flink-lines.ts';

interface DeployFlags {
  readonly fromSavepoint?: string;
  readonly fresh?: boolean;
  readonly loseState?: boolean;
}

/** The commands about the job, to be added to `millrace flink`. */
export function flinkJobCommands(host: CliHost): readonly Command[] {
  const deploy = newCommand('deploy', 'make the cluster run the definitions of today', [
    'millrace flink deploy --env fleet',
  ])
    .option('--from-savepoint <path>', 'begin with this savepoint or checkpoint; no job may run')
    .option('--fresh', 'begin empty, though there was a job before')
    .option('--lose-state', 'go on though windows that stay begin empty');
  const status = newCommand('status', 'how the job on the cluster is', [
    'millrace flink status --env fleet --json',
  ]);
  const savepoint = newCommand('savepoint', 'keep the state as it is now; the job goes on', [
    'millrace flink savepoint --env fleet',
  ]);
  const stop = newCommand('stop', 'end the job with a savepoint, to go on from later', [
    'millrace flink stop --env fleet',
  ]);
  const cancel = newCommand('cancel', 'end the job without a savepoint', [
    'millrace flink cancel --env fleet',
  ]);
  return [
    onAction<[], DeployFlags>(deploy, host, deployAction),
    onAction<[], object>(status, host, statusAction),
    onAction<[], object>(savepoint, host, (invocation) =>
      printed(invocation, (jobs) => jobs.savepoint(), savepointText),
    ),
    onAction<[], object>(stop, host, (invocation) =>
      printed(invocation, (jobs) => jobs.stop(), stopText),
    ),
    onAction<[], object>(cancel, host, (invocation) =>
      printed(
        invocation,
        (jobs) => jobs.cancel(),
        ({ job }) => `job ${job} is cancelled`,
      ),
    ),
  ];
}

async function printed<T>(
  { load, options, terminal }: Invocation,
  call: (jobs: FlinkJobs) => Promise<T>,
  text: (result: T) => string,
): Promise<ExitCode> {
  const result = await call(await flinkJobs(await load(), { env: options.env }));
  terminal.print(text(result));
  terminal.printJson(result);
  return exitCodes.ok;
}

function savepointText({ job, savepoint }: { job: string; savepoint: string }): string {
  return `savepoint of job ${job}: ${savepoint}`;
}

function stopText({ job, savepoint }: { job: string; savepoint: string }): string {
  return `job ${job} has stopped; the next deployment begins with ${savepoint}`;
}

function deployAction(
  invocation: Invocation,
  _args: readonly [],
  { fromSavepoint, fresh = false, loseState = false }: DeployFlags,
): Promise<ExitCode> {
  const { terminal } = invocation;
  const options = {
    fresh,
    loseState,
    ...(fromSavepoint === undefined ? {} : { fromSavepoint }),
    onStep: (text: string) => {
      terminal.log('info', text);
    },
  };
  return printed(invocation, (jobs) => jobs.deploy(options), deployText);
}

function deployText({ outcome, job, deployment, savepoint, state }: FlinkDeployResult): string {
  if (outcome === 'unchanged') {
    return `job ${job} runs these definitions already (deployment ${deployment})`;
  }
  const lines = [
    `deployment ${deployment} runs as job ${job}`,
    savepoint === null ? 'it began empty' : `it went on from ${savepoint}`,
  ];
  if (state !== null && savepoint !== null) {
    for (const fate of ['kept', 'added', 'lost', 'dropped'] as const) {
      if (state[fate].length > 0) lines.push(`state ${fate}: ${placesOf(state[fate])}`);
    }
  }
  return lines.join('\n');
}

function placesOf(operators: readonly FlinkStatefulOperator[]): string {
  const names = operators.map(({ owner }) => owner.replaceAll(/\([^)]*\)/g, ''));
  return [...new Set(names)].sort().join(', ');
}

async function statusAction({ load, options, terminal }: Invocation): Promise<ExitCode> {
  const jobs = await flinkJobs(await load(), { env: options.env });
  const status = await jobs.status();
  for (const line of flinkLines(status)) terminal.print(line);
  terminal.printJson(status);
  return status.state === 'RUNNING' ? exitCodes.ok : exitCodes.environment;
}
