import { describe, expect, it } from 'vitest';
import { CheckpointMachine, loadedStore } from '../../testing/checkpoint-machine.ts';
import { filesOf } from './manifest-codec.ts';
import {
  createSavepoint,
  dropSavepoint,
  listSavepoints,
  parseSavepointReference,
  readSavepoint,
} from './savepoints.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a savepoint', () => {
  it('outlives retention, and another job can begin with it', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine);
    const saved = await machine.commit(store, ['s1', 'h1']);
    await store.saveAs('before-upgrade', saved);
    for (let i = 2; i < 6; i++) await machine.commit(store, [`h${i}`]);
    expect(await listSavepoints(machine.storage, 'shop')).toEqual([
      { name: 'before-upgrade', state: saved },
    ]);
    const other = await machine.open({ job: 'shop2' });
    await other.loadLatest();
    const reference = parseSavepointReference('shop/before-upgrade', 'shop2');
    const adopted = await other.adopt(await readSavepoint(machine.storage, reference));
    expect((await other.loadLatest()).manifest).toEqual(adopted);
    expect(adopted).toEqual({ ...saved, job: 'shop2', id: 1 });
    await dropSavepoint(machine.storage, 'shop', 'before-upgrade');
    expect(await machine.names('shop/savepoints/')).toEqual([]);
    await other.fetch(adopted, (file) => `adopted/${file}`);
    expect(machine.local.has('adopted/s1')).toBe(true);
  });

  it('of the job itself becomes its newest checkpoint', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine);
    await store.saveAs('good', await machine.commit(store, ['h1']));
    await machine.commit(store, ['h2']);
    await store.adopt(await readSavepoint(machine.storage, { job: 'shop', name: 'good' }));
    machine.killAll();
    const { manifest } = await (await machine.open()).loadLatest();
    expect([manifest?.id, manifest && [...filesOf(manifest).keys()]]).toEqual([3, ['h1']]);
  });

  it('is never overwritten, and is none while it is not complete', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { storage: machine.faulty });
    const manifest = await machine.commit(store, ['s1', 'h1']);
    machine.fault = (operation) => (operation === 'copy' ? { kind: 'fail' } : null);
    await expect(store.saveAs('a', manifest)).rejects.toThrow(code('MR_CHECKPOINT_STORAGE'));
    machine.fault = () => null;
    expect(await listSavepoints(machine.storage, 'shop')).toEqual([]);
    await store.saveAs('a', manifest);
    await expect(store.saveAs('a', manifest)).rejects.toThrow(code('MR_SAVEPOINT_EXISTS'));
    await expect(store.saveAs('../a', manifest)).rejects.toThrow(code('MR_SAVEPOINT_NAME'));
    const typo = readSavepoint(machine.storage, { job: 'shop', name: 'aa' });
    await expect(typo).rejects.toThrow('did you mean "a"?');
    await machine.storage.remove(['shop/savepoints/a/segments/s1']);
    const [broken] = await listSavepoints(machine.storage, 'shop');
    expect(broken?.state).toEqual(code('MR_CHECKPOINT_MISSING'));
  });

  it.each([
    ['nightly', { directory: null, job: 'shop', name: 'nightly' }],
    ['other/nightly', { directory: null, job: 'other', name: 'nightly' }],
    ['/data/cp/other/savepoints/nightly', { directory: '/data/cp', job: 'other', name: 'nightly' }],
    ['s3://b/p/other/savepoints/n/', { directory: 's3://b/p', job: 'other', name: 'n' }],
  ])('is found as %s', (text, expected) => {
    expect(parseSavepointReference(text, 'shop')).toEqual(expected);
  });

  it('of two that are made at the same time under one name is the first', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine);
    const first = await machine.commit(store, ['h1']);
    const second = await machine.commit(store, ['h2']);
    machine.fault = (operation) => (operation === 'copy' ? { kind: 'slow', ms: 10 } : null);
    const slow = createSavepoint(machine.faulty, second, 'a');
    const outcome = expect(slow).rejects.toThrow(code('MR_SAVEPOINT_EXISTS'));
    await createSavepoint(machine.storage, first, 'a');
    await machine.clock.advance(20);
    await outcome;
    expect((await readSavepoint(machine.storage, { job: 'shop', name: 'a' })).manifest).toEqual(
      first,
    );
  });
});
