// The example `on-demand`: its demo as it is written, and what the command line says of it.
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliHost, jsonOf, resultOf, root, temporaryFolder } from './run-cli.ts';

const example = join(root, 'examples/on-demand');
const folder = temporaryFolder();
const cli = new CliHost();

beforeAll(async () => {
  for (const file of ['features.ts', 'millrace.config.ts']) {
    cpSync(join(example, file), join(folder.path, file));
  }
  const demo = spawn(
    process.execPath,
    ['--conditions=millrace-src', join(example, 'demo.ts'), folder.path],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { code, stdout, stderr } = await resultOf(demo);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const values = '"times_usual":4,"spend_with_cart":120,"is_first":false,"app_amount":80}';
  expect(stdout).toContain('pushed: 200');
  expect(stdout).toContain(`by the program: {${values}`);
  expect(stdout).toMatch(new RegExp(`for training: .*${values}`));
  expect(stdout).toContain('"values":[120.0,80.0]');
});

afterAll(() => {
  cli.stop();
  folder.remove();
});

describe('the example on-demand', () => {
  it('is sound', async () => {
    const { code, stdout } = await cli.run(folder.path, 'check');
    expect([code, stdout]).toEqual([0, expect.stringContaining('0 warnings')]);
  });

  it('prints what is computed at read time', async () => {
    const { stdout } = await cli.run(folder.path, 'plan');
    expect(stdout).toContain('on-demand view checkout');
    expect(stdout).toContain('request     cart_amount float64, channel string');
    expect(stdout).toMatch(/spend_with_cart +float64 +=/);
  });

  it('is no concern of Flink, which the pushed stream is', async () => {
    const result = await cli.run(folder.path, 'check', '--target', 'flink');
    expect(result.stdout + result.stderr).toContain('streams.purchases');
    expect(result.stdout + result.stderr).not.toContain('checkout.');
  });

  it('is read with what the request brings', async () => {
    const request = ['--request', 'cart_amount=80', 'channel=app'];
    const result = await cli.run(
      folder.path,
      'get',
      'checkout',
      'user_id=u1',
      ...request,
      '--json',
    );
    expect(jsonOf(result)).toMatchObject({
      view: 'checkout',
      key: { user_id: 'u1' },
      features: {
        times_usual: { value: 4, status: 'PRESENT' },
        app_amount: { value: 80, status: 'PRESENT' },
      },
    });
    const table = await cli.run(
      folder.path,
      'get',
      'checkout',
      'user_id=nobody',
      '--request',
      'cart_amount=80',
    );
    expect(table.stdout).toMatch(/times_usual +null +NOT_FOUND/);
    expect(table.stdout).toMatch(/spend_with_cart +80 +PRESENT/);
  });

  it('has no rows to export', async () => {
    const { code, stderr } = await cli.run(folder.path, 'export', 'checkout', '--out', 'x.jsonl');
    expect([code, stderr]).toEqual([1, expect.stringContaining('computed when it is read')]);
  });

  it.each([
    [['user_id=u1'], 'cart_amount, which is not given'],
    [['user_id=u1', '--request', 'cart_amount=much'], 'request.cart_amount'],
    [['user_id=u1', '--request', 'cart_amont=1'], 'did you mean "cart_amount"?'],
    [['user_id=u1', '--request', 'cart_amount'], 'is not name=value'],
    [['user_ids=u1', '--request', 'cart_amount=1'], 'did you mean "user_id"?'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cli.run(folder.path, 'get', 'checkout', ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
