// A schema registry in this process for tests: it knows what the tests ask, and fails on command.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRegistry {
  readonly url: string;
  /** Schemas by id. */
  readonly schemas: Map<number, Readonly<Record<string, unknown>>>;
  /** Versions by subject, oldest first, as ids. */
  readonly subjects: Map<string, number[]>;
  /** What answers instead of the registry; null: the registry. */
  failure: { readonly status: number; readonly body: string } | null;
  /** Requests of paths that match fail with 503. */
  failByPath: RegExp | null;
  /** `GET /schemas/ids/1`, in order. */
  readonly requests: string[];
  readonly authorizations: (string | undefined)[];
  stop(): Promise<void>;
}

export async function startFakeRegistry(port = 0): Promise<FakeRegistry> {
  const schemas = new Map<number, Readonly<Record<string, unknown>>>();
  const subjects = new Map<string, number[]>();
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(`${request.method} ${path}`);
    authorizations.push(request.headers.authorization);
    const isDown = registry.failByPath?.test(path) === true;
    const failure = isDown ? { status: 503, body: 'down' } : registry.failure;
    const answer = failure ?? found(path, schemas, subjects);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const registry: FakeRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    schemas,
    subjects,
    failure: null,
    failByPath: null,
    requests,
    authorizations,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return registry;
}

function found(
  path: string,
  schemas: FakeRegistry['schemas'],
  subjects: FakeRegistry['subjects'],
): { readonly status: number; readonly body: string } {
  const ok = (json: unknown) => ({ status: 200, body: JSON.stringify(json) });
  const missing = (code: number) => ({
    status: 404,
    body: JSON.stringify({ error_code: code, message: 'not found' }),
  });
  const byId = /^\/schemas\/ids\/(\d+)$/.exec(path);
  if (byId !== null) {
    const schema = schemas.get(Number(byId[1]));
    return schema === undefined ? missing(40403) : ok(schema);
  }
  const byVersion = /^\/subjects\/([^/]+)\/versions\/(latest|\d+)$/.exec(path);
  if (byVersion !== null) {
    const subject = decodeURIComponent(byVersion[1] as string);
    const ids = subjects.get(subject);
    if (ids === undefined) return missing(40401);
    const version = byVersion[2] === 'latest' ? ids.length : Number(byVersion[2]);
    const id = ids[version - 1];
    return id === undefined ? missing(40402) : ok({ ...schemas.get(id), subject, version, id });
  }
  return { status: 404, body: '<html>Not Found</html>' };
}
