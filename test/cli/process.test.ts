// The command as a process: signals, closed pipes, and the built package as a user installs it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import {
  jsonOf,
  resultOf,
  root,
  runCli,
  startCli,
  temporaryFolder,
  writeFiles,
} from './run-cli.ts';

const folder = temporaryFolder();
const shop = join(folder.path, 'shop');
const live = `import base from './millrace.config.ts';
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
export default defineConfig({ ...base, environments: { local: { ...base.environments.local,
  streams: { purchases: file('./data/purchases.jsonl', { ratePerSecond: 500, loop: true }) },
} } });`;

beforeAll(async () => {
  expect((await runCli(folder.path, 'init', 'shop')).code).toBe(0);
  writeFiles(shop, { 'data/purchases.jsonl': purchases(1000), 'live.config.ts': live });
});
afterAll(() => folder.remove());

async function startLive(): Promise<ChildProcess> {
  const child = startCli(shop, ['run', '--config', 'live.config.ts', '--json']);
  await once(child.stderr as NodeJS.ReadableStream, 'data');
  return child;
}

describe('a live run', () => {
  it('says how it goes, and at SIGTERM writes what it read and sums up', async () => {
    const child = startCli(shop, ['run', '--config', 'live.config.ts', '--json']);
    const ended = resultOf(child);
    await once(child.stderr as NodeJS.ReadableStream, 'data');
    child.kill('SIGTERM');
    const result = await ended;
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/events .*\/s .*watermark .*lag .*late 0 .*dead letters 0/);
    const { records_in } = jsonOf<{ records_in: number }>(result);
    expect(records_in).toBeGreaterThan(0);
    const read = await runCli(
      shop,
      'get',
      'user_spend',
      'user_id=u1',
      '--config',
      'live.config.ts',
    );
    expect(read.code).toBe(0);
  });

  it('is ended at once by a second signal', async () => {
    const child = await startLive();
    child.kill('SIGINT');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect([0, 130]).toContain(code);
  });
});

describe('a run on worker threads', () => {
  it('reads from the same definitions what one thread reads', async () => {
    const answers: string[] = [];
    for (const parallelism of ['1', '2']) {
      rmSync(join(shop, '.millrace'), { recursive: true, force: true });
      const run = await runCli(shop, 'run', '--until-end', '--parallelism', parallelism, '--json');
      expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining('rror')]);
      const summary = jsonOf<{ rows_out: number; records_in: number }>(run);
      const read = await runCli(shop, 'get', 'user_spend', 'user_id=u1', '--json');
      const { features } = jsonOf<{ features: unknown }>(read);
      answers.push(JSON.stringify([summary.records_in, summary.rows_out, features]));
    }
    expect(answers[1]).toBe(answers[0]);
  }, 60_000);
});

it('does not complain when nobody reads its output to the end', async () => {
  const child = startCli(shop, ['plan', '--json']);
  child.stdout?.destroy();
  const result = await resultOf(child);
  expect(result).toMatchObject({ code: 0, stderr: '' });
});

describe('the built package', () => {
  const installed = join(folder.path, 'installed');

  beforeAll(() => {
    const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
    const flags = ['--composite', 'false', '--declaration', 'false', '--sourceMap', 'false'];
    const built = spawnSync(
      process.execPath,
      [tsc, '-p', join(root, 'tsconfig.src.json'), '--outDir', join(installed, 'dist'), ...flags],
      { encoding: 'utf8' },
    );
    expect(built.stdout).toBe('');
    cpSync(join(root, 'bin'), join(installed, 'bin'), { recursive: true });
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
  });

  it('runs a project that lies elsewhere', async () => {
    const bin = join(installed, 'bin/millrace.mjs');
    const read = ['get', 'user_spend', 'user_id=u1'];
    const threads = ['run', '--until-end', '--parallelism', '2', '--fresh-state'];
    for (const args of [['check'], ['run', '--until-end'], read, threads, read]) {
      const child = spawn(process.execPath, [bin, ...args], { cwd: shop });
      const { code, stderr } = await resultOf(child);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    }
  }, 60_000);
});
