// Two processes of one job: who stands by takes over when the other is killed. And two jobs on one
// state, each with outputs of its own.
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purchases } from '../../examples/shop/generate-data.ts';
import { jsonOf, resultOf, runCli, startCli, temporaryFolder, writeFiles } from './run-cli.ts';

const folder = temporaryFolder();
const shop = join(folder.path, 'shop');
const config = `import base from './millrace.config.ts';
import { defineConfig } from 'millrace';
import { file } from 'millrace/file';
const { online, offline } = base.environments.local;
const shared = { online, offline,
  checkpoints: { directory: './.millrace/checkpoints', interval: '200ms', retainOnStop: true } };
export default defineConfig({ ...base, environments: {
  slow: { ...shared, streams: { purchases: file('./data/purchases.jsonl', { ratePerSecond: 20 }) } },
  local: { ...shared, streams: { purchases: file('./data/purchases.jsonl') } },
} });`;

beforeAll(async () => {
  expect((await runCli(folder.path, 'init', 'shop')).code).toBe(0);
  writeFiles(shop, { 'data/purchases.jsonl': purchases(2000), 'two.config.ts': config });
});
afterAll(() => folder.remove());

const arguments_ = ['--config', 'two.config.ts'];

describe('a process that stands by', () => {
  it('takes the job over when the one that runs it is killed', { timeout: 60_000 }, async () => {
    const first = startCli(shop, ['run', '--env', 'slow', ...arguments_]);
    await waitFor(first, /checkpoint [1-9]/);
    const second = startCli(shop, ['run', '--env', 'slow', '--standby', '--json', ...arguments_]);
    const ended = resultOf(second);
    await waitFor(second, /standing by with checkpoint \d+/);
    first.kill('SIGKILL');
    await once(first, 'close');
    await waitFor(second, /took the job over[^]*checkpoint [1-9]/);
    second.kill('SIGTERM');
    const result = await ended;
    expect(result.stderr).toContain('took the job over');
    const summary = jsonOf<{ records_in: number; restored_checkpoint: number }>(result);
    expect(summary.restored_checkpoint).toBeGreaterThan(0);
    expect(summary.records_in).toBeLessThan(2000);
  });

  it('refuses what would throw away the state that it waits for', async () => {
    const result = await runCli(shop, 'run', '--standby', '--fresh-state', ...arguments_);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--standby goes on with the state');
  });
});

describe('a second job on the state of a savepoint', () => {
  it('has checkpoints, rows and a log of its own', { timeout: 60_000 }, async () => {
    expect((await runCli(shop, 'run', '--until-end', ...arguments_)).code).toBe(0);
    const made = await runCli(shop, 'savepoint', 'create', 'before', ...arguments_);
    expect(made.code).toBe(0);
    const candidate = ['--as', 'candidate', ...arguments_];
    const from = ['--from-savepoint', 'shop-local/before'];
    const run = await runCli(shop, 'run', '--until-end', ...from, ...candidate);
    expect(run.stderr + run.stdout).not.toContain('error');
    expect(run.code).toBe(0);
    const own = await runCli(shop, 'get', 'user_spend', 'user_id=u1', '--json', ...candidate);
    const first = await runCli(shop, 'get', 'user_spend', 'user_id=u1', '--json', ...arguments_);
    expect(jsonOf<object>(own)).toEqual(jsonOf<object>(first));
    const wrong = await runCli(
      shop,
      'get',
      'user_spend',
      'user_id=u1',
      '--as',
      'B!',
      ...arguments_,
    );
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('cannot be the name of a second job');
  });
});

/** Until the child has said something on stderr. */
function waitFor(child: ReturnType<typeof startCli>, pattern: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (pattern.test(said)) resolve();
  });
  child.on('close', () => reject(new Error(`it ended without saying ${String(pattern)}: ${said}`)));
  return promise;
}
