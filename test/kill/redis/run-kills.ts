// The job, the feature server and Redis are killed in turn under load while somebody reads all the time.
// Afterwards every row is what it is without kills, and no reader was ever told an older value.
// Run: node --conditions=millrace-src test/kill/redis/run-kills.ts [--rounds 3] [--persistence none,snapshot,always]
//      [--layout packed]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { millrace } from 'millrace';
import { memoryStore } from 'millrace/memory';
import { redis } from 'millrace/redis';
import { systemClock } from '../../../src/kernel/clock.ts';
import { startRedis } from '../../integration/redis/redis-server.ts';
import { shopConfig, spend, userCount, writeEvents } from '../../integration/redis/shop-project.ts';
import { freePort } from '../../integration/service.ts';
import { LifeProcess } from './life-process.ts';
import { Observer } from './observer.ts';

/** What Redis keeps on disk. */
export const persistences = {
  none: ['--save', ''],
  // A snapshot a second: a kill takes it back to the last one.
  snapshot: ['--save', '1 1'],
  always: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
} as const;

export interface RedisKillsOptions {
  readonly rounds: number;
  readonly persistence: keyof typeof persistences;
  readonly layout: 'packed' | 'feast';
  readonly report?: (line: string) => void;
}

export interface RedisKillsResult {
  readonly kills: number;
  readonly answers: number;
  readonly failures: number;
  readonly backwards: readonly string[];
  /** Users whose row is not what it is without kills. */
  readonly wrong: readonly string[];
  readonly exitCode: number | null;
  readonly notices: string;
}

const ratePerSecond = 3000;
/** Between two kills, at most: a process takes seconds to be there again on a busy machine. */
const secondsPerKill = 7;
const recoveredMs = 1500;

export async function runRedisKills(options: RedisKillsOptions): Promise<RedisKillsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-kills-'));
  const victims = ['engine', 'server', 'redis'] as const;
  const kills = options.rounds * victims.length;
  const events = (kills + 1) * secondsPerKill * ratePerSecond;
  writeEvents(folder, events);
  const server = await startRedis({ args: persistences[options.persistence] });
  const port = await freePort();
  const { layout } = options;
  const life = { folder, url: server.url, layout, ratePerSecond, port };
  const engine = new LifeProcess({ ...life, does: 'run' });
  const serving = new LifeProcess({ ...life, does: 'serve' });
  const observer = new Observer(port);
  try {
    engine.start();
    serving.start();
    observer.start();
    while (!observer.isReady) await systemClock.sleep(50);
    await systemClock.sleep(1000);
    observer.takeGaps();
    for (let kill = 0; kill < kills; kill++) {
      const victim = victims[kill % victims.length] as (typeof victims)[number];
      if (victim === 'redis') await server.restart();
      else {
        const process = victim === 'engine' ? engine : serving;
        await process.kill();
        process.start();
      }
      await observer.recovered();
      await systemClock.sleep(recoveredMs);
      const { silentMs, incompleteMs, staleMs } = observer.takeGaps();
      options.report?.(
        `${victim.padEnd(6)} killed: no answer for ${Math.round(silentMs)} ms, not all rows for ` +
          `${Math.round(incompleteMs)} ms, nothing newer for ${Math.round(staleMs)} ms`,
      );
    }
    const exitCode = await engine.ended();
    const seen = await observer.stop();
    const wrong = await wrongUsers(life);
    return { kills, ...seen, wrong, exitCode, notices: engine.notices };
  } finally {
    await observer.stop();
    await engine.kill();
    await serving.kill();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function wrongUsers({
  folder,
  url,
  layout,
}: {
  readonly folder: string;
  readonly url: string;
  readonly layout: 'packed' | 'feast';
}): Promise<readonly string[]> {
  const expecting = await millrace(shopConfig({ folder, environment: { online: memoryStore() } }));
  await expecting.run();
  const app = await millrace(
    shopConfig({ folder, environment: { online: redis(url, { layout }) } }),
  );
  const wrong: string[] = [];
  for (let i = 0; i < userCount; i++) {
    const key = { user_id: `u${i}` };
    const [found, wanted] = [
      await app.store.get(spend, key),
      await expecting.store.get(spend, key),
    ];
    const [has, needs] = [found.values, wanted.values].map((values) =>
      JSON.stringify(values, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    );
    if (has !== needs) wrong.push(`u${i}: ${has}, not ${needs}`);
  }
  await app.close();
  await expecting.close();
  return wrong;
}

async function main(args: readonly string[]): Promise<void> {
  const valueOf = (name: string, fallback: string): string => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? fallback : (args[at + 1] ?? fallback);
  };
  const layout = valueOf('layout', 'packed') === 'feast' ? 'feast' : 'packed';
  for (const name of valueOf('persistence', 'none,snapshot,always').split(',')) {
    const persistence = name === 'always' || name === 'snapshot' ? name : 'none';
    const rounds = Number(valueOf('rounds', '3'));
    console.log(`persistence ${persistence}, layout ${layout}`);
    const result = await runRedisKills({ rounds, persistence, layout, report: console.log });
    const { kills, answers, failures, backwards, wrong, exitCode } = result;
    console.log(
      `${kills} kills, ${answers} answers, ${failures} without: ${backwards.length} values went back, ` +
        `${wrong.length} of ${userCount} rows wrong, the job ended with ${exitCode}`,
    );
    for (const line of [...backwards, ...wrong].slice(0, 5)) console.log(line);
    if (backwards.length + wrong.length > 0 || exitCode !== 0) process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(process.argv.slice(2));
