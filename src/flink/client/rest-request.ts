// One request of Flink's REST interfaces: JSON in, JSON out. A server that is not there, and one that
// answers with an error, are told apart; what the error means is for the caller to say.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** What is asked of whom. */
export interface RestRequest {
  /** Base address. */
  readonly url: string;
  /** For people: `the SQL gateway`. */
  readonly server: string;
  /** The option that holds the address. */
  readonly option: 'gateway' | 'jobManager';
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
}

/** A request took longer than this: the server is as good as gone. */
const requestTimeoutMs = 60_000;

/** What a server answered. */
export type RestAnswer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly trace: string };

/** Asks; throws MR_FLINK_UNREACHABLE when nobody answers. */
export async function askRest(request: RestRequest): Promise<RestAnswer> {
  const { url, server, option, path, method = 'GET', body } = request;
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(requestTimeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new MillraceError('MR_FLINK_UNREACHABLE', `${server} at ${url} does not answer`, {
      cause,
      fix: `start it, or correct \`${option}\` of flink({ … })`,
    });
  });
  const text = await answer.text();
  if (!answer.ok) return { ok: false, status: answer.status, trace: traceOf(text) };
  return { ok: true, body: parsed(text, request) };
}

function parsed(text: string, { url, server, option }: RestRequest): unknown {
  try {
    return text === '' ? {} : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new MillraceError('MR_FLINK_UNREACHABLE', `${url} answers, but is not ${server}`, {
      cause,
      fix: `correct \`${option}\` of flink({ … })`,
    });
  }
}

/** The longest of the answer's errors is the trace. */
function traceOf(text: string): string {
  try {
    const { errors = [] } = JSON.parse(text) as { readonly errors?: readonly string[] };
    return errors.toSorted((a, b) => b.length - a.length)[0] ?? text;
  } catch {
    return text;
  }
}
