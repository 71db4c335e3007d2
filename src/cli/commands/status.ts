// `millrace status`: how the job of the environment is, whichever process runs it: problems first,
// each with what to do. Exit code 1 when the job does not do its work.
import type { Command } from 'commander';
import { resolveProject } from '../../app/config/resolve-project.ts';
import { type JobStatus, readStatus, watchStatus } from '../../app/status/job-status.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { formatInstant } from '../../kernel/instant.ts';
import { parseMs } from '../arguments.ts';
import { type CliHost, type Invocation, newCommand, onAction, projectOptions } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { flinkLines } from '../flink-lines.ts';
import { statusTables } from '../status-tables.ts';
import type { Terminal } from '../terminal.ts';

interface StatusFlags {
  readonly watch?: boolean;
  readonly interval?: number;
}

export function statusCommand(host: CliHost): Command {
  const command = newCommand('status', 'how the job is, whichever process runs it', [
    'millrace status --env production',
    'millrace status --as next --watch',
    'millrace status --json',
  ])
    .option('--watch', 'look again and again, until Ctrl-C')
    .option(
      '--interval <duration>',
      'from one look to the next (default 2s)',
      parseMs('--interval'),
    );
  return onAction<[], StatusFlags>(command, host, async (invocation, _args, flags) => {
    const project = await resolveProject(await invocation.load(), {
      ...projectOptions(invocation.options),
      env: invocation.options.env,
    });
    return flags.watch === true ? watch(project, invocation, flags) : once(project, invocation);
  });
}

type Project = Parameters<typeof readStatus>[0];

async function once(project: Project, { terminal }: Invocation): Promise<ExitCode> {
  const status = await readStatus(project);
  printStatus(terminal, status);
  terminal.printJson(status);
  return exitCodeFor(status);
}

async function watch(
  project: Project,
  { terminal, signal }: Invocation,
  { interval }: StatusFlags,
): Promise<ExitCode> {
  let last: JobStatus | null = null;
  const options = { signal, ...(interval === undefined ? {} : { intervalMs: interval }) };
  for await (last of watchStatus(project, options)) {
    printStatus(terminal, last);
    terminal.print();
  }
  last ??= await readStatus(project);
  terminal.printJson(last);
  return exitCodeFor(last);
}

function exitCodeFor({ healthy }: JobStatus): ExitCode {
  return healthy ? exitCodes.ok : exitCodes.userError;
}

function printStatus(terminal: Terminal, status: JobStatus): void {
  terminal.print(`${formatInstant(status.at_ms)} ${headline(status)}`);
  for (const { level, message, fix } of status.problems) {
    terminal.print(`${level === 'critical' ? 'CRITICAL' : 'WARN'} ${message}`);
    terminal.print(`  → ${fix}`);
  }
  if (status.last !== null) {
    for (const text of statusTables(status, status.last)) terminal.print(text);
  }
  if (status.flink !== null) for (const line of flinkLines(status.flink)) terminal.print(line);
}

function headline({ job, state, process, silent_ms, last }: JobStatus): string {
  if (process === null) return `${job}: never run (millrace run starts it)`;
  const who = `process ${process.pid} on ${process.host}`;
  const heard = silent_ms === null ? '' : `, heard from ${shortly(silent_ms)} ago`;
  const isEnded = state === 'finished' || state === 'stopped' || state === 'failed';
  if (isEnded && last !== null) {
    const what = state === 'finished' ? 'finished: its input has ended' : state;
    return `${job}: ${what}, at ${formatInstant(last.written_at_ms)} by ${who}`;
  }
  return `${job}: ${state}, ${who}${heard}`;
}

function shortly(ms: number): string {
  return formatDuration(Math.round(ms / 1000) * 1000);
}
