// Errors as answers, in one place for whichever way a request came in.
import type { IncomingMessage } from 'node:http';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { shownJson } from '../online/shown-json.ts';
import { RequestFailure, answerTo } from '../online/request-failure.ts';
import type { ServerCore } from './server-core.ts';

/** An answer as bytes. */
export interface FailureAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const retryAfterSeconds = '1';

/** The answer to an error; what is not the caller's fault is logged. */
export function failureAnswer(
  core: Pick<ServerCore, 'strict' | 'log'>,
  error: unknown,
  route: string,
): FailureAnswer {
  const failure = asFailure(error);
  const { status, body } = answerTo(failure, core.strict);
  if (status >= 500 && !(failure instanceof RequestFailure)) {
    core.log?.error(`${route} failed: ${String(error)}`);
  }
  return {
    status,
    headers: {
      ...(status === 503 ? { 'retry-after': retryAfterSeconds } : {}),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: Buffer.from(shownJson(body) ?? ''),
  };
}

export function bodyTooLarge(): RequestFailure {
  return new RequestFailure({
    code: 'MR_SERVE_TOO_LARGE',
    status: 413,
    message: 'the body of the request is too large',
    where: 'body',
    fix: 'ask for fewer rows at a time',
  });
}

/** Fastify's own refusals as ours. */
function asFailure(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return bodyTooLarge();
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (error instanceof MillraceError || typeof status !== 'number' || status >= 500) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RequestFailure({ code: 'MR_SERVE_REQUEST', status, message, where: 'request' });
}

/** The caller's `x-request-id`. */
export function requestIdOf({ headers }: IncomingMessage): string | null {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id : null;
}

const curlType = 'application/x-www-form-urlencoded';

/** JSON, undeclared, or (for people, not in strict mode) as `curl -d` declares everything. */
export function isJson({ headers }: IncomingMessage, strict: boolean): boolean {
  const type = headers['content-type'];
  if (type === undefined || type === 'application/json') return true;
  if (!strict && type === curlType) return true;
  return /^application\/([\w.-]+\+)?json\b/i.test(type);
}

/** How long the caller waits at most, by `x-request-timeout-ms`. */
export function callerLimitMs({ headers }: IncomingMessage): number {
  const text = headers['x-request-timeout-ms'];
  const limitMs = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY;
}
