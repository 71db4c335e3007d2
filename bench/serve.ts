// How fast features are served over HTTP: one view of 50 features, 1 and 100 rows a request, 10
// connections, over the embedded store and over Redis; in the same run Feast's own server with one
// worker on the same Redis, a bare MGET loop of the same client, and a bare node:http server that
// answers the same bytes without looking at the request.
// Run: node --conditions=millrace-src bench/serve.ts [--seconds 5] [--stores embedded,redis]
//      [--peers floor,feast,mget] [--rows 1,100] [--json]
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { groupCpuMs as processCpuMs } from './load/process-cpu.ts';
import { Arguments, inFolder, machine, rounded } from './load/measure.ts';
import { runFeastScript, startFeast } from '../test/integration/feast/feast-environment.ts';
import { type RedisServer, startRedis } from '../test/integration/redis/redis-server.ts';
import { openBenchStore } from './serving/bench-store.ts';
import { type LoadResult, load } from './serving/load-client.ts';
import { mgetRowsPerSecond } from './serving/mget-loop.ts';
import { fillWide, requestBodies, wideFeatures } from '../test/integration/redis/wide-view.ts';
import { readFile } from 'node:fs/promises';

const args = new Arguments();
const seconds = args.number('seconds', 5);
const stores = args.text('stores', 'embedded,redis').split(',');
const peers = args.text('peers', 'floor,feast,mget').split(',');
const rowCounts = args.text('rows', '1,100').split(',').map(Number);
const connections = args.number('connections', 10);
const isJson = args.has('json');

const path = '/get-online-features';
const results: Record<string, LoadResult & { readonly cpuUsPerRequest: number }> = {};
const mget: Record<string, number> = {};

function say(text: string): void {
  if (!isJson) console.log(text);
}

interface Measured {
  readonly name: string;
  readonly url: string;
  /** Of the server. */
  readonly pid: number;
  readonly rowCount: number;
}

async function measure({ name, url, pid, rowCount }: Measured): Promise<void> {
  const bodies = requestBodies(rowCount);
  await load({ url, path, bodies, connections, seconds: Math.min(2, seconds) });
  const before = processCpuMs(pid);
  const loaded = await load({ url, path, bodies, connections, seconds });
  const cpuUs = ((processCpuMs(pid) - before) * 1000) / loaded.requests;
  const result = { ...loaded, cpuUsPerRequest: rounded(cpuUs) };
  results[`${name} ${rowCount}`] = result;
  const { perSecond, p50Ms, p99Ms, p999Ms, maxMs, failed } = result;
  say(
    `${`${name}, ${rowCount} x ${wideFeatures.length}`.padEnd(24)} ${String(perSecond).padStart(7)}` +
      ` requests/s  p50 ${p50Ms}  p99 ${p99Ms}  p99.9 ${p999Ms}  max ${maxMs} ms  ${failed} failed` +
      `  ${result.cpuUsPerRequest} us of CPU each`,
  );
}

/** Runs a server of ours in another process while `body` uses it. */
async function withServer<T>(
  kind: string,
  place: string,
  body: (url: string, pid: number) => Promise<T>,
): Promise<T> {
  const script = join(import.meta.dirname, 'serving/served-store.ts');
  const profile = args.has('cpu-prof') ? ['--cpu-prof', '--cpu-prof-dir=/dev/shm/serve-prof'] : [];
  const server = spawn(process.execPath, [...process.execArgv, ...profile, script, kind, place], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const { value: url } = await lines.next();
    return await body(String(url), server.pid ?? 0);
  } finally {
    server.stdin.end();
    await new Promise((resolve) => server.once('close', resolve));
  }
}

async function sampleAnswer(url: string, rowCount: number): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const [body = ''] = requestBodies(rowCount);
  const reply = await fetch(`${url}${path}`, { method: 'POST', headers, body });
  return reply.text();
}

async function measureOurs(kind: string, place: string, folder: string): Promise<void> {
  const store = await openBenchStore(kind, place, 'write');
  await fillWide(store);
  await store.close();
  for (const rowCount of rowCounts) {
    const answer = await withServer(kind, place, async (url, pid) => {
      await measure({ name: kind, url, pid, rowCount });
      return sampleAnswer(url, rowCount);
    });
    const file = join(folder, 'answer.json');
    writeFileSync(file, answer);
    if (!peers.includes('floor') || `floor ${rowCount}` in results) continue;
    await withServer('floor', file, (url, pid) => measure({ name: 'floor', url, pid, rowCount }));
  }
}

async function measureFeast(redis: RedisServer, folder: string): Promise<void> {
  mkdirSync(folder);
  const script = await readFile(join(import.meta.dirname, 'peers/feast/wide-repo.py'), 'utf8');
  await runFeastScript(script, { cwd: folder, args: [folder, String(redis.port)] });
  const feast = await startFeast(folder, { workers: 1 });
  try {
    for (const rowCount of rowCounts) {
      await measure({ name: 'feast', url: feast.endpoint, pid: feast.pid, rowCount });
    }
  } finally {
    await feast.stop();
  }
}

function per(name: string, peer: string, rowCount: number): number | null {
  const ours = results[`${name} ${rowCount}`]?.perSecond;
  const theirs = results[`${peer} ${rowCount}`]?.perSecond;
  return ours === undefined || theirs === undefined ? null : rounded(ours / theirs, 2);
}

function ratios(): Record<string, number | null> {
  const all: Record<string, number | null> = {};
  for (const name of stores) {
    for (const rowCount of rowCounts) {
      const key = `${name} ${rowCount}`;
      for (const peer of ['feast', 'floor']) all[`${key} / ${peer}`] = per(name, peer, rowCount);
      const loop = mget[rowCount];
      const rows = (results[key]?.perSecond ?? 0) * rowCount;
      all[`${key} rows / mget rows`] = loop === undefined ? null : rounded(rows / loop, 3);
    }
  }
  return all;
}

async function main(): Promise<void> {
  const needsRedis = stores.includes('redis') || peers.includes('feast') || peers.includes('mget');
  const redis = needsRedis ? await startRedis() : null;
  try {
    await inFolder(async (folder) => {
      if (stores.includes('embedded')) await measureOurs('embedded', join(folder, 'db'), folder);
      if (redis === null) return;
      if (stores.includes('redis')) await measureOurs('redis', redis.url, folder);
      for (const rowCount of peers.includes('mget') ? rowCounts : []) {
        const rows = await mgetRowsPerSecond(redis.url, { rowCount, connections, seconds });
        mget[rowCount] = rows;
        say(`bare MGET of ${rowCount} rows: ${rows} rows/s`);
      }
      if (peers.includes('feast')) await measureFeast(redis, join(folder, 'feast'));
    });
  } finally {
    await redis?.stop();
  }
  const report = { machine: machine(), seconds, connections, results, mget, ratios: ratios() };
  if (isJson) console.log(JSON.stringify(report, null, 2));
  else for (const [name, ratio] of Object.entries(ratios())) say(`${name}: ${ratio ?? '-'}`);
}

await main();
