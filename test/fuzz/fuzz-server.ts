// A server with everything that takes input, attacked with mutated requests over real connections. It
// must answer each of them with something other than a failure of its own, or close the connection
// when the message was broken, and go on answering right requests rightly.
import { readFileSync, readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { memoryStore } from '../../src/adapters/memory/index.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { type FeatureServer, startFeatureServer } from '../../src/serve/http/feature-server.ts';
import { createPushRoute } from '../../src/serve/push/push-route.ts';
import { createWriteRoute } from '../../src/serve/push/write-route.ts';
import { fillGoldens, goldensViews } from '../feast/goldens-data.ts';
import { goldensPlan } from '../feast/goldens-plan.ts';
import { type MutatedRequest, type PlainRequest, RequestMutator } from './mutate-request.ts';

export interface FuzzReport {
  readonly requests: number;
  /** Answers by status; 0: the connection was closed without one. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What must not be, with the number of the request. */
  readonly problems: readonly string[];
  readonly worstMs: number;
}

const fixtures = join(import.meta.dirname, '../fixtures/feast');
const noon = Date.UTC(2026, 10, 20, 12);
const right: PlainRequest = {
  method: 'POST',
  path: '/get-online-features',
  contentType: 'application/json',
  body: '{"features":["item_stats:price"],"entities":{"item_id":[1,2,5]}}',
};

function corpus(): readonly PlainRequest[] {
  const recorded = ['http', 'push'].flatMap((name) => {
    const folder = join(fixtures, name);
    return readdirSync(folder)
      .filter((file) => file.endsWith('.request.json'))
      .map((file) => recordedRequest(readFileSync(join(folder, file), 'utf8')));
  });
  const paths = ['/v1/features/user_stats/u0001', '/v1/features/user_item/u0001,4?features=n'];
  const gets = [...paths, '/health', '/metrics', '/docs', '/openapi.json'].map((path) => ({
    ...right,
    method: 'GET',
    path,
    body: '',
  }));
  const inMilliseconds = right.body.replace('{', '{"instants":"milliseconds",');
  return [...recorded, ...gets, { ...right, body: inMilliseconds }];
}

function recordedRequest(text: string): PlainRequest {
  const recorded = JSON.parse(text) as {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly body_text?: string;
  };
  const { method, path, headers, body, body_text: given } = recorded;
  return {
    method,
    path,
    contentType: headers['content-type'] ?? 'application/json',
    body: given ?? (body === null ? '' : JSON.stringify(body)),
  };
}

async function startServer(): Promise<FeatureServer> {
  const place = { project: 'goldens', baseDirectory: '.', mode: 'write' } as const;
  const store = await memoryStore().open({ ...place, views: goldensViews });
  await fillGoldens(store);
  return startFeatureServer({
    plan: goldensPlan,
    store,
    project: 'goldens',
    port: 0,
    // However slow the machine is: a refusal for that would be right, and is not looked for.
    loopDelayMsMax: 0,
    deadlineMs: 60_000,
    clock: { ...systemClock, nowMs: () => noon },
    routes: [
      createPushRoute({ plan: goldensPlan, append: () => Promise.resolve() }),
      createWriteRoute({ plan: goldensPlan, write: () => Promise.resolve() }),
    ],
  });
}

/** Sends so many mutated requests. */
export async function fuzzServer(count: number, seed: number): Promise<FuzzReport> {
  const server = await startServer();
  const mutator = new RequestMutator(seededRandom(seed), corpus());
  const statuses = new Map<number, number>();
  const problems: string[] = [];
  const expected = await ask(server.url, wholeRequest(right));
  let next = 0;
  let worstMs = 0;
  const lane = async (): Promise<void> => {
    while (next < count && problems.length < 10) {
      const n = next++;
      const request = mutator.next();
      const startMs = performance.now();
      const answer = await ask(server.url, request);
      worstMs = Math.max(worstMs, performance.now() - startMs);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const problem = problemOf(request, answer);
      if (problem !== null) problems.push(`request ${n} (seed ${seed}): ${problem}`);
      if (n % 1000 === 999) {
        const again = await ask(server.url, wholeRequest(right));
        if (again.text !== expected.text) problems.push(`after request ${n}: ${again.text}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const after = await ask(server.url, wholeRequest(right));
  if (expected.status !== 200 || after.text !== expected.text) problems.push(after.text);
  await server.close();
  return { requests: next, statuses, problems, worstMs };
}

interface RawAnswer {
  readonly status: number;
  /** Head without its date, and body. */
  readonly text: string;
}

function problemOf(
  { bytes, isBroken }: MutatedRequest,
  { status, text }: RawAnswer,
): string | null {
  // A version of HTTP that is not known is rightly answered with 505.
  const isRight =
    status >= 200 && status < 500 ? true : status === 505 || (status === 0 && isBroken);
  return isRight ? null : `${status} ${text.slice(0, 500)}\n${bytes.toString('latin1', 0, 800)}`;
}

function wholeRequest({ method, path, contentType, body }: PlainRequest): MutatedRequest {
  const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${contentType}\r\n`;
  const bytes = Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return { bytes, isBroken: false };
}

const silenceMs = 5000;

/** A connection for each request: a broken one must not spoil the next. */
function ask(url: string, { bytes }: MutatedRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const end = (): void => {
      socket.destroy();
      resolve(answerIn(Buffer.concat(chunks).toString('latin1')));
    };
    socket.setTimeout(silenceMs, end);
    // Half closed after the request: the server sees the end of what was cut short.
    socket.on('connect', () => socket.end(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', end);
    socket.on('close', end);
  });
}

function answerIn(text: string): RawAnswer {
  const last = text.startsWith('HTTP/1.1 100') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(last)?.[1] ?? 0);
  return { status, text: last.replace(/date: [^\r]*\r\n/i, '') };
}
