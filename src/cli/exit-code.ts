// Exit codes of the command line, from what went wrong. Anything that is not an error we throw on
// purpose is a bug of ours.
import { MillraceError } from '../kernel/errors/millrace-error.ts';

export const exitCodes = { ok: 0, userError: 1, usage: 2, environment: 3, bug: 70 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof MillraceError)) return exitCodes.bug;
  if (error.code === 'MR_USAGE') return exitCodes.usage;
  switch (error.blame) {
    case 'definition':
    case 'config':
    case 'data':
      return exitCodes.userError;
    case 'external':
      return exitCodes.environment;
    case 'internal':
      return exitCodes.bug;
  }
}
