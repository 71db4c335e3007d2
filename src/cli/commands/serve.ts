// `millrace serve`: the HTTP feature server, beside or without a running engine.
import { once } from 'node:events';
import type { Command } from 'commander';
import { type App, millrace } from '../../app/millrace.ts';
import type { ServeOptions } from '../../app/serving/serve-options.ts';
import {
  type WorkerLink,
  isServeWorker,
  linkToPool,
  serveWorkers,
} from '../../app/serving/serve-workers.ts';
import { parseNumber } from '../arguments.ts';
import {
  type CliHost,
  type Invocation,
  newCommand,
  onAction,
  parseWhole,
  projectOptions,
} from '../command.ts';
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

/** Options of `serve` alone. */
interface ServeAloneFlags extends ServeFlags {
  readonly workers: number;
  readonly tokens?: string;
  readonly deadline?: number;
  readonly inFlight?: number;
  readonly cache?: number;
  readonly accessLog?: string;
}

export function serveCommand(host: CliHost): Command {
  const command = withServeOptions(
    newCommand('serve', 'serve features over HTTP (the Feast contract, and more)', [
      'millrace serve --port 6566',
      'curl localhost:6566/v1/features/user_spend/u1',
    ]),
  )
    .option('--workers <n>', 'processes that serve', parseWhole('--workers', 1, 256), 1)
    .option('--tokens <file>', 'JSON file of tokens and the views that they open')
    .option('--deadline <ms>', 'answer 503 after so long', parseWhole('--deadline', 1, 600_000))
    .option('--in-flight <n>', 'most requests at once', parseWhole('--in-flight', 1, 1_000_000))
    .option('--cache <ms>', 'serve hot keys from memory', parseWhole('--cache', 0, 3_600_000))
    .option('--access-log <file>', 'a line of JSON per request; - is standard error');
  return onAction<[], ServeAloneFlags>(command, host, async (invocation, _args, flags) => {
    const link = isServeWorker ? linkToPool() : null;
    const app = await millrace(await invocation.load(), projectOptions(invocation.options));
    try {
      if (link !== null) await serveAsWorker(app, { invocation, flags, link });
      else if (flags.workers > 1) await serveByWorkers(app, invocation, flags.workers);
      else await serveAlone(app, invocation, flags);
      return exitCodes.ok;
    } finally {
      await app.close();
      // A worker lives as long as it is connected.
      link?.close();
    }
  });
}

function serveOptions(flags: ServeAloneFlags, { terminal }: Invocation): ServeOptions {
  return {
    port: flags.port,
    host: flags.host,
    feastStrict: flags.feastStrict ?? false,
    ...(flags.logServed === undefined ? {} : { logServed: flags.logServed }),
    ...(flags.tokens === undefined ? {} : { tokensFile: flags.tokens }),
    ...(flags.deadline === undefined ? {} : { deadlineMs: flags.deadline }),
    ...(flags.inFlight === undefined ? {} : { inFlightMax: flags.inFlight }),
    ...(flags.cache === undefined ? {} : { cacheMs: flags.cache }),
    ...(flags.accessLog === undefined ? {} : { accessLog: flags.accessLog }),
    onNotice: (message) => terminal.log('warn', message),
  };
}

async function serveAlone(app: App, invocation: Invocation, flags: ServeAloneFlags): Promise<void> {
  const server = await app.serve(serveOptions(flags, invocation));
  announce(app, invocation, server.url, '');
  const { signal } = invocation;
  if (!signal.aborted) await once(signal, 'abort');
  await server.close();
}

/** One of several processes: the first one speaks for it. */
async function serveAsWorker(app: App, { invocation, flags, link }: WorkerParts): Promise<void> {
  const { renderMetrics } = link;
  const server = await app.serve({ ...serveOptions(flags, invocation), renderMetrics });
  link.serving(server.url);
  const stop = AbortSignal.any([invocation.signal, link.stopped]);
  if (!stop.aborted) await once(stop, 'abort');
  await server.close();
}

interface WorkerParts {
  readonly invocation: Invocation;
  readonly flags: ServeAloneFlags;
  readonly link: WorkerLink;
}

async function serveByWorkers(app: App, invocation: Invocation, count: number): Promise<void> {
  const { signal, terminal } = invocation;
  await serveWorkers({
    count,
    signal,
    onServing: (url) => announce(app, invocation, url, ` with ${count} workers`),
    onNotice: (message) => terminal.log('warn', message),
  });
}

function announce(app: App, { terminal }: Invocation, url: string, how: string): void {
  const { views } = app.plan;
  const count = views.length === 1 ? '1 view' : `${views.length} views`;
  terminal.log('info', `serving ${count} at ${url}${how} (Ctrl-C stops)`);
  terminal.printJson({ url, views: views.map(({ name }) => name) });
}
