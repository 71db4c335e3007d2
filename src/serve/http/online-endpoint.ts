// `POST /get-online-features` on bare requests and answers of node:http: this is the one route for
// which the way through a framework costs as much as the work. The same function serves requests that
// came through the framework (tests, hosts with a server of their own).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../online/answer-buffers.ts';
import { type Caller, anybody } from '../online/caller.ts';
import { sourceHeader } from '../read/answer-source.ts';
import { bodyTooLarge, callerLimitMs, failureAnswer, isJson, requestIdOf } from './failures.ts';
import type { ServerCore } from './server-core.ts';

export const onlinePath = '/get-online-features';
const jsonType = 'application/json';

/** In metrics and log: the caller went away before it was answered. */
const goneStatus = 499;

export interface OnlineEndpoint {
  /** Reads the body and answers. */
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a request whose body was read. */
  answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void;
}

export function createOnlineEndpoint(core: ServerCore): OnlineEndpoint {
  return {
    serve(request, response) {
      const exchange = new OnlineExchange(core, request, response);
      if (exchange.begin()) exchange.readBody();
    },
    answer(request, response, body) {
      const exchange = new OnlineExchange(core, request, response);
      if (exchange.begin()) exchange.answer(body);
    },
  };
}

/** One request from its head to its last byte. */
class OnlineExchange {
  readonly #core: ServerCore;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #startMs = performance.now();
  #caller: Caller = anybody;
  #answer: Answer | null = null;
  #bytes = 0;
  #isInside = false;
  #isOver = false;

  constructor(core: ServerCore, request: IncomingMessage, response: ServerResponse) {
    this.#core = core;
    this.#request = request;
    this.#response = response;
    const end = (): void => this.#end();
    response.on('finish', end);
    response.on('close', end);
  }

  /** False when the request was refused. */
  begin(): boolean {
    const { access, admission } = this.#core;
    try {
      this.#caller = access.callerOf(this.#request.headers.authorization);
      admission.enter();
      this.#isInside = true;
      return true;
    } catch (error) {
      this.#request.resume();
      this.#fail(error);
      return false;
    }
  }

  readBody(): void {
    const { bodyBytesMax } = this.#core;
    const request = this.#request;
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return this.#tooLarge();
    let first: Buffer | null = null;
    let chunks: Buffer[] | null = null;
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyBytesMax) return this.#tooLarge();
      if (first === null) first = chunk;
      else (chunks ??= [first]).push(chunk);
    });
    request.on('end', () => {
      if (size <= bodyBytesMax) {
        this.answer(chunks === null ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks));
      }
    });
    request.on('error', () => undefined);
  }

  answer(body: Buffer): void {
    const { onlineFeatures, admission, strict } = this.#core;
    const request = this.#request;
    try {
      const made = onlineFeatures(body, {
        isJson: isJson(request, strict),
        requestId: requestIdOf(request),
        caller: this.#caller,
      });
      if (!(made instanceof Promise)) return this.#send(made);
      admission.withinDeadline(made, callerLimitMs(request)).then(
        (answer) => this.#send(answer),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(answer: Answer): void {
    const response = this.#response;
    if (this.#isOver || response.headersSent) return answer.release();
    this.#answer = answer;
    const { bytes, source, servedAtMs } = answer;
    if (servedAtMs !== undefined) response.setHeader('x-served-at-ms', servedAtMs);
    if (source !== undefined) response.setHeader(sourceHeader, source);
    this.#bytes = bytes.length;
    if (this.#core.isClosing) response.setHeader('connection', 'close');
    response.writeHead(200, { 'content-type': jsonType, 'content-length': bytes.length });
    response.end(bytes);
  }

  #tooLarge(): void {
    if (this.#response.headersSent) return;
    // What is still to come is thrown away: the connection ends with the answer.
    this.#response.setHeader('connection', 'close');
    this.#request.resume();
    this.#fail(bodyTooLarge());
  }

  #fail(error: unknown): void {
    const response = this.#response;
    if (this.#isOver || response.headersSent) return;
    const { status, headers, body } = failureAnswer(this.#core, error, `POST ${onlinePath}`);
    if (this.#core.isClosing) response.setHeader('connection', 'close');
    this.#bytes = body.length;
    response.writeHead(status, {
      'content-type': jsonType,
      'content-length': body.length,
      ...headers,
    });
    response.end(body);
  }

  /** The answer has left, or nobody is there to take it. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#answer?.release();
    const { admission, metrics, accessLog } = this.#core;
    if (this.#isInside) admission.leave();
    const ms = performance.now() - this.#startMs;
    const status = this.#response.headersSent ? this.#response.statusCode : goneStatus;
    metrics.observeRequest(onlinePath, status, ms / 1000);
    accessLog?.write({
      method: 'POST',
      route: onlinePath,
      status,
      ms,
      bytes: this.#bytes,
      caller: this.#caller.name,
      requestId: requestIdOf(this.#request),
    });
  }
}
