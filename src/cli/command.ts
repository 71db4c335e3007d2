// What every command of the command line shares: the global options, the project that they name, and
// an action that gives an exit code.
import { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../app/config/load-config.ts';
import type { MillraceOptions } from '../app/millrace.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import type { ExitCode } from './exit-code.ts';
import { type LogLevel, type Streams, type Terminal, createTerminal } from './terminal.ts';

export interface GlobalOptions {
  readonly config: string;
  readonly env: string;
  readonly as?: string;
  readonly json: boolean;
  readonly logLevel: LogLevel;
}

/** What an action gets besides its own arguments and options. */
export interface Invocation {
  readonly terminal: Terminal;
  readonly options: GlobalOptions;
  /** Aborts at Ctrl-C or SIGTERM. Who reads it promises to stop then. */
  readonly signal: AbortSignal;
  /** The configuration that `--config` names; relative to where the command runs. */
  readonly load: (generation?: number) => Promise<LoadedConfig>;
}

/** Where a command line runs: its streams, what stops it, and where its exit code goes. */
export interface CliHost {
  readonly streams: Streams;
  readonly signal: () => AbortSignal;
  setExitCode(code: ExitCode): void;
}

export type Action<A extends readonly unknown[], O> = (
  invocation: Invocation,
  args: A,
  options: O,
) => Promise<ExitCode>;

/** What the global options say of the project to open. */
export function projectOptions({ env, as }: GlobalOptions): MillraceOptions {
  return { env, ...(as === undefined ? {} : { as }) };
}

/** A sub-command with an example in its help. Arguments and options are added by the caller. */
export function newCommand(
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const heading = examples.length === 1 ? 'Example:' : 'Examples:';
  const lines = examples.map((example) => `  $ ${example}`).join('\n');
  return new Command(name).description(description).addHelpText('after', `\n${heading}\n${lines}`);
}

/** Connects a command to its action. */
export function onAction<A extends readonly unknown[], O>(
  command: Command,
  host: CliHost,
  action: Action<A, O>,
): Command {
  return command.action(async (...received: unknown[]) => {
    const args = received.slice(0, -2) as unknown as A;
    const options: GlobalOptions & O = command.optsWithGlobals();
    const invocation: Invocation = {
      terminal: createTerminal(options, host.streams),
      options,
      get signal() {
        return host.signal();
      },
      load: (generation = 1) => loadConfig(options.config, { generation }),
    };
    host.setExitCode(await action(invocation, args, options));
  });
}

/** A whole number from the command line; throws MR_USAGE. */
export function parseWhole(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new MillraceError('MR_USAGE', `${option} must be a whole number, not "${text}"`, {
      fix: `give a number from ${min} to ${max}`,
    });
  };
}
