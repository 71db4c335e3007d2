// Second jobs from the command line: exit codes and documents of replay, compare and promote, and a server
// of another process that follows readers' switch without a restart.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import { CliHost, copyShop, jsonOf, startCli, temporaryFolder, writeFiles } from './run-cli.ts';

const folder = temporaryFolder();
const host = new CliHost();
const server = { url: '', child: null as ReturnType<typeof startCli> | null };

async function run<T>(...args: readonly string[]): Promise<{ code: number | null; json: T }> {
  const result = await host.run(folder.path, ...args, '--json');
  return { code: result.code, json: jsonOf<T>(result) };
}

async function spendOf(user: string): Promise<number> {
  const answer = await fetch(`${server.url}/v1/features/user_spend/${user}`);
  const { features } = (await answer.json()) as {
    features: Record<string, { value: number }>;
  };
  return features['max_24h']?.value ?? Number.NaN;
}

beforeAll(async () => {
  copyShop(folder.path);
  writeFiles(folder.path, { 'data/purchases.jsonl': purchases(2000) });
  expect((await run('run', '--until-end')).code).toBe(0);
  const child = startCli(folder.path, ['serve', '--port', '0', '--json']);
  server.child = child;
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  server.url = (JSON.parse(line.toString()) as { url: string }).url;
}, 60_000);

afterAll(async () => {
  host.stop();
  if (server.child !== null) {
    const ended = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await ended;
  }
  folder.remove();
});

it('replays, compares, promotes and goes back', { timeout: 60_000 }, async () => {
  const again = await run('replay', 'again', '--until-end');
  expect(again).toMatchObject({ code: 0, json: { job: 'again', coverage: { behind: 0 } } });
  expect(await run('compare', 'again')).toMatchObject({ code: 0, json: { equal: true } });
  const definitions = join(folder.path, 'features/shop.ts');
  const text = readFileSync(definitions, 'utf8');
  writeFileSync(definitions, text.replace('max(p.amount)', 'max(p.amount.times(2))'));
  const changed = new CliHost();
  const changedRun = async (...args: readonly string[]) => {
    const result = await changed.run(folder.path, ...args, '--json');
    return { code: result.code, json: jsonOf<Record<string, unknown>>(result) };
  };
  try {
    expect((await changedRun('replay', 'fixed', '--until-end')).code).toBe(0);
    expect(await changedRun('compare', 'fixed')).toMatchObject({
      code: 1,
      json: { left: 'main', right: 'fixed', equal: false },
    });
    const before = await spendOf('u1');
    const promoted = await changedRun('promote', 'fixed');
    expect(promoted).toMatchObject({ code: 0, json: { from: 'main', to: 'fixed', version: 1 } });
    expect(await spendOf('u1')).toBe(2 * before);
    expect(await changedRun('promote', '--status')).toMatchObject({ json: { job: 'fixed' } });
    expect(await changedRun('promote', '--rollback')).toMatchObject({ json: { to: 'main' } });
    expect(await spendOf('u1')).toBe(before);
    const merge = ['promote', 'fixed', '--merge', '--view', 'user_spend', '--key', 'user_id=u1'];
    const counts = { corrected: 1, equal: 0, behind: 0, missing: 0 };
    expect(await changedRun(...merge)).toMatchObject({ json: { views: { user_spend: counts } } });
    expect(await spendOf('u1')).toBe(2 * before);
    expect(await changedRun('promote', '--undo-merge')).toMatchObject({ json: { restored: 1 } });
    expect(await spendOf('u1')).toBe(before);
  } finally {
    changed.stop();
  }
});

it('says what is wrong with an exit code', { timeout: 30_000 }, async () => {
  const error = (code: string) => ({ error: { code } });
  expect(await run('promote')).toMatchObject({ code: 2, json: error('MR_USAGE') });
  expect(await run('promote', 'nobody')).toMatchObject({ code: 1, json: error('MR_STORE_ALIAS') });
  const unkeyed = await run('promote', 'again', '--merge', '--key', 'user_id=u1');
  expect(unkeyed).toMatchObject({ code: 2, json: error('MR_USAGE') });
  expect(await run('lag')).toMatchObject({ code: 1, json: error('MR_CONFIG_INVALID') });
  expect(await run('offsets', 'reset')).toMatchObject({ code: 2, json: error('MR_USAGE') });
});
