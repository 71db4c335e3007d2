// Routes for those who run the server: health, metrics, the OpenAPI document and its page.
import type { FastifyInstance } from 'fastify';
import type { StoreHealth } from '../../ports/online-store.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './openapi.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerRoute } from './server-route.ts';

const jsonType = 'application/json';
const metricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export function addOperations(
  app: FastifyInstance,
  core: ServerCore,
  routes: readonly ServerRoute[],
): void {
  const { catalogue, project, metrics } = core;
  const document = Buffer.from(JSON.stringify(openApiDocument(catalogue, project, routes)));
  app.get('/health', (_, reply) => {
    const { state, message } = healthOf(core);
    if (state === 'ready') return reply.code(200).send();
    void reply.header('retry-after', '1');
    return reply.code(503).send({ status: state, message });
  });
  const own = (): string => {
    metrics.shed.value = core.admission.refusedCount;
    return metrics.render();
  };
  const render = core.renderMetrics?.(own) ?? own;
  app.get('/metrics', async (_, reply) => reply.type(metricsType).send(await render()));
  app.get('/openapi.json', (_, reply) => reply.type(jsonType).send(document));
  app.get('/docs', (_, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', docsPage.policy)
      .send(docsPage.html),
  );
}

interface ServerHealth {
  readonly state: StoreHealth['state'] | 'closing' | 'unavailable';
  readonly message: string;
}

function healthOf({ store, isClosing }: ServerCore): ServerHealth {
  if (isClosing) return { state: 'closing', message: 'the server is stopping' };
  try {
    store.greatestAsOfMs();
    return store.health?.() ?? { state: 'ready', message: '' };
  } catch (error) {
    return { state: 'unavailable', message: String(error) };
  }
}
