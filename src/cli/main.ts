// The command line's entry: arguments in, exit code out. Every way of failing ends here: usage errors
// are 2, what the user or the environment did wrong 1 or 3, and only a bug of ours shows a stack.
import { CommanderError } from 'commander';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { CliHost } from './command.ts';
import { describeError, errorDocument } from './describe-error.ts';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-code.ts';
import { createProgram } from './program.ts';
import { listenForStop } from './stop-signal.ts';
import { type Streams, createTerminal } from './terminal.ts';

/** Runs one command line (without `node` and the script) and resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = listenForStop(process);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  try {
    return await runCommandLine(argv, { out: process.stdout, err: process.stderr }, stop.signal);
  } finally {
    stop.dispose();
  }
}

/** Who reads our output may leave early (`| head`): that is no error of ours. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** The same with streams and a stop signal of the caller's: what tests and programs use. */
export async function runCommandLine(
  argv: readonly string[],
  streams: Streams,
  signal: () => AbortSignal,
): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const host: CliHost = {
    streams,
    signal,
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    await createProgram(host).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return fail(error, argv, streams);
  }
}

function fail(thrown: unknown, argv: readonly string[], streams: Streams): ExitCode {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.ok;
  const error = thrown instanceof CommanderError ? usageError(thrown) : thrown;
  const terminal = createTerminal({ json: argv.includes('--json'), logLevel: 'error' }, streams);
  if (isAbort(error)) {
    terminal.log('error', 'stopped before the end: nothing was written');
    terminal.printJson({ stopped: true });
    return exitCodes.userError;
  }
  terminal.log('error', describeError(error));
  terminal.printJson(errorDocument(error));
  return exitCodeOf(error);
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Commander's words, with its suggestion as the fix. */
function usageError(error: CommanderError): MillraceError {
  if (error.code === 'commander.help') {
    return new MillraceError('MR_USAGE', 'no command was given', {
      fix: 'millrace --help lists the commands',
    });
  }
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const hint = rest
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  return new MillraceError('MR_USAGE', message, {
    fix: hint === '' ? 'millrace --help, or --help after the command, shows what it takes' : hint,
  });
}
