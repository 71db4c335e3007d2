// The HTTP server. Reads of features are answered on bare node:http, everything else through fastify;
// both ask the same gate, and errors become answers in one place. It binds the loopback unless told
// otherwise, and sends no CORS headers.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../kernel/nearest-name.ts';
import { type Caller, anybody, checkWrite } from '../online/caller.ts';
import { sourceHeader } from '../read/answer-source.ts';
import { callerLimitMs, failureAnswer, isJson, requestIdOf } from './failures.ts';
import { featurePath } from './feature-route.ts';
import { type OnlineEndpoint, createOnlineEndpoint, onlinePath } from './online-endpoint.ts';
import { addOperations } from './operations.ts';
import { type ServerCore, createServerCore } from './server-core.ts';
import type { FeatureServer, FeatureServerOptions } from './server-options.ts';
import type { ServerRoute } from './server-route.ts';

export type { FeatureServer, FeatureServerOptions } from './server-options.ts';

const jsonType = 'application/json';

/** The server without a port: for tests (`inject`) and for hosts with a server of their own. */
export function createFeatureServer(options: FeatureServerOptions): FastifyInstance {
  const core = createServerCore(options);
  const online = createOnlineEndpoint(core);
  const app = bareServer(core, online);
  const callers = addGate(app, core);
  drainOnClose(app, core);
  app.post(onlinePath, (request, reply) => {
    reply.hijack();
    online.answer(request.raw, reply.raw, bodyOf(request));
  });
  app.get(`${featurePath}*`, async (request, reply) => {
    const caller = callers.get(request.raw) ?? anybody;
    const work = core.featureRoute(request.url, { requestId: requestIdOf(request.raw), caller });
    const limitMs = callerLimitMs(request.raw);
    const { body, ageMs, source } = await core.admission.withinDeadline(work, limitMs);
    if (ageMs !== null) void reply.header('x-feature-age-ms', String(ageMs));
    if (source !== undefined) void reply.header(sourceHeader, source);
    return reply.type(jsonType).send(body);
  });
  const routes = options.routes ?? [];
  addOperations(app, core, routes);
  for (const route of routes) addRoute(app, core, route, callers);
  addFailures(app, core, routes);
  return app;
}

function bareServer(core: ServerCore, online: OnlineEndpoint): FastifyInstance {
  const app = fastify({
    bodyLimit: core.bodyBytesMax,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _, reply) => void sendFailure(core, reply, error, 'request'),
    routerOptions: { maxParamLength: 65_536 },
    serverFactory: (handler) => serverOf(handler, online),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  return app;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Limits for callers who send slowly or not at all. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 72_000 };

function serverOf(handler: Handler, online: OnlineEndpoint): Server {
  return createServer(timeouts, (request, response) => {
    if (request.url === onlinePath && request.method === 'POST') online.serve(request, response);
    else handler(request, response);
  });
}

/** What anybody may ask. */
const openPaths: readonly string[] = ['/health'];
/** What is answered however busy the server is. */
const calmPaths: readonly string[] = ['/health', '/metrics'];

/** Asks who calls and whether there is room; tells metrics and log how it went. */
function addGate(app: FastifyInstance, core: ServerCore): WeakMap<IncomingMessage, Caller> {
  const callers = new WeakMap<IncomingMessage, Caller>();
  app.addHook('onRequest', (request, reply, done) => {
    const url = request.routeOptions.url ?? '';
    if (url !== onlinePath && !openPaths.includes(url)) {
      const caller = core.access.callerOf(request.headers.authorization);
      if (!calmPaths.includes(url)) {
        core.admission.enter();
        leaveWhenOver(reply.raw, core);
      }
      callers.set(request.raw, caller);
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'other';
    if (route === onlinePath) return done();
    const caller = callers.get(request.raw);
    core.metrics.observeRequest(route, reply.statusCode, reply.elapsedTime / 1000);
    core.accessLog?.write({
      method: request.method,
      route,
      status: reply.statusCode,
      ms: reply.elapsedTime,
      bytes: Number(reply.getHeader('content-length') ?? 0),
      caller: caller?.name ?? '',
      requestId: requestIdOf(request.raw),
    });
    done();
  });
  app.addHook('onListen', (done) => {
    core.admission.watch();
    done();
  });
  app.addHook('onClose', (_, done) => {
    core.admission.close();
    core.accessLog?.close();
    done();
  });
  return callers;
}

/** Answered, or given up by the caller: whichever comes first. */
function leaveWhenOver(response: ServerResponse, { admission }: ServerCore): void {
  let isOver = false;
  const leave = (): void => {
    if (!isOver) admission.leave();
    isOver = true;
  };
  response.once('finish', leave);
  response.once('close', leave);
}

/** While closing, a connection is closed as soon as its request is answered. */
function drainOnClose(app: FastifyInstance, core: ServerCore): void {
  app.addHook('preClose', (done) => {
    core.isClosing = true;
    done();
  });
  app.addHook('onResponse', (_, __, done) => {
    if (core.isClosing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
}

function bodyOf(request: FastifyRequest): Buffer {
  return request.body instanceof Buffer ? request.body : Buffer.alloc(0);
}

function addRoute(
  app: FastifyInstance,
  core: ServerCore,
  route: ServerRoute,
  callers: WeakMap<IncomingMessage, Caller>,
): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const caller = callers.get(request.raw) ?? anybody;
      const answer = await route.handle({
        body: bodyOf(request),
        url: request.url,
        isJson: isJson(request.raw, core.strict),
        mayWrite: (view) => checkWrite(caller, view),
      });
      return reply
        .code(answer.status ?? 200)
        .type(answer.type ?? jsonType)
        .send(answer.body);
    },
  });
}

const methodsOf: Readonly<Record<string, string>> = {
  [onlinePath]: 'POST',
  '/health': 'GET',
  '/metrics': 'GET',
  '/openapi.json': 'GET',
  '/docs': 'GET',
};

function addFailures(app: FastifyInstance, core: ServerCore, routes: readonly ServerRoute[]): void {
  const others = routes.map(({ path, method }) => [path, method] as const);
  const methods = new Map([...Object.entries(methodsOf), ...others]);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const allowed = methods.get(path);
    const { strict } = core;
    if (allowed === undefined) {
      const fix = suggestName(path, [...methods.keys(), featurePath]);
      const said = { ...wrongRoute(`there is no route ${path.slice(0, 200)}`), fix };
      return sendJson(reply, 404, { detail: 'Not Found', ...(strict ? {} : said) });
    }
    void reply.header('allow', allowed);
    const said = {
      ...wrongRoute(`${path} is not for ${request.method}`),
      fix: `use the method ${allowed}`,
    };
    return sendJson(reply, 405, { detail: 'Method Not Allowed', ...(strict ? {} : said) });
  });
  app.setErrorHandler((error, request, reply) =>
    sendFailure(core, reply, error, `${request.method} ${request.routeOptions.url ?? ''}`),
  );
}

function wrongRoute(message: string): Readonly<Record<'code' | 'message' | 'where', string>> {
  return { code: 'MR_SERVE_REQUEST', message, where: 'path' };
}

function sendFailure(
  core: ServerCore,
  reply: FastifyReply,
  error: unknown,
  route: string,
): FastifyReply {
  const { status, headers, body } = failureAnswer(core, error, route);
  return reply.code(status).headers(headers).type(jsonType).send(body);
}

function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply
    .code(status)
    .type(jsonType)
    .send(Buffer.from(JSON.stringify(body)));
}

/**
 * Serves the features of a plan over HTTP: Feast's `POST /get-online-features`, one key at a time under
 * `/v1/features/`, health, metrics and an OpenAPI document.
 * **Errors:** `MR_SERVE_PORT` when the port is taken or not allowed, `MR_SERVE_TOKENS`.
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
