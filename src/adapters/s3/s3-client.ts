// Requests to an S3 server: signed, limited in time, asked again when the failure may pass. Signing
// is done by aws4fetch, which is loaded when it is first needed. Every request here may be sent
// twice without harm, except conditional writes, whose caller is told that it was.
import type { Clock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Random } from '../../kernel/random.ts';
import { isPassing, type S3Answer, s3Error } from './s3-error.ts';
import type { S3Location } from './s3-location.ts';

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Below the prefix's bucket; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** An answer, and how many times the request was sent. */
export interface S3Response extends S3Answer {
  readonly attempts: number;
}

export interface S3ClientOptions {
  readonly location: S3Location;
  readonly clock: Clock;
  readonly random: Random;
  /** For one attempt. */
  readonly timeoutMs: number;
  readonly attemptsMax: number;
}

/** What is used of aws4fetch. */
interface Signer {
  sign(
    url: string,
    init: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array | null;
      readonly aws: { readonly datetime: string };
    },
  ): Promise<Request>;
}

/** The first wait before asking again; it doubles each time. */
const backoffMs = 100;

export class S3Client {
  readonly location: S3Location;
  readonly #options: S3ClientOptions;
  #signer: Promise<Signer> | null = null;

  constructor(options: S3ClientOptions) {
    this.location = options.location;
    this.#options = options;
  }

  /** An answer with one of the statuses `expected`; anything else is an error. */
  async send(request: S3Request, expected: readonly number[]): Promise<S3Response> {
    const { attemptsMax, clock, random } = this.#options;
    for (let attempts = 1; ; attempts++) {
      const answer = await this.#attempt(request);
      const isLast = attempts >= attemptsMax;
      if (!(answer instanceof Error)) {
        if (expected.includes(answer.status)) return { ...answer, attempts };
        if (isLast || !isPassing(answer)) throw s3Error(this.location, request.key, answer);
      } else if (isLast) throw unreachable(this.location, request.key, answer);
      // Between a half and the whole, so that many processes do not ask at the same moment.
      await clock.sleep(backoffMs * 2 ** (attempts - 1) * (0.5 + random.next() / 2));
    }
  }

  /** An answer of whatever status, or the error of the network. */
  async #attempt(request: S3Request): Promise<S3Answer | Error> {
    const signed = await this.#sign(request);
    const { clock, timeoutMs } = this.#options;
    const over = new AbortController();
    const done = new AbortController();
    const timeout = clock.sleep(timeoutMs, done.signal).then(() => {
      over.abort(new Error(`no answer within ${timeoutMs / 1000} s`));
    });
    try {
      const response = await fetch(signed, { signal: over.signal, redirect: 'manual' });
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      done.abort();
      await timeout;
    }
  }

  async #sign({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Request> {
    this.#signer ??= loadSigner(this.location);
    const signer = await this.#signer;
    const path = key.split('/').map(encodeURIComponent).join('/');
    const search = new URLSearchParams(query).toString();
    const url = `${this.location.baseUrl}${path}${search === '' ? '' : `?${search}`}`;
    const hash = await sha256(body ?? new Uint8Array(0));
    return signer.sign(url, {
      method,
      headers: { ...headers, 'x-amz-content-sha256': hash },
      body: body ?? null,
      aws: { datetime: basicTime(this.#options.clock.nowMs()) },
    });
  }
}

async function loadSigner(location: S3Location): Promise<Signer> {
  const { accessKeyId, secretAccessKey, sessionToken, region } = location;
  const { AwsClient } = await importAws4fetch();
  return new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === null ? {} : { sessionToken }),
    service: 's3',
    region,
  }) as Signer;
}

async function importAws4fetch(): Promise<typeof import('aws4fetch')> {
  try {
    return await import('aws4fetch');
  } catch (cause) {
    throw new MillraceError('MR_CONFIG_INVALID', 'S3 needs the package aws4fetch', {
      cause,
      fix: 'npm install aws4fetch@1.0.20',
    });
  }
}

/** `20260131T235959Z`. */
function basicTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Buffer.from(digest).toString('hex');
}

function unreachable(location: S3Location, key: string, error: Error): MillraceError {
  const { cause } = error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : error.message;
  return new MillraceError(
    'MR_CHECKPOINT_STORAGE',
    `no answer from ${location.description} for object "${key}": ${reason}`,
    { context: { path: key }, cause: error, fix: 'check the endpoint and the network' },
  );
}
