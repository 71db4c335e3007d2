// Training sets from the log, compaction and backfill on the command line.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fraudLabels, purchases } from '../../examples/shop/generate-data.ts';
import { CliHost, copyShop, jsonOf, readLines, temporaryFolder, writeFiles } from './run-cli.ts';

const folder = temporaryFolder();
const shop = folder.path;
const host = new CliHost();

beforeAll(async () => {
  copyShop(shop);
  writeFiles(shop, {
    'data/purchases.jsonl': purchases(2000),
    'data/labels.csv': fraudLabels(100),
  });
  expect((await host.run(shop, 'run', '--until-end', '--json')).code).toBe(0);
});

afterAll(() => {
  host.stop();
  folder.remove();
});

const train = ['train', '--view', 'user_spend', '--entities', 'data/labels.csv', '--out'] as const;

describe('train', () => {
  it('joins the log, and says which rows it read', async () => {
    const out = join(shop, 'logged.csv');
    const done = await host.run(shop, ...train, out, '--mode', 'logged', '--json');
    expect(jsonOf(done)).toMatchObject({ rows: 100, mode: 'logged', records_failed: 0 });
    expect(readLines(out)).toHaveLength(101);
    const known = await host.run(shop, ...train, out, '--mode', 'logged', '--as-known-at');
    expect(known).toMatchObject({ code: 0, stdout: expect.stringMatching(/100 rows × \d+/) });
    // The history was read just now: nothing of it was known then.
    const [header = '', ...rows] = readLines(out);
    const age = header.split(',').indexOf('user_spend__age_ms');
    expect(rows.every((row) => row.split(',').at(age) === '')).toBe(true);
  });

  it('takes labels from a stream', async () => {
    const args = ['--entities', 'stream:purchases', '--out', join(shop, 'all.jsonl')];
    const done = await host.run(shop, 'train', '--view', 'user_spend', ...args, '--json');
    expect(jsonOf(done)).toMatchObject({ rows: 2000, mode: 'recompute' });
  });

  it.each([
    [['--mode', 'both'], /argument 'both' is invalid/],
    [['--as-known-at'], /nothing says when records of stream "purchases" arrived/],
    [['--as-known-at', '--arrival-field', 'purchases'], /"purchases" names no stream and field/],
    [['--as-known-at', '--arrival-field', 'purchases=tz'], /has no field "tz"/],
  ])('refuses %j', async (flags, says) => {
    const done = await host.run(shop, ...train, join(shop, 'x.csv'), ...flags);
    expect(done.code).toBeGreaterThan(0);
    expect(done.stderr).toMatch(says);
  });
});

describe('log and backfill', () => {
  it('compact what several runs left, and keep what it says', async () => {
    const before = join(shop, 'before.jsonl');
    const after = join(shop, 'after.jsonl');
    await host.run(shop, ...train, before, '--mode', 'logged');
    expect((await host.run(shop, 'run', '--until-end')).code).toBe(0);
    const done = jsonOf<{ files_before: number; files_after: number; rows_merged: number }>(
      await host.run(shop, 'log', 'compact', '--json'),
    );
    expect(done.files_after * 2).toBe(done.files_before);
    expect(done.rows_merged).toBeGreaterThan(2000);
    await host.run(shop, ...train, after, '--mode', 'logged');
    expect(readLines(after)).toEqual(readLines(before));
    const again = await host.run(shop, 'log', 'compact');
    expect(again.stdout).toMatch(/0 rows merged/);
  });

  it('find nothing to fill in what a job has written', async () => {
    const done = await host.run(shop, 'backfill', '--view', 'user_spend', '--json');
    const none = { log_rows: 0, store_rows: 0, records_read: 2000 };
    expect(jsonOf(done)).toMatchObject({ views: { user_spend: none }, dry_run: false });
    const wrong = await host.run(shop, 'backfill', '--view', 'user_spent');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/user_spend/) });
  });
});
