// `millrace dev`: the engine and the server in one process, started again when a project file changes.
// A bad edit is shown, and what ran goes on running.
import type { Command } from 'commander';
import { checkProject } from '../../app/config/check-project.ts';
import type { LoadedConfig } from '../../app/config/load-config.ts';
import { type DevSession, startDevSession } from '../../app/dev/dev-session.ts';
import { watchProject } from '../../app/dev/watch-project.ts';
import { ProblemsError } from '../../kernel/errors/millrace-error.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { describeError } from '../describe-error.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { createProgressLine, describeProgress } from '../progress.ts';
import { formatCount } from '../table.ts';
import { type ServeFlags, withServeOptions } from './serve.ts';

export function devCommand(host: CliHost): Command {
  const command = withServeOptions(
    newCommand('dev', 'run and serve in one process; reload when definitions change', [
      'millrace dev',
    ]),
  );
  return onAction<[], ServeFlags>(command, host, (invocation, _args, flags) =>
    develop(invocation, flags),
  );
}

async function develop(invocation: Invocation, flags: ServeFlags): Promise<ExitCode> {
  const { load, options, terminal, signal } = invocation;
  const start = sessionStarter(invocation, flags);
  let generation = 1;
  let running = await load(generation);
  const changes = watchProject(running, signal);
  let session = await start(running);
  terminal.printJson({ url: session.url });
  for await (const changed of changes) {
    terminal.log('info', `${changed} changed: loading the project again`);
    try {
      generation++;
      const next = await loadChecked(await load(generation), options.env);
      await session.stop();
      session = await start(next);
      running = next;
    } catch (error) {
      terminal.log('error', describeError(error));
      terminal.log('info', 'what ran before goes on');
      if (session.isStopped()) session = await start(running);
    }
  }
  await session.stop();
  return exitCodes.ok;
}

/** The configuration, or everything that is wrong with it. */
async function loadChecked(config: LoadedConfig, env: string): Promise<LoadedConfig> {
  const { problems, plan } = await checkProject(config, env);
  if (plan === null) throw new ProblemsError(problems);
  return config;
}

function sessionStarter(
  { options, terminal }: Invocation,
  { port, host }: ServeFlags,
): (config: LoadedConfig) => Promise<DevSession> {
  const line = createProgressLine(terminal);
  const say = (level: 'info' | 'error', text: string): void => {
    line.end();
    terminal.log(level, text);
  };
  return async (config) => {
    const session = await startDevSession(config, {
      env: options.env,
      port,
      host,
      onProgress: (progress) => line.update(() => describeProgress(progress)),
      onEnd: (summary) =>
        say('info', `input ended after ${formatCount(summary.records_in)} events; still serving`),
      onFailure: (error) => say('error', describeError(error)),
    });
    say('info', `running and serving at ${session.url} (Ctrl-C stops)`);
    return session;
  };
}
