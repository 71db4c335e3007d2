import { describe, expect, it } from 'vitest';
import { asOfMsOf } from '../../columns/packed-row.ts';
import { systemClock } from '../../kernel/clock.ts';
import { encodeKey } from '../../kernel/key-encoding.ts';
import type { OnlineStore, OnlineStoreBinding, StoredView } from '../../ports/online-store.ts';
import { originOf } from '../../ports/stores/read-origin.ts';
import { replicaNoteName, replicaNoteText } from '../../ports/stores/replica-note.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { memoryStore } from '../memory/index.ts';
import { regional } from './regional.ts';

const users: StoredView = {
  view: 'users',
  key: [{ name: 'id', type: { kind: 'string' }, nullable: false }],
  features: [{ name: 'n', type: { kind: 'count' }, nullable: false }],
  fingerprint: 'u1',
};
const context = { project: 'p', baseDirectory: '.', views: [users] };
const keys = ['a', 'b', 'c'].map((id) => encodeKey(users.key, { id }));

/** Reads fail or hang on command. */
function moody(binding: OnlineStoreBinding) {
  const mood = { is: 'well' as 'well' | 'away' | 'hanging' };
  const open: OnlineStoreBinding['open'] = async (of) => {
    if (mood.is === 'away') throw new Error('away');
    const store = await binding.open(of);
    const read: OnlineStore['read'] = (view, asked) => {
      if (mood.is === 'away') return Promise.reject(new Error('away'));
      if (mood.is === 'hanging') return new Promise(() => undefined);
      return store.read(view, asked);
    };
    return { ...store, read };
  };
  return { mood, binding: { description: binding.description, open } };
}

async function region(completeAtMs: number | null = 0) {
  const near = moody(memoryStore());
  const far = moody(memoryStore());
  const time = { nowMs: 0, monotonicMs: 0 };
  const clock = {
    ...systemClock,
    nowMs: () => time.nowMs,
    monotonicMs: () => time.monotonicMs,
  };
  const put = async (to: OnlineStoreBinding, id: string, asOfMs: number): Promise<void> => {
    const store = await to.open({ ...context, mode: 'write' });
    await store.write(vectorBatch(users, [{ key: { id }, values: { n: asOfMs }, asOfMs, seq: 1 }]));
    if (completeAtMs !== null && to === near.binding) {
      const note = { cursor: '', fingerprint: 'u1', completeAtMs };
      await store.writeNote(replicaNoteName('users'), replicaNoteText(note));
    }
  };
  const binding = regional({
    local: near.binding,
    central: far.binding,
    freshFor: '10s',
    deadline: '30ms',
    clock,
  });
  const read = async (store: OnlineStore) => {
    const rows = await store.read('users', keys);
    const origin = originOf(rows);
    return {
      asOf: rows.map((row) => (row === null ? null : asOfMsOf(row))),
      from: origin?.rows,
      age: origin?.replicaAgeMs,
    };
  };
  const open = (): Promise<OnlineStore> => binding.open({ ...context, mode: 'read' });
  return { near, far, time, put, open, read, binding };
}

describe('a region', () => {
  it('answers from nearby while that is fresh, and asks the centre for what is missing', async () => {
    const { near, far, put, open, read } = await region();
    await put(near.binding, 'a', 1);
    await put(far.binding, 'a', 5);
    await put(far.binding, 'b', 5);
    const store = await open();
    expect(await read(store)).toEqual({
      asOf: [1, 5, null],
      from: ['local', 'central', 'central'],
      age: 0,
    });
    await store.close();
  });

  it('asks the centre when what is nearby is stale, and gives the newer of two rows', async () => {
    const { near, far, time, put, open, read } = await region();
    await put(near.binding, 'a', 1);
    await put(near.binding, 'b', 9);
    await put(far.binding, 'a', 5);
    await put(far.binding, 'b', 8);
    const store = await open();
    time.nowMs = 10_000;
    expect((await read(store)).from).toEqual(['local', 'local', 'central']);
    time.nowMs = 10_001;
    expect(await read(store)).toEqual({
      asOf: [5, 9, null],
      from: ['central', 'central', 'central'],
      age: 10_001,
    });
    await store.close();
  });

  it('gives what is nearby, marked as stale, when the centre is away or late', async () => {
    const { near, far, time, put, open, read } = await region();
    await put(near.binding, 'a', 1);
    await put(far.binding, 'a', 5);
    const store = await open();
    time.nowMs = 60_000;
    for (const mood of ['away', 'hanging'] as const) {
      far.mood.is = mood;
      expect(await read(store)).toEqual({
        asOf: [1, null, null],
        from: ['stale', 'stale', 'stale'],
        age: 60_000,
      });
    }
    far.mood.is = 'well';
    expect((await read(store)).from).toEqual(['central', 'central', 'central']);
    await store.close();
  });

  it('is stale when nothing says that the copy was ever complete', async () => {
    const { near, far, put, open, read } = await region(null);
    await put(near.binding, 'a', 1);
    await put(far.binding, 'a', 2);
    const store = await open();
    expect(await read(store)).toMatchObject({ asOf: [2, null, null], age: null });
    await store.close();
  });

  it('begins with either of the two, and finds the other when it comes', async () => {
    const { near, far, time, put, open, read } = await region();
    await put(near.binding, 'a', 1);
    await put(far.binding, 'a', 5);
    near.mood.is = 'away';
    const store = await open();
    expect(await read(store)).toMatchObject({ asOf: [5, null, null], age: null });
    near.mood.is = 'well';
    time.monotonicMs = 2000;
    await read(store);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await read(store)).toMatchObject({ asOf: [1, null, null], age: 0 });
    near.mood.is = 'away';
    far.mood.is = 'away';
    await expect(store.read('users', keys)).rejects.toMatchObject({ code: 'MR_STORE_AWAY' });
    await store.close();
    time.monotonicMs = 9000;
    await expect(open()).rejects.toThrow('away');
  });

  it('is written at the centre', async () => {
    const { far, binding, read } = await region();
    const store = await binding.open({ ...context, mode: 'write' });
    await store.write(
      vectorBatch(users, [{ key: { id: 'c' }, values: { n: 7 }, asOfMs: 7, seq: 1 }]),
    );
    const centre = await far.binding.open({ ...context, mode: 'read' });
    expect((await read(centre)).asOf).toEqual([null, null, 7]);
  });

  it('refuses options that it does not know, and stores that are none', () => {
    const local = memoryStore();
    const wrong = { local, central: local, fresh: '1s' };
    expect(() => regional(wrong)).toThrow('regional(…) has no option "fresh"');
    expect(() => regional({ local, central: local, deadline: 'soon' })).toThrow(
      'deadline is "soon"',
    );
    expect(() => regional({ local } as never)).toThrow('needs a store as `central`');
  });
});
