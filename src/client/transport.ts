// One request, tried again while there is time: a server that is busy or away, and a connection that
// breaks, may be well a moment later; what the server refuses stays refused. All tries together keep
// the deadline.
import { type Clock, systemClock } from '../kernel/clock.ts';
import { type ErrorCode, errorCatalogue } from '../kernel/errors/catalogue.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { seededRandom } from '../kernel/random.ts';
import { parseExact } from './json-values.ts';

export interface TransportOptions {
  readonly url: string;
  readonly token: string | null;
  readonly retriesMax: number;
  readonly fetch: typeof fetch;
}

export interface Answered {
  readonly body: unknown;
  /** What *now* was for the server, epoch ms. */
  readonly servedAtMs: number;
}

export type Transport = (body: string, deadlineMs: number) => Promise<Answered>;

const firstWaitMs = 20;
const path = '/get-online-features';

export function createTransport(options: TransportOptions, clock: Clock = systemClock): Transport {
  const random = seededRandom(clock.nowMs());
  return async (body, deadlineMs) => {
    const endMs = clock.monotonicMs() + deadlineMs;
    for (let tries = 0; ; tries++) {
      const leftMs = endMs - clock.monotonicMs();
      const outcome = await tryOnce(options, body, leftMs, clock);
      if ('body' in outcome) return outcome;
      const waitMs = outcome.waitMs ?? firstWaitMs * 2 ** tries * (0.5 + random.next());
      const isLast = tries >= options.retriesMax || clock.monotonicMs() + waitMs >= endMs;
      if (isLast) throw away(options.url, deadlineMs, outcome.cause);
      await clock.sleep(waitMs);
    }
  };
}

interface Failed {
  readonly cause: unknown;
  /** How long the server wants to be left alone; null: it does not say. */
  readonly waitMs: number | null;
}

async function tryOnce(
  { url, token, fetch }: TransportOptions,
  body: string,
  leftMs: number,
  clock: Clock,
): Promise<Answered | Failed> {
  const limitMs = Math.max(1, Math.ceil(leftMs));
  const stop = new AbortController();
  const timer = new AbortController();
  void clock.sleep(limitMs, timer.signal).then(() => stop.abort(late(limitMs)));
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      body,
      signal: stop.signal,
      headers: {
        'content-type': 'application/json',
        'x-request-timeout-ms': String(limitMs),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const text = await response.text();
    return takeAnswer(response, text, clock);
  } catch (cause) {
    if (cause instanceof MillraceError && cause.code !== 'MR_CLIENT_AWAY') throw cause;
    return { cause, waitMs: null };
  } finally {
    timer.abort();
  }
}

function takeAnswer({ status, headers }: Response, text: string, clock: Clock): Answered | Failed {
  const body = bodyOf(text);
  if (status === 200) {
    const servedAt = Number(headers.get('x-served-at-ms') ?? clock.nowMs());
    return { body, servedAtMs: servedAt };
  }
  const failure = failureOf(status, body);
  if (status < 500) throw failure;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const isBusy = failure.code === 'MR_SERVE_BUSY' && Number.isFinite(seconds);
  return { cause: failure, waitMs: isBusy ? seconds * 1000 : null };
}

function bodyOf(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return null;
  }
}

/** What the server says of a refusal, in its words and with its code. */
function failureOf(status: number, body: unknown): MillraceError {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Readonly<
    Record<'code' | 'message' | 'where' | 'fix', unknown>
  >;
  const code = String(said.code);
  const message = `${status}: ${String(said.message ?? 'the server refused the request')}`;
  return new MillraceError(isErrorCode(code) ? code : 'MR_CLIENT_REFUSED', message, {
    context: { path: String(said.where ?? '') },
    ...(typeof said.fix === 'string' ? { fix: said.fix } : {}),
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function late(limitMs: number): MillraceError {
  return new MillraceError('MR_CLIENT_AWAY', `no answer within ${limitMs} ms`);
}

function away(url: string, deadlineMs: number, cause: unknown): MillraceError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new MillraceError(
    'MR_CLIENT_AWAY',
    `${url} did not answer a read within ${deadlineMs} ms${why}`,
    { cause, fix: 'give a fallback for such times, or a longer deadline' },
  );
}
