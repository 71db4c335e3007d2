// `millrace store verify` against a real Redis, in both layouts: keys that are right are explained, and
// each kind of wrong one is found.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonOf, runCli, temporaryFolder, writeFiles } from '../../cli/run-cli.ts';
import { howToRun, withServices } from '../service.ts';
import { type RedisServer, redisProgram, startRedis } from './redis-server.ts';

const run = promisify(execFile);

interface Verified {
  readonly keys: readonly {
    readonly key: string;
    readonly entity: unknown;
    readonly values: unknown;
    readonly problem: string | null;
  }[];
  readonly problems: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

function config(url: string, layout: string): string {
  return `
import { count, defineConfig, entity, featureView, lifetime, stream, sum, t } from 'millrace';
import { file } from 'millrace/file';
import { redis } from 'millrace/redis';
const user = entity('user', { key: { user_id: t.string() } });
const purchases = stream('purchases', {
  schema: { user_id: t.string(), amount: t.float64(), ts: t.timestamp() },
  eventTime: { field: 'ts' },
});
const spend = featureView('spend', {
  entity: user,
  from: purchases,
  features: (p) => ({ n: count().over(lifetime()), total: sum(p.amount).over(lifetime()) }),
});
export default defineConfig({
  project: 'shop',
  definitions: [{ user, purchases, spend }],
  environments: {
    local: { streams: { purchases: file('./purchases.jsonl') }, online: redis('${url}', { layout: '${layout}' }) },
  },
});
`;
}

describe.skipIf(!withServices)(`millrace store verify (${howToRun})`, { timeout: 180_000 }, () => {
  let folder = temporaryFolder();
  let server: RedisServer;
  beforeEach(async () => {
    folder = temporaryFolder();
    server = await startRedis();
  });
  afterEach(async () => {
    await server.stop();
    folder.remove();
  });

  async function cli(...args: readonly string[]): Promise<string> {
    const { path, env } = await redisProgram('redis-cli');
    const options = { env: { ...process.env, ...env } };
    return (await run(path, ['-p', String(server.port), ...args], options)).stdout.trim();
  }

  async function ran(layout: string): Promise<void> {
    const events = ['a', 'b', 'a|%é', 'a'].map((user_id, i) =>
      JSON.stringify({ user_id, amount: i + 0.5, ts: 1_700_000_000_000 + i }),
    );
    writeFiles(folder.path, {
      'millrace.config.ts': config(server.url, layout),
      'purchases.jsonl': `${events.join('\n')}\n`,
    });
    const first = await runCli(folder.path, 'store', 'verify');
    expect(first.code).toBe(1);
    expect(first.stdout).toContain('no job of this project has written');
    expect(await runCli(folder.path, 'run')).toMatchObject({ code: 0 });
  }

  it.each(['packed', 'feast'])('explains what a job wrote in layout %s', async (layout) => {
    await ran(layout);
    const verified = await runCli(folder.path, 'store', 'verify', '--json');
    expect(verified.code).toBe(0);
    const { keys, problems, facts } = jsonOf<Verified>(verified);
    expect(problems).toEqual([]);
    expect(facts['layout']).toBe(`1 ${layout}`);
    const values = new Map(keys.map(({ entity, values }) => [JSON.stringify(entity), values]));
    expect(values.get('{"user_id":"a"}')).toEqual({ n: 2, total: 4 });
    expect(values.get('{"user_id":"a|%é"}')).toEqual({ n: 1, total: 2.5 });
    const text = await runCli(folder.path, 'store', 'verify', '--view', 'spend');
    expect(text.stdout).toContain('nothing is wrong');
  });

  it('finds keys that nobody reads, values that are no rows, and a server that evicts', async () => {
    await ran('packed');
    const names = (await cli('KEYS', 'mr:{shop:spend:*}:a')).split('\n');
    const [name = ''] = names;
    await cli('SET', name, 'not a row');
    await cli('SET', name.replace(/:..\}:a$/, ':zz}:a'), 'elsewhere');
    await cli('EXPIRE', name.replace(/:..\}:a$/, ':zz}:a'), '1000');
    await cli('CONFIG', 'SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru');
    const verified = await runCli(folder.path, 'store', 'verify', '--json', '--sample', '50');
    expect(verified.code).toBe(1);
    const told = jsonOf<Verified>(verified).problems.join('\n');
    expect(told).toContain(`${name}: its value is no row of this view`);
    expect(told).toContain('lies in another part than its key says');
    expect(told).toContain('set noeviction');
  });
});
