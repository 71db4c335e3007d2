// One request to a registry and what its answer means. Which failures pass is decided here: no
// answer, 408, 429 and 5xx do; everything else does not. Nothing is asked twice here.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RegistryLocation } from './registry-location.ts';

export type RegistryServer = RegistryLocation & { readonly kind: 'server' };

export interface RegistryRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** From the root of the registry, its parts encoded. */
  readonly path: string;
  readonly body?: unknown;
}

/** The JSON of an answer, or that the registry does not have what was asked for. */
export type RegistryAnswer =
  | {
      readonly kind: 'found';
      readonly json: Readonly<Record<string, unknown>> | readonly unknown[];
    }
  | { readonly kind: 'missing'; readonly code: number };

const contentType = 'application/vnd.schemaregistry.v1+json';

export class RegistryClient {
  readonly #server: RegistryServer;
  readonly #clock: Clock;

  constructor(server: RegistryServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Throws MR_REGISTRY_UNAVAILABLE, MR_REGISTRY_REFUSED, MR_SCHEMA_REFUSED, MR_SCHEMA_INVALID. */
  async send(request: RegistryRequest): Promise<RegistryAnswer> {
    const { status, text } = await this.#exchange(request);
    const json = parseJson(text);
    if (status >= 200 && status < 300) {
      if (json !== null) return { kind: 'found', json };
      throw this.#refused(`answers ${request.path} with something that is not JSON`);
    }
    const { code, message } = problemOf(json);
    // 404 with a code of the registry's own: what was asked for is not there. Without one, the
    // address leads to something else.
    if (status === 404 && code >= 40400 && code < 40500) return { kind: 'missing', code };
    throw this.#errorOf(status, code, message, request);
  }

  #errorOf(
    status: number,
    code: number,
    message: string,
    { method, path }: RegistryRequest,
  ): MillraceError {
    const { description } = this.#server;
    const answer = `answers ${method} ${path} with ${status}${message === '' ? '' : `: ${message}`}`;
    if (status === 408 || status === 429 || status >= 500) {
      return unavailable(description, answer);
    }
    if (status === 401 || status === 403) {
      return this.#refused(
        answer,
        'give the binding the right `username` and `password`, or `token`',
      );
    }
    if (status === 409) {
      return new MillraceError('MR_SCHEMA_REFUSED', `registry ${description} ${answer}`, {
        fix: 'see `millrace schema check`, and the level that the registry asks for',
      });
    }
    if (code === 42201) {
      return new MillraceError('MR_SCHEMA_INVALID', `registry ${description} ${answer}`, {
        fix: 'correct the schema',
      });
    }
    return this.#refused(answer);
  }

  #refused(
    problem: string,
    fix = 'correct the address: is a schema registry there?',
  ): MillraceError {
    const text = `registry ${this.#server.description} ${problem}`;
    return new MillraceError('MR_REGISTRY_REFUSED', text, { fix });
  }

  async #exchange({ method, path, body }: RegistryRequest): Promise<{
    readonly status: number;
    readonly text: string;
  }> {
    const { url, headers, timeoutMs, description } = this.#server;
    const over = new AbortController();
    const done = new AbortController();
    const timeout = this.#clock.sleep(timeoutMs, done.signal).then(() => {
      over.abort(new Error(`no answer within ${timeoutMs / 1000} s`));
    });
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { accept: `${contentType}, application/json`, ...bodyType(body), ...headers },
        body: body === undefined ? null : JSON.stringify(body),
        signal: over.signal,
        redirect: 'manual',
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw unavailable(description, `cannot be reached: ${reasonOf(cause)}`, cause);
    } finally {
      done.abort();
      await timeout;
    }
  }
}

function unavailable(description: string, problem: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_REGISTRY_UNAVAILABLE', `registry ${description} ${problem}`, {
    fix: 'start the registry, or correct its address',
    ...(cause === undefined ? {} : { cause }),
  });
}

function bodyType(body: unknown): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'content-type': contentType };
}

/** What a failed fetch says: its own message is always the same. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}

function parseJson(text: string): Readonly<Record<string, unknown>> | readonly unknown[] | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' ? (json as Readonly<Record<string, unknown>> | null) : null;
  } catch {
    return null;
  }
}

function problemOf(json: unknown): { readonly code: number; readonly message: string } {
  if (typeof json !== 'object' || json === null) return { code: 0, message: '' };
  const { error_code: code, message } = json as Readonly<Record<string, unknown>>;
  return {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : '',
  };
}
