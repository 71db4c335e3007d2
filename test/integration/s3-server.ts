// An S3 server in this process, for tests: one bucket in memory, conditional writes, pages of lists,
// and faults on command. It checks every signature by its own computation (AWS Signature Version 4,
// "Authenticating Requests", API reference of Amazon S3) and the hash of every body.
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface S3Call {
  readonly method: string;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
}

/** What goes wrong with a call. */
export type S3Fault =
  /** This answer, and nothing is done. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  /** The connection is cut before anything is done. */
  | { readonly kind: 'cut' }
  /** It is done, and the connection is cut. */
  | { readonly kind: 'lost' }
  /** It is done after so long. */
  | { readonly kind: 'slow'; readonly ms: number };

interface StoredBytes {
  readonly bytes: Buffer;
  readonly etag: string;
}

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export const s3Keys = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' } as const;

/** The greatest number of keys in an answer, as with AWS. */
const pageMax = 1000;

export class S3Server {
  readonly bucket = 'checkpoints';
  readonly objects = new Map<string, StoredBytes>();
  readonly calls: S3Call[] = [];
  fault: (call: S3Call) => S3Fault | null = () => null;
  /** Old servers: conditions in headers are read over. */
  ignoresConditions = false;
  region = 'eu-central-1';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Forgets objects, calls and faults. */
  reset(): void {
    this.objects.clear();
    this.calls.length = 0;
    this.fault = () => null;
    this.ignoresConditions = false;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://host');
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const call: S3Call = {
      method: request.method ?? '',
      key: rest.join('/'),
      headers: request.headers,
    };
    this.calls.push(call);
    const fault = this.fault(call);
    if (fault?.kind === 'cut') return void request.socket.destroy();
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const answer =
      fault?.kind === 'answer'
        ? failure(fault.status, fault.code)
        : (this.#refusal(request, url, body) ?? this.#answer(bucket, call, url, body));
    if (fault?.kind === 'lost') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/xml', ...answer.headers });
    response.end(answer.body);
  }

  #answer(bucket: string, call: S3Call, url: URL, body: Buffer): Answer {
    if (bucket !== this.bucket) return failure(404, 'NoSuchBucket');
    if (call.key === '') return this.#list(url.searchParams);
    switch (call.method) {
      case 'PUT':
        return this.#put(call, body);
      case 'GET': {
        const found = this.objects.get(call.key);
        if (found === undefined) return failure(404, 'NoSuchKey');
        return { status: 200, body: found.bytes, headers: { etag: found.etag } };
      }
      case 'DELETE':
        this.objects.delete(call.key);
        return { status: 204 };
      default:
        return failure(405, 'MethodNotAllowed');
    }
  }

  #put({ key, headers }: S3Call, body: Buffer): Answer {
    const found = this.objects.get(key);
    if (!this.ignoresConditions) {
      if (headers['if-none-match'] === '*' && found !== undefined) {
        return failure(412, 'PreconditionFailed');
      }
      const match = headers['if-match'];
      if (match !== undefined && found === undefined) return failure(404, 'NoSuchKey');
      if (match !== undefined && match !== found?.etag) return failure(412, 'PreconditionFailed');
    }
    const source = headers['x-amz-copy-source'];
    const bytes = typeof source === 'string' ? this.#source(source) : body;
    if (bytes === undefined) return failure(404, 'NoSuchKey');
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    this.objects.set(key, { bytes, etag });
    const result = `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>`;
    return { status: 200, headers: { etag }, ...(source === undefined ? {} : { body: result }) };
  }

  #source(header: string): Buffer | undefined {
    const [, bucket, ...key] = header.split('/').map(decodeURIComponent);
    return bucket === this.bucket ? this.objects.get(key.join('/'))?.bytes : undefined;
  }

  #list(query: URLSearchParams): Answer {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, pageMax);
    const isTruncated = keys.length > pageMax;
    const entries = page.map(
      (key) =>
        `<Contents><Key>${escaped(key)}</Key><ETag>&quot;x&quot;</ETag>` +
        `<Size>${this.objects.get(key)?.bytes.length}</Size></Contents>`,
    );
    const next = isTruncated
      ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>`
      : '';
    const body =
      `<?xml version="1.0" encoding="UTF-8"?>\n` +
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `<IsTruncated>${isTruncated}</IsTruncated>${next}${entries.join('')}</ListBucketResult>`;
    return { status: 200, body };
  }

  /** Null when the request is signed as it must be. */
  #refusal(request: IncomingMessage, url: URL, body: Buffer): Answer | null {
    const { headers } = request;
    const pattern =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
    const parts = pattern.exec(headers.authorization ?? '');
    if (parts === null) return failure(403, 'AccessDenied');
    const [, keyId = '', day = '', region = '', signed = '', signature = ''] = parts;
    if (keyId !== s3Keys.accessKeyId) return failure(403, 'InvalidAccessKeyId');
    if (region !== this.region) return failure(400, 'AuthorizationHeaderMalformed', this.region);
    const hash = sha256(body);
    if (headers['x-amz-content-sha256'] !== hash) return failure(400, 'XAmzContentSHA256Mismatch');
    const time = String(headers['x-amz-date']);
    if (Math.abs(timeOf(time) - Date.now()) > 15 * 60_000) {
      return failure(403, 'RequestTimeTooSkewed');
    }
    const must = Object.keys(headers).filter(
      (name) => name === 'host' || /^(x-amz|if)-/.test(name),
    );
    if (must.some((name) => !signed.split(';').includes(name))) return failure(403, 'AccessDenied');
    const canonical = [
      request.method,
      url.pathname
        .split('/')
        .map((part) => rfc3986(decodeURIComponent(part)))
        .join('/'),
      [...url.searchParams]
        .map((pair) => pair.map(rfc3986).join('='))
        .sort()
        .join('&'),
      ...signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
      '',
      signed,
      hash,
    ].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', time, scope, sha256(Buffer.from(canonical))].join('\n');
    const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
      (secret, part) => hmac(secret, part),
      Buffer.from(`AWS4${s3Keys.secretAccessKey}`),
    );
    return hmac(key, text).toString('hex') === signature
      ? null
      : failure(403, 'SignatureDoesNotMatch');
  }
}

function failure(status: number, code: string, region?: string): Answer {
  const headers = region === undefined ? {} : { 'x-amz-bucket-region': region };
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
  return { status, body, headers };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Every byte but letters, digits and `-._~` as a percent sign and two digits. */
function rfc3986(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timeOf(basic: string): number {
  const iso = basic.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return Date.parse(iso);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
