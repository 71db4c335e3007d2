// What the client or a server says, as errors of ours, and which of it passes by itself. Must not
// throw, whatever it is given.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';

/** Answers of a server that may be another one in a moment. */
const passingAnswers =
  /^(OOM|READONLY|LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|MISCONF|NOREPLICAS|NOSCRIPT|MOVED|ASK)\b/;
const deniedAnswers = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

const passingNames: ReadonlySet<string> = new Set([
  ...['ClientOfflineError', 'ClientClosedError', 'SocketClosedUnexpectedlyError'],
  ...['ConnectionTimeoutError', 'SocketTimeoutError', 'DisconnectsClientError', 'TimeoutError'],
  ...['AbortError', 'ReconnectStrategyError', 'RootNodesUnavailableError'],
]);
const passingCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_DESTROYED'],
]);

/** Why a server takes nothing at the moment; null: what was refused will always be. */
export type Trouble = 'away' | 'full' | 'readonly' | 'busy';

/** Which trouble an error is, when it is one that passes. */
export function troubleOf(error: unknown): Trouble | null {
  const message = messageOf(error);
  const answer = passingAnswers.exec(message)?.[1];
  if (answer === 'OOM') return 'full';
  if (answer === 'READONLY') return 'readonly';
  if (answer !== undefined) return 'busy';
  if (!(error instanceof Error)) return null;
  if (passingNames.has(error.constructor.name) || passingNames.has(error.name)) return 'away';
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string' && passingCodes.has(code)) return 'away';
  const causes = error instanceof AggregateError ? (error.errors as unknown[]) : [error.cause];
  for (const cause of causes) {
    const trouble = cause === undefined || cause === error ? null : troubleOf(cause);
    if (trouble !== null) return trouble;
  }
  return null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What people are told of a server that takes nothing. */
export const troubleTexts: Readonly<Record<Trouble, string>> = {
  away: 'does not answer',
  full: 'has no memory left (maxmemory) and takes nothing',
  readonly: 'is a replica that takes nothing',
  busy: 'takes nothing at the moment',
};

/** The error of a store that could not be opened. */
export function openFailure(name: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const isDenied = deniedAnswers.test(messageOf(cause));
  const fix = isDenied
    ? 'check user, password and the rights of that user (docs/redis.md lists the commands needed)'
    : 'start that server, or correct the address; with TLS write rediss://';
  const message = `redis ${name} cannot be opened: ${messageOf(cause) || 'no answer'}`;
  return new MillraceError('MR_STORE_OPEN', message, { cause, context: { store: name }, fix });
}

/** The error of a read or a note: away for now, or refused. */
export function requestFailure(name: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const trouble = troubleOf(cause);
  if (trouble === null) return openFailure(name, cause);
  const said = messageOf(cause);
  return new MillraceError('MR_STORE_AWAY', `redis ${name} ${troubleTexts[trouble]}: ${said}`, {
    cause,
    context: { store: name },
    fix: 'try again when it answers',
  });
}
