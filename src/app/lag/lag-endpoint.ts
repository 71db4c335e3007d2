// The newest lag as OpenMetrics text over HTTP, on the loopback unless told otherwise.
import { createServer } from 'node:http';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import { createLagMetrics } from '../../observe/lag-metrics.ts';
import type { LagReport } from '../../observe/lag.ts';

/** A running endpoint. */
export interface LagEndpoint {
  readonly url: string;
  update(reports: readonly LagReport[]): void;
  close(): Promise<void>;
}

export async function startLagEndpoint(port: number, host = '127.0.0.1'): Promise<LagEndpoint> {
  const registry = new MetricsRegistry();
  const metrics = createLagMetrics(registry);
  const server = createServer((request, response) => {
    const isMetrics = request.url === '/metrics';
    response.writeHead(isMetrics ? 200 : 404, {
      'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    });
    response.end(isMetrics ? registry.render() : '');
  });
  const { promise, resolve, reject } = Promise.withResolvers<null>();
  server.once('error', reject);
  server.listen(port, host, () => resolve(null));
  try {
    await promise;
  } catch (cause) {
    throw new MillraceError('MR_SERVE_PORT', `port ${port} of ${host} cannot be used`, {
      cause,
      fix: 'choose another with --metrics-port',
    });
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host}:${bound}/metrics`,
    update: (reports) => metrics.update(reports),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
