// The HTTP server. Routes hand buffers to fastify, so nothing is serialised twice; errors become
// answers in one place. It binds the loopback unless told otherwise, and sends no CORS headers.
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Plan } from '../../plan/plan.ts';
import type { OnlineStore, StoreHealth } from '../../ports/online-store.ts';
import { createFeatureRoute, featurePath } from './feature-route.ts';
import { type ClockMode, servingClock } from '../read/feature-status.ts';
import type { Answer } from '../online/answer-buffers.ts';
import { createOnlineFeatures } from '../online/online-features.ts';
import { openApiDocument } from './openapi.ts';
import type { ServerRoute } from './server-route.ts';
import { RequestFailure, answerTo } from '../online/request-failure.ts';
import { createServeMetrics } from '../read/serve-metrics.ts';
import type { ServedListener } from '../read/served-rows.ts';
import { createServedCatalogue } from '../read/served-catalogue.ts';

/** Takes the server's messages; never keys or values. */
export interface ServeLog {
  info(message: string): void;
  error(message: string): void;
}

/** What a feature server serves, where, and how strictly; only plan and store are needed. */
export interface FeatureServerOptions {
  readonly plan: Plan;
  readonly store: OnlineStore;
  /** Default 6566; 0 takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Named in Feast's errors. Default `millrace`. */
  readonly project?: string;
  /** What *now* is for ttl and age. Default `wall`. */
  readonly clockMode?: ClockMode;
  readonly clock?: Clock;
  /** Answers as Feast's own server does: every status PRESENT, its texts and its 500s. */
  readonly feastStrict?: boolean;
  readonly log?: ServeLog;
  /** Largest request body; default 8 MiB. */
  readonly bodyBytesMax?: number;
  /** Most values (rows × features) of an answer; default 1,000,000. */
  readonly valuesMax?: number;
  /** The registry behind `/metrics`; give the engine's when both run in one process. */
  readonly metrics?: MetricsRegistry;
  /** Takes notice of each answer, once per view in it. */
  readonly onServed?: ServedListener;
  /** Routes besides the server's own. */
  readonly routes?: readonly ServerRoute[];
}

/** A running feature server: where it answers, and how to stop it. */
export interface FeatureServer {
  readonly url: string;
  /** Stops taking requests, answers those that are in, then resolves. */
  close(): Promise<void>;
}

const jsonType = 'application/json';
const onlinePath = '/get-online-features';

/** The server without a port: for tests (`inject`) and for hosts with a server of their own. */
export function createFeatureServer(options: FeatureServerOptions): FastifyInstance {
  const strict = options.feastStrict ?? false;
  const project = options.project ?? 'millrace';
  const { store } = options;
  const catalogue = createServedCatalogue(options.plan);
  const views = [...catalogue.views.values(), ...catalogue.onDemand.values()];
  const clock = options.clock ?? systemClock;
  const now = servingClock(store, options.clockMode ?? 'wall', clock);
  const registry = options.metrics ?? new MetricsRegistry();
  const metrics = createServeMetrics(registry, [...catalogue.views.keys()], () =>
    views.reduce((sum, v) => sum + v.feastJson.notFiniteCount() + v.json.notFiniteCount(), 0),
  );
  const valuesMax = options.valuesMax ?? 1_000_000;
  const onServed = options.onServed ?? null;
  const parts = { catalogue, store, now, project, strict, metrics, valuesMax, onServed };
  const onlineFeatures = createOnlineFeatures(parts);
  const featureRoute = createFeatureRoute(parts);
  const app = bareServer(options.bodyBytesMax ?? 8 * 1024 * 1024, strict);
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'other';
    metrics.observeRequest(route, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  const drain = drainOnClose(app);
  app.post(onlinePath, (request, reply) => {
    const call = { isJson: isJson(request, strict), requestId: requestIdOf(request) };
    const answer = onlineFeatures(bodyOf(request), call);
    if (!(answer instanceof Promise)) return sendAnswer(reply, answer);
    return answer.then((made) => sendAnswer(reply, made));
  });
  app.get(`${featurePath}*`, async (request, reply) => {
    const { body, ageMs } = await featureRoute(request.url, requestIdOf(request));
    if (ageMs !== null) void reply.header('x-feature-age-ms', String(ageMs));
    return reply.type(jsonType).send(body);
  });
  addOperations(app, options, {
    isClosing: () => drain.isClosing(),
    metricsText: () => metrics.render(),
    document: Buffer.from(JSON.stringify(openApiDocument(catalogue, project, options.routes))),
  });
  for (const route of options.routes ?? []) addRoute(app, route, strict);
  addFailures(app, strict, options.log);
  return app;
}

function bareServer(bodyLimit: number, strict: boolean): FastifyInstance {
  const app = fastify({
    bodyLimit,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _, reply) => {
      const { status, body } = answerTo(asFailure(error), strict);
      void sendJson(reply, status, body);
    },
    routerOptions: { maxParamLength: 65_536 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  return app;
}

/** While closing, a connection is closed as soon as its request is answered. */
function drainOnClose(app: FastifyInstance): { isClosing(): boolean } {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onResponse', (_, __, done) => {
    if (isClosing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  return { isClosing: () => isClosing };
}

/** The bytes are given back when nobody sends them any more. */
function sendAnswer(reply: FastifyReply, { bytes, release }: Answer): FastifyReply {
  reply.raw.once('close', release);
  return reply.type(jsonType).send(bytes);
}

function bodyOf(request: FastifyRequest): Buffer {
  return request.body instanceof Buffer ? request.body : Buffer.alloc(0);
}

function requestIdOf(request: FastifyRequest): string | null {
  const id = request.headers['x-request-id'];
  return typeof id === 'string' ? id : null;
}

function addRoute(app: FastifyInstance, { method, path, handle }: ServerRoute, strict: boolean) {
  app.route({
    method,
    url: path,
    handler: async (request, reply) => {
      const answer = await handle({
        body: bodyOf(request),
        url: request.url,
        isJson: isJson(request, strict),
        mayWrite: () => undefined,
      });
      return reply
        .code(answer.status ?? 200)
        .type(answer.type ?? jsonType)
        .send(answer.body);
    },
  });
}

const curlType = 'application/x-www-form-urlencoded';

/** JSON, undeclared, or (for people, not in strict mode) as `curl -d` declares everything. */
function isJson(request: FastifyRequest, strict: boolean): boolean {
  const type = request.headers['content-type'];
  if (type === undefined || type === jsonType) return true;
  if (!strict && type === curlType) return true;
  return /^application\/([\w.-]+\+)?json\b/i.test(type);
}

const ready: StoreHealth = { state: 'ready', message: '' };

function addOperations(
  app: FastifyInstance,
  { store }: FeatureServerOptions,
  parts: {
    readonly isClosing: () => boolean;
    readonly metricsText: () => string;
    readonly document: Buffer;
  },
): void {
  app.get('/health', (_, reply) => {
    try {
      store.greatestAsOfMs();
    } catch (error) {
      return reply.code(503).send({ status: 'unavailable', message: String(error) });
    }
    const { state, message } = store.health?.() ?? ready;
    if (state !== 'ready') return reply.code(503).send({ status: state, message });
    return parts.isClosing() ? reply.code(503).send({ status: 'closing' }) : reply.code(200).send();
  });
  app.get('/metrics', (_, reply) =>
    reply
      .type('application/openmetrics-text; version=1.0.0; charset=utf-8')
      .send(parts.metricsText()),
  );
  app.get('/openapi.json', (_, reply) => reply.type(jsonType).send(parts.document));
}

const methodsOf: Readonly<Record<string, string>> = {
  [onlinePath]: 'POST',
  '/health': 'GET',
  '/metrics': 'GET',
  '/openapi.json': 'GET',
};

function addFailures(app: FastifyInstance, strict: boolean, log: ServeLog | undefined): void {
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsOf[request.url.split('?')[0] ?? ''];
    if (allowed === undefined) return sendJson(reply, 404, { detail: 'Not Found' });
    void reply.header('allow', allowed);
    return sendJson(reply, 405, { detail: 'Method Not Allowed' });
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerTo(asFailure(error), strict);
    if (status >= 500 && !strict) {
      log?.error(`${request.method} ${request.routeOptions.url ?? ''} failed: ${String(error)}`);
    }
    return sendJson(reply, status, body);
  });
}

function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply
    .code(status)
    .type(jsonType)
    .send(Buffer.from(JSON.stringify(body)));
}

/** Fastify's own refusals as ours. */
function asFailure(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new RequestFailure({
      code: 'MR_SERVE_TOO_LARGE',
      status: 413,
      message: 'the body of the request is too large',
      where: 'body',
      fix: 'ask for fewer rows at a time',
    });
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (error instanceof MillraceError || typeof status !== 'number' || status >= 500) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RequestFailure({ code: 'MR_SERVE_REQUEST', status, message, where: 'request' });
}

/**
 * Serves the features of a plan over HTTP: Feast's `POST /get-online-features`, one key at a time under
 * `/v1/features/`, health, metrics and an OpenAPI document.
 * **Errors:** `MR_SERVE_PORT` when the port is taken or not allowed.
 */
export async function startFeatureServer(options: FeatureServerOptions): Promise<FeatureServer> {
  const app = createFeatureServer(options);
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? 6566;
  let url: string;
  try {
    url = await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw portFailure(host, port, error);
  }
  options.log?.info(`serving features on ${url}`);
  return { url, close: () => app.close() };
}

function portFailure(host: string, port: number, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process listens on it',
    EACCES: 'this user may not listen on it',
    EADDRNOTAVAIL: 'this machine does not have that address',
  };
  const reason = reasons[code];
  if (reason === undefined) return cause;
  return new MillraceError('MR_SERVE_PORT', `cannot serve on ${host}:${port}: ${reason}`, {
    cause,
    context: { path: `${host}:${port}` },
    fix: 'choose another port (--port), or stop the process that has it',
  });
}
