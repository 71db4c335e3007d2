// One centre (Postgres) and three regions (Redis) on one machine: a job writes payments to the centre as
// they happen, each region copies what changes and serves it over HTTP. Then one region is cut off from
// the centre and shows what it says meanwhile, and what becomes of it when the link is mended.
//
// `node --conditions=millrace-src examples/regions/demo.ts` takes half a minute, fetches Debian's packages
// of the servers where the machine has none (no root needed), and leaves nothing behind.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'millrace';
import { startPostgres } from '../../test/integration/postgres-server.ts';
import { startRedis } from '../../test/integration/redis/redis-server.ts';
import { cuttableLink } from './cuttable-link.ts';

const names = ['eu', 'us', 'ap'] as const;
const users = 50;
const eventsPerSecond = 200;
const seconds = 60;
const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const closers: (() => Promise<unknown>)[] = [];

/** What one region answers for all users at once. */
interface Look {
  readonly region: string;
  /** What the whole answer is marked with. */
  readonly source: string;
  /** How old the newest payment is that its answer knows of, ms. */
  readonly newestAgeMs: number;
  /** Payments that it counts. */
  readonly payments: number;
  readonly replicaAgeMs: number;
  readonly ms: number;
}

/** A server that refuses for a moment: the machine is busy. */
const silent = { newestAgeMs: Number.NaN, payments: 0, replicaAgeMs: Number.NaN };

async function prepare(folder: string): Promise<void> {
  const startMs = Date.now();
  const lines = Array.from({ length: eventsPerSecond * seconds }, (_, i) => {
    const ts = startMs + Math.floor((i * 1000) / eventsPerSecond);
    return `{"user_id":"u${i % users}","amount":${(i % 97) + 0.5},"ts":${ts}}\n`;
  });
  await writeFile(join(folder, 'payments.jsonl'), lines.join(''));
}

async function look(region: string, url: string): Promise<Look> {
  const startMs = performance.now();
  const answer = await fetch(`${url}/get-online-features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      entities: { user_id: Array.from({ length: users }, (_, i) => `u${i}`) },
      features: ['activity:payments', 'activity:newest'],
    }),
  });
  const body = (await answer.json()) as { results: { values: (number | null)[] }[] };
  const ms = performance.now() - startMs;
  if (!answer.ok) return { ...silent, region, source: `HTTP ${answer.status}`, ms };
  const [, payments, newest] = body.results.map(({ values }) => values.map((v) => v ?? 0));
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return {
    region,
    source: answer.headers.get('x-feature-source') ?? '?',
    newestAgeMs: Date.now() - Math.max(...(newest ?? [0])) * 1000,
    payments: (payments ?? []).reduce((sum, n) => sum + n, 0),
    replicaAgeMs: Number(/^replica_age_ms (\S+)$/m.exec(metrics)?.[1] ?? Number.NaN),
    ms,
  };
}

function table(looks: readonly Look[]): void {
  say('region  answered from  newest payment  copy complete  payments  answer took');
  for (const { region, source, newestAgeMs, replicaAgeMs, payments, ms } of looks) {
    const age = (value: number): string => `${(value / 1000).toFixed(1)} s ago`.padEnd(14);
    const cells = [region.padEnd(6), source.padEnd(13), age(newestAgeMs), age(replicaAgeMs)];
    say(`${cells.join('  ')} ${String(payments).padStart(8)}  ${ms.toFixed(1).padStart(8)} ms`);
  }
  say();
}

/** All regions at the same time, once each is as wanted; else as they were after so long. */
async function until(
  servers: ReadonlyMap<string, string>,
  isSo: (looks: readonly Look[]) => boolean,
  seconds: number,
): Promise<readonly Look[]> {
  for (let tries = 0; ; tries++) {
    const looks = await Promise.all([...servers].map(([region, url]) => look(region, url)));
    if (isSo(looks)) return looks;
    if (tries > seconds * 5) {
      table(looks);
      throw new Error(`the regions are not as they should be after ${seconds} s`);
    }
    await pause(200);
  }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-regions-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  say('starting one Postgres and three Redis servers …');
  const centre = await startPostgres();
  closers.push(() => centre.stop());
  const links = new Map<string, Awaited<ReturnType<typeof cuttableLink>>>();
  for (const name of names) {
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const link = await cuttableLink(centre.port);
    closers.push(() => link.close());
    links.set(name, link);
    process.env[`REGIONS_${name.toUpperCase()}`] = redis.url;
    const url = centre.url.replace(`:${centre.port}/`, `:${link.port}/`);
    process.env[`REGIONS_${name.toUpperCase()}_CENTRE`] = url;
  }
  process.env['REGIONS_CENTRE'] = centre.url;
  process.env['REGIONS_FOLDER'] = folder;
  await prepare(folder);

  const { millrace } = await import('millrace');
  const { default: config } = await import('./millrace.config.ts');
  const open = async (env: string): Promise<App> => {
    const app = await millrace(config, { env });
    closers.push(() => app.close());
    return app;
  };
  const stopping = new AbortController();
  const { signal } = stopping;
  const job = (await open('centre')).run({ signal });
  const work: Promise<unknown>[] = [job];
  closers.push(async () => {
    stopping.abort();
    await Promise.allSettled(work);
  });
  await pause(1500);

  const servers = new Map<string, string>();
  for (const name of names) {
    const app = await open(name);
    const onNotice = (message: string): void => say(`  [${name}] ${message.split('\n')[0]}`);
    work.push(app.replicate({ intervalMs: 250, signal, onNotice }));
    await pause(500);
    servers.set(name, (await app.serve({ port: 0 })).url);
  }
  await runStory(servers, links);
}

async function runStory(
  servers: ReadonlyMap<string, string>,
  links: ReadonlyMap<string, { cut(): void; mend(): void }>,
): Promise<void> {
  const isAll = (source: string) => (looks: readonly Look[]) =>
    looks.every((of) => of.source === source && of.payments > 0);
  say('\nEvery region answers from its own copy:');
  table(await until(servers, isAll('local'), 15));

  say('The link of "ap" to the centre is cut.');
  links.get('ap')?.cut();
  const isCut = (looks: readonly Look[]): boolean =>
    looks.every(({ region, source }) => source === (region === 'ap' ? 'stale' : 'local'));
  await until(servers, isCut, 15);
  await pause(3000);
  say('\nIt goes on answering, says that its rows are stale, and how old they are:');
  const during = await until(servers, isCut, 5);
  table(during);

  say('The link is mended.');
  links.get('ap')?.mend();
  say('\nThe copy has caught up:');
  table(await until(servers, isAll('local'), 15));
  const [first, , cut] = during;
  say(
    `While it was cut off, "ap" was ${((first?.payments ?? 0) - (cut?.payments ?? 0)).toString()} payments behind "eu", and said so.`,
  );
}

try {
  await main();
} finally {
  for (const close of closers.toReversed()) await close();
}
