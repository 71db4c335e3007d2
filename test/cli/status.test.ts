// `millrace status` asked from another process: before a job ran, while it runs, and after it ended,
// was killed, was paused or could not start.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import type { JobStatus } from '../../src/index.ts';
import {
  CliHost,
  type CliResult,
  jsonOf,
  resultOf,
  runCli,
  startCli,
  temporaryFolder,
  writeFiles,
} from './run-cli.ts';

const folder = temporaryFolder();
const shop = join(folder.path, 'shop');
const config = `import base from './millrace.config.ts';
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
const { online, offline } = base.environments.local;
const looped = (path) => ({ purchases: file(path, { ratePerSecond: 500, loop: true }) });
const checkpoints = { directory: './.millrace/checkpoints', interval: '200ms' };
export default defineConfig({ ...base, environments: {
  live: { online, offline, checkpoints, parallelism: 2, streams: looped('./data/purchases.jsonl') },
  poisoned: { online, streams: looped('./data/poisoned.jsonl'),
    deadLetters: { breakerRecords: 20 } },
  local: { online, streams: { purchases: file('./data/purchases.jsonl') } },
} });`;
const children: ChildProcess[] = [];
const host = new CliHost();

beforeAll(async () => {
  expect((await runCli(folder.path, 'init', 'shop')).code).toBe(0);
  writeFiles(shop, {
    'data/purchases.jsonl': purchases(1000),
    'data/poisoned.jsonl': '{"user_id": 1}\n'.repeat(100),
    'status.config.ts': config,
  });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  host.stop();
  folder.remove();
});

function start(env: string, ...args: readonly string[]): ChildProcess {
  const child = startCli(shop, ['run', '--env', env, '--config', 'status.config.ts', ...args]);
  children.push(child);
  return child;
}

function status(env: string, ...args: readonly string[]): Promise<CliResult> {
  return host.run(shop, 'status', '--env', env, '--config', 'status.config.ts', ...args);
}

/** The status once it is as wanted. */
async function until(env: string, isSo: (of: JobStatus) => boolean): Promise<JobStatus> {
  const waiting = { timeout: 20_000, interval: 100 };
  return vi.waitFor(async () => {
    const seen = jsonOf<JobStatus>(await status(env, '--json'));
    if (!isSo(seen)) throw new Error(`it is ${JSON.stringify(seen)}`);
    return seen;
  }, waiting);
}

it('shows a job that runs, is killed, and is stopped', { timeout: 90_000 }, async () => {
  const never = await status('live');
  expect([never.code, never.stdout]).toEqual([0, expect.stringContaining('never run')]);
  expect(jsonOf<JobStatus>(await status('live', '--json'))).toMatchObject({
    state: 'never run',
    healthy: true,
    last: null,
  });

  const child = start('live');
  const running = await until('live', ({ last }) => (last?.checkpoints.completed ?? 0) > 0);
  expect(running).toMatchObject({
    job: 'shop-live',
    state: 'running',
    healthy: true,
    problems: [],
    process: { pid: child.pid, alive: true },
    lease: { state: 'held', pid: child.pid },
    last: { has_checkpoints: true, failure: null, num_restarts: 0 },
  });
  const [source] = running.last?.sources ?? [];
  expect(source).toMatchObject({ stream: 'purchases', splits: [{ state: 'active' }] });
  expect(source?.num_records_in).toBeGreaterThan(0);
  expect(running.last?.subtasks).toHaveLength(2);
  expect(running.last?.checkpoints.last?.last_checkpoint_full_size_bytes).toBeGreaterThan(0);

  const refused = await resultOf(start('live', '--json'));
  expect(refused.stderr).toContain('MR_CHECKPOINT_IN_USE');
  const again = await status('live');
  expect([again.code, again.stdout]).toEqual([
    0,
    expect.stringMatching(new RegExp(`shop-live: running, process ${child.pid} on .*heard from`)),
  ]);

  child.kill('SIGKILL');
  await once(child, 'close');
  const gone = await status('live');
  expect(gone.code).toBe(1);
  expect(gone.stdout).toMatch(
    new RegExp(`CRITICAL not running: process ${child.pid} on \\S+ is gone`),
  );
  expect(gone.stdout).toMatch(/goes on from checkpoint \d+/);

  const second = start('live');
  await until('live', ({ state, process }) => state === 'running' && process?.pid === second.pid);
  second.kill('SIGTERM');
  await once(second, 'close');
  const stopped = await status('live', '--json');
  expect(stopped.code).toBe(0);
  expect(jsonOf<JobStatus>(stopped)).toMatchObject({
    state: 'stopped',
    healthy: true,
    process: { pid: second.pid, alive: false },
    lease: { state: 'released' },
  });

  const wrong = await resultOf(start('live', '--from-savepoint', 'nothing'));
  expect(wrong.stderr).toContain('MR_SAVEPOINT_NOT_FOUND');
  const failed = await status('live');
  expect([failed.code, failed.stdout]).toEqual([
    1,
    expect.stringContaining('CRITICAL failed with MR_SAVEPOINT_NOT_FOUND'),
  ]);
});

it('shows that the breaker has paused a job', { timeout: 60_000 }, async () => {
  start('poisoned');
  const paused = await until('poisoned', ({ state }) => state === 'paused');
  expect(paused.healthy).toBe(false);
  const [problem] = paused.problems;
  expect(problem).toMatchObject({ level: 'critical', about: 'dead letters' });
  expect(problem?.message).toContain('paused by the dead-letter breaker');
  const letters = Object.values(paused.last?.dlq_records ?? {});
  expect(letters.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
  const shown = await status('poisoned');
  expect([shown.code, shown.stdout]).toEqual([1, expect.stringContaining('millrace dlq ls')]);
});

it('shows how a job without checkpoints ended, again and again', { timeout: 60_000 }, async () => {
  expect((await resultOf(start('local', '--until-end'))).code).toBe(0);
  const watching = startCli(shop, [
    ...['status', '--config', 'status.config.ts', '--watch', '--interval', '50ms'],
  ]);
  children.push(watching);
  const ended = resultOf(watching);
  let said = '';
  watching.stdout?.on('data', (text: string) => {
    said += text;
  });
  await vi.waitFor(() => expect(said.match(/shop-local: finished/g)?.length).toBeGreaterThan(1), {
    timeout: 20_000,
  });
  watching.kill('SIGTERM');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).toContain('records in 1,000');
  expect(stdout).toContain('checkpoints: none are taken');
});
