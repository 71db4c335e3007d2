// What an online store must do that keeps the rows of several jobs: keep them apart, correct rows that
// are as expected and no others, and move readers in one step, against all others who try.
import { expect, it } from 'vitest';
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { versionOf, withVersion } from '../../columns/packed-row.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { OnlineStore, OnlineStoreBinding, StoredView } from '../../ports/online-store.ts';
import type { StoreJobs } from '../../ports/store-jobs.ts';
import { vectorBatch } from '../vectors.ts';

const totals: StoredView = {
  view: 'totals',
  key: [{ name: 'user_id', type: { kind: 'string' }, nullable: true }],
  features: [{ name: 'total', type: { kind: 'float64' }, nullable: true }],
  fingerprint: 'totals-1',
};

const place = { project: 'conformance', baseDirectory: '.' };
const reader = createRowReader(totals.features);
const keyOf = (id: string): Uint8Array => encodeKey(totals.key, { user_id: id });

/** What somebody else did is seen within this time, by whoever keeps asking. */
const seenSoon = { timeout: 3000, interval: 20 };

function open(
  binding: OnlineStoreBinding,
  variant: string | null,
  options: { readonly fingerprint?: string; readonly mode?: 'read' | 'write' } = {},
): Promise<OnlineStore> {
  const { fingerprint = totals.fingerprint, mode = 'write' } = options;
  const views = [{ ...totals, fingerprint }];
  return binding.open({
    ...place,
    ...(variant === null ? {} : { variant }),
    mode,
    views,
    acceptsSameShape: mode === 'read',
  });
}

function write(store: OnlineStore, id: string, asOfMs: number, total: number): Promise<void> {
  const row = { key: { user_id: id }, values: { total }, asOfMs, seq: 1 };
  return store.write(vectorBatch(totals, [row]));
}

async function totalOf(store: Pick<OnlineStore, 'read'>, id: string): Promise<unknown> {
  const [row] = await store.read('totals', [keyOf(id)]);
  return row === null || row === undefined ? null : reader.value(row, 0);
}

interface Opened {
  readonly binding: OnlineStoreBinding;
  readonly jobs: StoreJobs;
}

function openedOf(binding: OnlineStoreBinding): Opened {
  if (binding.jobs === undefined) throw new Error('the store keeps the rows of one job only');
  return { binding, jobs: binding.jobs };
}

/** Declares the tests of a store whose binding has `jobs`; each test gets an empty one. */
export function testStoreJobs(create: () => OnlineStoreBinding): void {
  const opened = (): Opened => openedOf(create());

  it('keeps the rows of two jobs apart, each with its definitions', async () => {
    const { binding, jobs } = opened();
    const first = await open(binding, null);
    const second = await open(binding, 'next', { fingerprint: 'totals-2' });
    await write(first, 'a', 1, 10);
    await write(second, 'a', 1, 20);
    expect([await totalOf(first, 'a'), await totalOf(second, 'a')]).toEqual([10, 20]);
    const rows = await jobs.openRows({ ...place, variant: 'next' });
    expect(rows.views).toEqual([{ ...totals, fingerprint: 'totals-2' }]);
    expect(await totalOf(rows, 'a')).toBe(20);
    for (const store of [rows, first, second]) await store.close();
    const reading = await open(binding, 'next', { mode: 'read' });
    expect(await totalOf(reading, 'a')).toBe(20);
    await reading.close();
  });

  testAlias(opened);

  it('replaces rows that are as expected, beside the job that writes them', async () => {
    const { binding, jobs } = opened();
    const store = await open(binding, null);
    await write(store, 'a', 10, 1);
    await write(store, 'b', 10, 2);
    const rows = await jobs.openRows({ ...place, variant: null });
    const [a] = await rows.read('totals', [keyOf('a')]);
    if (a === null || a === undefined) throw new Error('no row');
    const newer = withVersion(a, { asOfMs: 20, seq: 7 });
    const done = await rows.replace('totals', [
      { key: keyOf('b'), row: newer, expected: { asOfMs: 9, seq: 1 } },
      { key: keyOf('b'), row: newer, expected: null },
      { key: keyOf('c'), row: newer, expected: { asOfMs: 9, seq: 1 } },
      { key: keyOf('c'), row: newer, expected: null },
      { key: keyOf('a'), row: null, expected: versionOf(a) },
    ]);
    expect(done).toEqual([false, false, false, true, true]);
    const seen = [];
    for (const id of ['a', 'b', 'c']) seen.push(await totalOf(store, id));
    expect(seen).toEqual([null, 2, 1]);
    await expect.poll(() => store.greatestAsOfMs(), seenSoon).toBe(20);
    await write(store, 'c', 15, 3);
    expect(await totalOf(store, 'c')).toBe(1);
    await write(store, 'c', 21, 4);
    expect(await totalOf(store, 'c')).toBe(4);
    expect(await rows.replace('nowhere', [{ key: keyOf('a'), row: null, expected: null }])).toEqual(
      [false],
    );
    await rows.close();
    await store.close();
  });
}

function testAlias(opened: () => Opened): void {
  it('moves readers once per version, for all who look', async () => {
    const { jobs } = opened();
    const [one, two] = [await jobs.openAlias(place), await jobs.openAlias(place)];
    expect(await one.current()).toEqual({ version: 0, variant: null, history: [] });
    await one.move({ from: 0, variant: 'next', atMs: 5 });
    const next = { version: 1, variant: 'next', history: [{ variant: 'next', atMs: 5 }] };
    await expect.poll(() => one.current(), seenSoon).toEqual(next);
    await expect.poll(() => two.current(), seenSoon).toEqual(next);
    const late = two.move({ from: 0, variant: 'other', atMs: 6 });
    await expect(late).rejects.toMatchObject({ code: 'MR_STORE_ALIAS' });
    await two.move({ from: 1, variant: null, atMs: 7 });
    await expect.poll(() => one.current(), seenSoon).toMatchObject({ version: 2, variant: null });
    expect((await one.current()).history.map(({ atMs }) => atMs)).toEqual([7, 5]);
    await Promise.all([one.close(), two.close()]);
  });
}
