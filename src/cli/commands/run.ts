// `millrace run`: the engine, with progress on stderr and a summary at the end. Ctrl-C and SIGTERM
// stop it cleanly, with everything that was read written.
import type { Command } from 'commander';
import { automaticParallelism } from '../../app/config/run-settings.ts';
import type { RunOptions } from '../../app/run-project.ts';
import { type App, type RunSummary, millrace } from '../../app/millrace.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import {
  type CliHost,
  type Invocation,
  newCommand,
  onAction,
  parseWhole,
  projectOptions,
} from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { createProgressLine, describeProgress } from '../progress.ts';
import { formatCount, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export interface RunFlags {
  readonly untilEnd?: boolean;
  readonly freshState?: boolean;
  readonly acceptDuplicates?: boolean;
  readonly parallelism?: number | 'auto';
  readonly fromSavepoint?: string;
  readonly standby?: boolean;
  readonly metricsPort?: number;
}

export function runCommand(host: CliHost): Command {
  const command = newCommand('run', 'run the engine: read the streams, keep the features fresh', [
    'millrace run --until-end',
    'millrace run --env local --json',
  ])
    .option('--until-end', 'stop at the end of bounded input and fire everything')
    .option('--parallelism <n>', "threads that compute views, or 'auto'", parseParallelism)
    .option('--from-savepoint <name>', 'begin with a savepoint: its name, job/name, or its path')
    .option('--standby', 'wait while another process runs the job, and take over when it is gone')
    .option(
      '--accept-duplicates',
      'when the checkpoint of exactly-once output is gone, take an older one: results since then come twice',
    )
    .option(
      '--metrics-port <port>',
      'serve /metrics while it runs',
      parseWhole('--metrics-port', 0, 65_535),
    )
    .option('--fresh-state', 'begin anew: drop checkpoints, rows of the online store and the log');
  return onAction<[], RunFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    try {
      return await run(app, invocation, flags);
    } finally {
      await app.close();
    }
  });
}

const parseThreads = parseWhole('--parallelism', 1, 128);

/** `--parallelism`: a number, or `auto`. */
export function parseParallelism(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : parseThreads(text);
}

/** What `auto` is on this machine. */
export function threads(parallelism: number | 'auto'): number {
  return parallelism === 'auto' ? automaticParallelism() : parallelism;
}

async function run(app: App, invocation: Invocation, flags: RunFlags): Promise<ExitCode> {
  if (flags.standby === true && (flags.freshState === true || flags.fromSavepoint !== undefined)) {
    const message = '--standby goes on with the state of the job that it waits for';
    const fix = 'leave out --fresh-state and --from-savepoint';
    throw new MillraceError('MR_USAGE', message, { fix });
  }
  const { terminal, signal } = invocation;
  const summary = await runWithProgress((spec) => app.run(spec), terminal, {
    signal,
    untilEnd: flags.untilEnd === true,
    ...(flags.freshState === true ? { existing: 'dropAll' } : {}),
    standby: flags.standby === true,
    ...(flags.metricsPort === undefined ? {} : { metricsPort: flags.metricsPort }),
    acceptDuplicates: flags.acceptDuplicates === true,
    onNotice: (message) => terminal.log('info', message),
    ...(flags.parallelism === undefined ? {} : { parallelism: threads(flags.parallelism) }),
    ...(flags.fromSavepoint === undefined ? {} : { fromSavepoint: flags.fromSavepoint }),
  });
  if (!signal.aborted && flags.untilEnd !== true) {
    terminal.log('info', 'the input has ended, and nothing else is bound: done');
  }
  printSummary(terminal, summary);
  terminal.printJson(summary);
  return exitCodes.ok;
}

/** Runs with a progress line; used by `run` and `replay`. */
export async function runWithProgress<S extends RunSummary>(
  run: (options: RunOptions) => Promise<S>,
  terminal: Terminal,
  options: RunOptions & { readonly signal: AbortSignal },
): Promise<S> {
  const line = createProgressLine(terminal);
  const announceStop = (): void => {
    line.end();
    terminal.log('info', 'stopping: writing out what was read (again to stop at once)');
  };
  options.signal.addEventListener('abort', announceStop, { once: true });
  try {
    return await run({
      ...options,
      onProgress: (progress) => line.update(() => describeProgress(progress)),
    });
  } finally {
    options.signal.removeEventListener('abort', announceStop);
    line.end();
  }
}

/** What a run did, for people. */
export function printSummary(terminal: Terminal, summary: RunSummary): void {
  const seconds = (summary.elapsed_ms / 1000).toFixed(2);
  const rate = formatCount(summary.events_per_second);
  terminal.print(`${formatCount(summary.records_in)} events in ${seconds} s: ${rate} events/s`);
  terminal.print(
    `late records ${formatCount(summary.late_records)}, dead letters ${formatCount(summary.dead_letters)}`,
  );
  printCheckpoints(terminal, summary);
  const rows = Object.entries(summary.views).map(([view, { entities, updates }]) => [
    view,
    formatCount(entities),
    formatCount(updates),
  ]);
  if (rows.length > 0)
    terminal.print(formatTable(['view', 'entities', 'updates'], rows, new Set([1, 2])));
}

function printCheckpoints(terminal: Terminal, summary: RunSummary): void {
  const { checkpoints, failed_checkpoints, restarts, restored_checkpoint } = summary;
  if (restored_checkpoint !== null) {
    const nothing = summary.records_in === 0 ? ': there was nothing new to read' : '';
    terminal.print(`went on from checkpoint ${restored_checkpoint}${nothing}`);
  }
  if (checkpoints + failed_checkpoints + restarts === 0) return;
  const failed = failed_checkpoints === 0 ? '' : `, ${formatCount(failed_checkpoints)} failed`;
  const again = restarts === 0 ? '' : `, restarts ${formatCount(restarts)}`;
  terminal.print(`checkpoints ${formatCount(checkpoints)}${failed}${again}`);
}
