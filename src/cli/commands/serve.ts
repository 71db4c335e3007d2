// `millrace serve`: the HTTP feature server, beside or without a running engine.
import { once } from 'node:events';
import type { Command } from 'commander';
import { millrace } from '../../app/millrace.ts';
import { parseNumber } from '../arguments.ts';
import { type CliHost, newCommand, onAction, parseWhole, projectOptions } from '../command.ts';
import { exitCodes } from '../exit-code.ts';

export interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly feastStrict?: boolean;
  readonly logServed?: number;
}

/** The options of commands that serve. */
export function withServeOptions(command: Command): Command {
  return command
    .option(
      '--port <n>',
      'port to listen on; 0 takes a free one',
      parseWhole('--port', 0, 65_535),
      6566,
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--feast-strict', 'answer exactly as Feast does, also where it is less honest')
    .option(
      '--log-served <share>',
      'log this share of served rows, from 0 to 1, for millrace skew',
      parseNumber('--log-served'),
    );
}

export function serveCommand(host: CliHost): Command {
  const command = withServeOptions(
    newCommand('serve', 'serve features over HTTP (the Feast contract, and more)', [
      'millrace serve --port 6566',
      'curl localhost:6566/v1/features/user_spend/u1',
    ]),
  );
  return onAction<[], ServeFlags>(command, host, async (invocation, _args, flags) => {
    const { load, options, terminal, signal } = invocation;
    const app = await millrace(await load(), projectOptions(options));
    try {
      const feastStrict = flags.feastStrict ?? false;
      const server = await app.serve({
        port: flags.port,
        host: flags.host,
        feastStrict,
        ...(flags.logServed === undefined ? {} : { logServed: flags.logServed }),
        onNotice: (message) => terminal.log('warn', message),
      });
      terminal.log(
        'info',
        `serving ${app.plan.views.length === 1 ? '1 view' : `${app.plan.views.length} views`} at ${server.url} (Ctrl-C stops)`,
      );
      terminal.printJson({ url: server.url, views: app.plan.views.map(({ name }) => name) });
      if (!signal.aborted) await once(signal, 'abort');
      await server.close();
      return exitCodes.ok;
    } finally {
      await app.close();
    }
  });
}
