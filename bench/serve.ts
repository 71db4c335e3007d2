// How fast features are served over HTTP: embedded store, one view of 50 features (20 int64, 20 float64,
// 10 strings), 10 connections; the server in a process of its own. Beside it, as the floor, a bare
// node:http server that answers the same bytes without looking at the request.
// Run: node --conditions=millrace-src bench/serve.ts [seconds per run]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { embedded } from '../src/adapters/embedded/index.ts';
import type { Field, Value } from '../src/kernel/types/field-type.ts';
import type { FeatureNode, Plan } from '../src/plan/plan.ts';
import type { StoredView } from '../src/ports/online-store.ts';
import { startFeatureServer } from '../src/serve/http/feature-server.ts';
import { vectorBatch } from '../src/testing/vectors.ts';

const userCount = 10_000;
const key: readonly Field[] = [{ name: 'user_id', type: { kind: 'string' }, nullable: false }];
const features: readonly Field[] = [
  ...fieldsOf('i', 20, 'int64'),
  ...fieldsOf('d', 20, 'float64'),
  ...fieldsOf('s', 10, 'string'),
];
const stored: StoredView = { view: 'wide', key, features, fingerprint: 'wide' };

function fieldsOf(prefix: string, count: number, kind: 'int64' | 'float64' | 'string'): Field[] {
  return Array.from({ length: count }, (_, j) => ({
    name: `${prefix}${String(j).padStart(2, '0')}`,
    type: { kind },
    nullable: true,
  }));
}

function valueOf(name: string, user: number): Value {
  const j = Number(name.slice(1));
  if (name.startsWith('i')) return BigInt(user * 100 + j);
  return name.startsWith('d') ? (user * 31 + j * 7) / 97 : `val-${user}-${j}`;
}

function planOf(): Plan {
  const nodes = features.map(
    (field): FeatureNode => ({
      kind: 'feature',
      uid: field.name,
      ...field,
      aggregate: {
        kind: 'aggregate',
        fn: 'last',
        input: { kind: 'column', ...field },
        where: null,
        distinct: false,
        limit: null,
        quantile: null,
      },
      window: { kind: 'lifetime' },
    }),
  );
  return {
    kind: 'plan',
    version: 1,
    entities: [{ kind: 'entity', name: 'user', key, description: null }],
    streams: [],
    views: [
      {
        kind: 'view',
        name: 'wide',
        uid: 'wide',
        entity: 'user',
        key: key.map((field) => ({ ...field, value: { kind: 'column', ...field } })),
        from: { kind: 'scan', stream: 'events' },
        features: nodes,
        derived: [],
        emit: 'arrival',
        decayMs: null,
        ttlMs: 86_400_000,
        freshnessMs: null,
        owner: null,
        description: null,
        tags: [],
      },
    ],
    services: [],
  };
}

function open(folder: string, mode: 'read' | 'write') {
  return embedded(folder).open({ project: 'bench', baseDirectory: '.', mode, views: [stored] });
}

async function fill(folder: string): Promise<void> {
  const store = await open(folder, 'write');
  const nowMs = Date.now();
  for (let from = 0; from < userCount; from += 1000) {
    const rows = Array.from({ length: 1000 }, (_, i) => ({
      key: { user_id: `user_${from + i}` },
      values: Object.fromEntries(features.map(({ name }) => [name, valueOf(name, from + i)])),
      asOfMs: nowMs,
      seq: 1,
    }));
    await store.write(vectorBatch(stored, rows));
  }
  await store.close();
}

/** The server's process: serves until its input ends. */
async function serve(folder: string): Promise<void> {
  const store = await open(folder, 'read');
  const server = await startFeatureServer({ plan: planOf(), store, port: 0 });
  console.log(server.url);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on('end', resolve));
  await server.close();
  await store.close();
}

/** The floor's process: one answer, made once. */
async function serveFloor(text: string): Promise<void> {
  const body = Buffer.from(text);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      response.writeHead(200, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on('end', resolve));
  server.close();
  server.closeAllConnections();
}

interface LoadResult {
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly duration: number;
  readonly errors: number;
  readonly non2xx: number;
}

type Load = (options: Readonly<Record<string, unknown>>) => Promise<LoadResult>;

function bodies(rowCount: number): readonly string[] {
  const names = features.map(({ name }) => `wide:${name}`);
  return Array.from({ length: 200 }, (_, n) => {
    const users = Array.from(
      { length: rowCount },
      (_, i) => `user_${(n * 7919 + i * 104_729) % userCount}`,
    );
    return JSON.stringify({ features: names, entities: { user_id: users } });
  });
}

async function measure(url: string, rowCount: number, seconds: number): Promise<number> {
  const { default: load } = (await import('autocannon' as string)) as { default: Load };
  const headers = { 'content-type': 'application/json' };
  const requests = bodies(rowCount).map((body) => ({ method: 'POST', headers, body }));
  const options = { url: `${url}/get-online-features`, connections: 10, requests };
  await load({ ...options, duration: 2 });
  const {
    requests: done,
    latency,
    duration,
    errors,
    non2xx,
  } = await load({
    ...options,
    duration: seconds,
  });
  const perSecond = Math.round(done.total / duration);
  console.log(
    `${perSecond} requests/s, p50 ${latency.p50} ms, p99 ${latency.p99} ms, ` +
      `max ${latency.max} ms, ${errors + non2xx} failed`,
  );
  return perSecond;
}

/** Runs this file as a server in another process while `body` uses it. */
async function withServer<T>(
  args: readonly string[],
  body: (url: string) => Promise<T>,
): Promise<T> {
  const server = spawn(process.execPath, [...process.execArgv, import.meta.filename, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const { value: url } = await lines.next();
    return await body(String(url));
  } finally {
    server.stdin.end();
    await new Promise((resolve) => server.once('close', resolve));
  }
}

async function sampleAnswer(url: string, rowCount: number): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const [body = ''] = bodies(rowCount);
  const reply = await fetch(`${url}/get-online-features`, { method: 'POST', headers, body });
  return reply.text();
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 5);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-serve-'));
  await fill(folder);
  try {
    for (const rowCount of [1, 100]) {
      console.log(`${rowCount} x ${features.length}`);
      const [ours, answer] = await withServer(['serve', folder], async (url) => [
        await measure(url, rowCount, seconds),
        await sampleAnswer(url, rowCount),
      ]);
      const path = join(folder, 'answer.json');
      writeFileSync(path, answer);
      const floor = await withServer(['floor', path], (url) => measure(url, rowCount, seconds));
      console.log(`${(ours / floor).toFixed(2)} of the floor, ${answer.length} bytes an answer`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [, , mode, path = ''] = process.argv;
if (mode === 'serve') await serve(path);
else if (mode === 'floor') await serveFloor(readFileSync(path, 'utf8'));
else await main();
