// `millrace replay`: a second job of the environment beside the first, from the beginning of its input.
import type { Command } from 'commander';
import type { App } from '../../app/millrace.ts';
import type { Coverage } from '../../app/replay/coverage.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { withApp } from '../with-app.ts';
import { parseParallelism, printSummary, runWithProgress, threads } from './run.ts';

interface ReplayFlags {
  readonly untilCaughtUp?: boolean;
  readonly untilEnd?: boolean;
  readonly freshState?: boolean;
  readonly fromSavepoint?: string;
  readonly parallelism?: number | 'auto';
}

export function replayCommand(host: CliHost): Command {
  const command = newCommand('replay', 'run a second job over history, beside the first', [
    'millrace replay next --until-caught-up',
    'millrace compare next',
    'millrace promote next',
  ])
    .argument('<job>', 'its name: its rows, checkpoints and log lie apart under it')
    .option('--until-caught-up', 'stop when it has everything that readers see')
    .option('--until-end', 'refuse input that never ends')
    .option('--parallelism <n>', "threads that compute views, or 'auto'", parseParallelism)
    .option('--from-savepoint <name>', 'begin with a savepoint: its name, job/name, or its path')
    .option('--fresh-state', 'begin anew: drop what this job had before');
  return onAction<[string], ReplayFlags>(command, host, (invocation, [job], flags) =>
    withApp(invocation, (app) => replay(app, invocation, job, flags)),
  );
}

async function replay(
  app: App,
  { terminal, signal }: Invocation,
  job: string,
  flags: ReplayFlags,
): Promise<ExitCode> {
  const result = await runWithProgress(
    (options) => app.replay.run(job, { ...options, untilCaughtUp: flags.untilCaughtUp === true }),
    terminal,
    {
      signal,
      untilEnd: flags.untilEnd === true,
      ...(flags.freshState === true ? { existing: 'dropAll' } : {}),
      ...(flags.fromSavepoint === undefined ? {} : { fromSavepoint: flags.fromSavepoint }),
      ...(flags.parallelism === undefined ? {} : { parallelism: threads(flags.parallelism) }),
      onNotice: (message) => terminal.log('info', message),
    },
  );
  printSummary(terminal, result);
  printCoverage(terminal, job, result.coverage);
  terminal.printJson(result);
  return exitCodes.ok;
}

/** How far a second job is. */
export function printCoverage(terminal: Terminal, job: string, coverage: Coverage | null): void {
  if (coverage === null) return;
  const { rows, behind } = coverage;
  terminal.print(
    behind === 0
      ? `${job} has everything that readers see (${formatCount(rows)} rows)`
      : `${job} is behind in ${formatCount(behind)} of ${formatCount(rows)} rows`,
  );
}
