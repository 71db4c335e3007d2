// `millrace dev`: the engine and the server in one process, started again when a project file changes.
// A bad edit is shown, and what ran goes on running.
import type { Command } from 'commander';
import { type DevSession, startDevSession } from '../../app/dev/dev-session.ts';
import { watchProject } from '../../app/dev/watch-project.ts';
import { type CliHost, type Invocation, newCommand, onAction } from '../command.ts';
import { describeError } from '../describe-error.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { createProgressLine, describeProgress } from '../progress.ts';
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
  const line = createProgressLine(terminal);
  let generation = 1;
  const start = async (): Promise<DevSession> => {
    const session = await startDevSession(await load(generation), {
      env: options.env,
      port: flags.port,
      host: flags.host,
      onProgress: (progress) => line.update(() => describeProgress(progress)),
      onEnd: (summary) => {
        line.end();
        terminal.log('info', `input ended after ${summary.records_in} events; still serving`);
      },
      onFailure: (error) => {
        line.end();
        terminal.log('error', describeError(error));
      },
    });
    line.end();
    terminal.log('info', `running and serving at ${session.url} (Ctrl-C stops)`);
    return session;
  };
  let session = await start();
  terminal.printJson({ url: session.url });
  const changes = watchProject(await load(generation), signal);
  for await (const changed of changes) {
    generation++;
    line.end();
    terminal.log('info', `${changed} changed: loading the project again`);
    try {
      await session.check(await load(generation));
      await session.stop();
      session = await start();
    } catch (error) {
      terminal.log('error', describeError(error));
      terminal.log('info', 'what ran before goes on');
    }
  }
  await session.stop();
  return exitCodes.ok;
}
