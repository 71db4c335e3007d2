// What every online store must do, whoever wrote it: versioned writes, reads in the order asked,
// scans, notes. Run it from a test file of the adapter.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRowReader } from '../../columns/packed-row-reader.ts';
import { asOfMsOf, seqOf } from '../../columns/packed-row.ts';
import { decodeKey, encodeKey } from '../../kernel/key-encoding.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { OnlineStore, OnlineStoreBinding, StoredView } from '../../ports/online-store.ts';
import { type VectorRow, vectorBatch } from '../vectors.ts';
import { testStoreJobs } from './store-jobs.ts';

/** A store under test; each test asks for a fresh, empty one. */
export interface StoreUnderTest {
  /** A binding of an empty store; opened again it must show the same data. */
  create(): OnlineStoreBinding;
}

const users: StoredView = {
  view: 'users',
  key: [{ name: 'user_id', type: { kind: 'string' }, nullable: true }],
  features: [
    { name: 'total', type: { kind: 'float64' }, nullable: true },
    { name: 'name', type: { kind: 'string' }, nullable: true },
    { name: 'recent', type: { kind: 'list', item: { kind: 'int64' } }, nullable: false },
  ],
  fingerprint: 'users-1',
};

const everyone: StoredView = {
  view: 'everyone',
  key: [],
  features: [{ name: 'count', type: { kind: 'count' }, nullable: false }],
  fingerprint: 'everyone-1',
};

const views = [users, everyone];

function open(binding: OnlineStoreBinding, mode: 'read' | 'write' = 'write'): Promise<OnlineStore> {
  return binding.open({ project: 'conformance', baseDirectory: '.', mode, views });
}

function user(id: string | null, asOfMs: number, seq: number, total = asOfMs): VectorRow {
  return { key: { user_id: id }, values: { total, name: id, recent: [1n] }, asOfMs, seq };
}

function userKey(id: string | null): Uint8Array {
  return encodeKey(users.key, { user_id: id });
}

const reader = createRowReader(users.features);

async function totals(store: OnlineStore, ids: readonly (string | null)[]): Promise<Value[]> {
  const rows = await store.read('users', ids.map(userKey));
  return rows.map((row) => (row === null ? null : reader.value(row, 0)));
}

async function withStore(
  subject: StoreUnderTest,
  body: (store: OnlineStore, binding: OnlineStoreBinding) => Promise<void>,
): Promise<void> {
  const binding = subject.create();
  const store = await open(binding);
  try {
    await body(store, binding);
  } finally {
    await store.close();
  }
}

/** Declares the tests of one store. */
export function testOnlineStore(name: string, subject: StoreUnderTest): void {
  describe(`${name} as an online store`, () => {
    testWrites(subject);
    testReads(subject);
    testScans(subject);
    testNotes(subject);
    testModel(subject);
    if (subject.create().jobs !== undefined) testStoreJobs(() => subject.create());
  });
}

function testWrites(subject: StoreUnderTest): void {
  it('keeps the newest row of a batch and of all batches', () =>
    withStore(subject, async (store) => {
      await store.write(vectorBatch(users, [user('a', 10, 1), user('b', 10, 1), user('a', 20, 2)]));
      expect(await totals(store, ['a', 'b'])).toEqual([20, 10]);
      await store.write(vectorBatch(users, [user('a', 30, 3)]));
      expect(await totals(store, ['a', 'b'])).toEqual([30, 10]);
    }));

  it('skips equal and older versions, so that a replay changes nothing', () =>
    withStore(subject, async (store) => {
      await store.write(vectorBatch(users, [user('a', 20, 5, 1)]));
      await store.write(vectorBatch(users, [user('a', 20, 5, 2)]));
      await store.write(vectorBatch(users, [user('a', 20, 4, 3)]));
      await store.write(vectorBatch(users, [user('a', 19, 99, 4)]));
      expect(await totals(store, ['a'])).toEqual([1]);
      await store.write(vectorBatch(users, [user('a', 20, 6, 5)]));
      expect(await totals(store, ['a'])).toEqual([5]);
      await store.write(vectorBatch(users, [user('a', 21, 1, 6)]));
      expect(await totals(store, ['a'])).toEqual([6]);
    }));

  it('keeps views apart and takes the empty key', () =>
    withStore(subject, async (store) => {
      const row = { key: {}, values: { count: 3 }, asOfMs: 1, seq: 1 };
      await store.write(vectorBatch(everyone, [row]));
      expect(await store.read('users', [new Uint8Array(0)])).toEqual([null]);
      const [found] = await store.read('everyone', [new Uint8Array(0)]);
      if (found === null || found === undefined) throw new Error('no row');
      expect(createRowReader(everyone.features).values(found)).toEqual({ count: 3 });
    }));

  it('copies a batch before the producer reuses it', () =>
    withStore(subject, async (store) => {
      const batch = vectorBatch(users, [user('a', 1, 1)]);
      const written = store.write(batch);
      batch.asOfMs.fill(99);
      batch.keyData.fill(0);
      for (const column of batch.columns) if (column.kind === 'float64') column.values.fill(-1);
      await written;
      expect(await totals(store, ['a'])).toEqual([1]);
    }));
}

function testReads(subject: StoreUnderTest): void {
  it('answers in the order of the keys, with null for what is not there', () =>
    withStore(subject, async (store) => {
      await store.write(vectorBatch(users, [user('a', 1, 1), user('b', 2, 1), user(null, 3, 1)]));
      expect(await totals(store, ['b', 'x', 'a', 'b', null, ''])).toEqual([2, null, 1, 2, 3, null]);
      expect(await store.read('users', [])).toEqual([]);
      expect(await store.read('nowhere', [userKey('a')])).toEqual([null]);
    }));

  it('hands out rows that later reads and writes do not change', () =>
    withStore(subject, async (store) => {
      await store.write(vectorBatch(users, [user('a', 1, 1), user('b', 2, 1)]));
      const [a] = await store.read('users', [userKey('a')]);
      await store.read('users', [userKey('b')]);
      await store.write(vectorBatch(users, [user('a', 5, 2)]));
      if (a === null || a === undefined) throw new Error('no row');
      expect(reader.values(a)).toEqual({ total: 1, name: 'a', recent: [1n] });
    }));

  it('takes keys of any length', () =>
    withStore(subject, async (store) => {
      const ids = ['x'.repeat(1700), 'x'.repeat(1795), 'x'.repeat(2500), `${'x'.repeat(2500)}y`];
      await store.write(
        vectorBatch(
          users,
          ids.map((id, i) => user(id, i + 1, 1)),
        ),
      );
      await store.write(
        vectorBatch(
          users,
          ids.map((id) => user(id, 0, 9)),
        ),
      );
      expect(await totals(store, ids)).toEqual([1, 2, 3, 4]);
      expect((await scanned(store)).map(([id]) => id?.length)).toEqual(
        expect.arrayContaining([1700, 1795, 2500, 2501]),
      );
    }));

  it('scans every row of a view in the order of the encoded keys', () =>
    withStore(subject, async (store) => {
      expect(await scanned(store)).toEqual([]);
      const ids = ['b', 'a', 'é', 'bb', null, 'z'];
      await store.write(
        vectorBatch(
          users,
          ids.map((id) => user(id, 1, 1)),
        ),
      );
      await store.write(vectorBatch(everyone, [{ key: {}, values: {}, asOfMs: 1, seq: 1 }]));
      const found = await scanned(store);
      const sorted = [...ids].sort((a, b) => Buffer.compare(userKey(a), userKey(b)));
      expect(found.map(([id]) => id)).toEqual(sorted);
      expect(found.every(([id, name]) => id === name)).toBe(true);
    }));
}

function testScans(subject: StoreUnderTest): void {
  it('scans many rows, while they are written, each once', () =>
    withStore(subject, async (store) => {
      const ids = Array.from({ length: 1500 }, (_, i) => `u${i}`);
      await store.write(
        vectorBatch(
          users,
          ids.map((id) => user(id, 1, 1)),
        ),
      );
      const found: (readonly [Uint8Array, Uint8Array])[] = [];
      for await (const { key, row } of store.scan('users')) {
        found.push([key, row]);
        if (found.length === 700) await store.write(vectorBatch(users, [user('u0', 2, 2)]));
      }
      const names = found.map(([key]) => decodeKey(users.key, key)['user_id']);
      expect(new Set(names)).toEqual(new Set(ids));
      expect(names).toHaveLength(ids.length);
      expect(found.every(([, row], i) => reader.value(row, 1) === names[i])).toBe(true);
    }));
}

async function scanned(store: OnlineStore): Promise<[string | null, Value][]> {
  const found: [string | null, Value][] = [];
  for await (const { key, row } of store.scan('users')) {
    const id = decodeKey(users.key, key)['user_id'] as string | null;
    found.push([id, reader.value(row, 1)]);
  }
  return found;
}

function testNotes(subject: StoreUnderTest): void {
  it('keeps the greatest as_of of rows that it stored', () =>
    withStore(subject, async (store) => {
      expect(store.greatestAsOfMs()).toBeNull();
      await store.write(vectorBatch(users, [user('a', 50, 1), user('b', 40, 1)]));
      await store.write(vectorBatch(users, [user('b', 45, 2)]));
      expect(store.greatestAsOfMs()).toBe(50);
    }));

  it('keeps notes', () =>
    withStore(subject, async (store) => {
      expect(store.readNote('checkpoint')).toBeNull();
      await store.writeNote('checkpoint', '7 – é');
      expect(store.readNote('checkpoint')).toBe('7 – é');
    }));

  it('shows the same data to a second opening', () =>
    withStore(subject, async (store, binding) => {
      await store.write(vectorBatch(users, [user('a', 50, 1)]));
      await store.writeNote('n', 'v');
      const second = await open(binding, 'read');
      expect(await totals(second, ['a'])).toEqual([50]);
      expect([second.greatestAsOfMs(), second.readNote('n')]).toEqual([50, 'v']);
      await second.close();
    }));
}

const writes = fc.array(
  fc.array(
    fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(20), fc.integer({ min: 1, max: 5 })),
    { maxLength: 12 },
  ),
  { maxLength: 12 },
);

function testModel(subject: StoreUnderTest): void {
  it('ends with the greatest version of each key, however writes are batched', async () => {
    const check = fc.asyncProperty(writes, (batches) =>
      withStore(subject, async (store) => {
        const model = new Map<string, number>();
        for (const batch of batches) {
          const ordered = batch.toSorted((a, b) => a[1] - b[1] || a[2] - b[2]);
          const rank = ([, asOf, seq]: (typeof batch)[number]): number => asOf * 10 + seq;
          await store.write(
            vectorBatch(
              users,
              ordered.map((w) => user(w[0], w[1], w[2], rank(w))),
            ),
          );
          for (const w of batch) model.set(w[0], Math.max(model.get(w[0]) ?? 0, rank(w)));
        }
        for (const [id, greatest] of model) {
          const [row] = await store.read('users', [userKey(id)]);
          if (row === null || row === undefined) throw new Error(`no row for ${id}`);
          expect(reader.value(row, 0)).toBe(greatest);
          expect(asOfMsOf(row) * 10 + seqOf(row)).toBe(greatest);
        }
      }),
    );
    await fc.assert(check, { numRuns: 20 });
  });
}
