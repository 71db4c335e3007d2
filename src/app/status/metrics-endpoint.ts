// Metrics of a process that serves nothing else, as OpenMetrics text over HTTP, on the loopback unless told
// otherwise.
import { createServer } from 'node:http';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';

/** A running endpoint. */
export interface MetricsEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** `render` is called for each request. Throws MR_SERVE_PORT. */
export async function startMetricsEndpoint(
  render: () => string,
  port: number,
  host = '127.0.0.1',
): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    const isMetrics = request.url === '/metrics';
    response.writeHead(isMetrics ? 200 : 404, {
      'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    });
    response.end(isMetrics ? render() : '');
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
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
