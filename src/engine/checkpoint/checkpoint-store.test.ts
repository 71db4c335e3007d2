import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { CheckpointMachine, loadedStore } from '../../testing/checkpoint-machine.ts';
import type { Manifest } from './manifest.ts';
import { manifestName } from './names.ts';
import { readLatestCheckpoint } from './read-checkpoints.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the checkpoints of a job', () => {
  it('go on from the newest, by the next process', async () => {
    const machine = new CheckpointMachine();
    const first = await machine.open();
    expect(await first.loadLatest()).toEqual({ manifest: null, refused: [] });
    await machine.commit(first, ['s1', 'h1']);
    const newest = await machine.commit(first, ['s1', 's2', 'h2']);
    await first.close();
    const second = await machine.open();
    expect(await second.loadLatest()).toEqual({ manifest: newest, refused: [] });
    expect([first.generation, second.generation, second.nextId()]).toEqual([1, 2, 3]);
    await second.fetch(newest, (file) => `restored/${file}`);
    expect(machine.local.get('restored/s2')).toEqual(new TextEncoder().encode('s2'));
    expect(second.filePrefix).not.toBe(first.filePrefix);
  });

  it('keep the newest two and the files that these name', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine);
    await machine.commit(store, ['s1', 'h1']);
    await machine.commit(store, ['s1', 's2', 'h2']);
    await machine.commit(store, ['s2', 's3', 'h3']);
    expect(await machine.names()).toEqual([
      'manifests/000000000002.json',
      'manifests/000000000003.json',
      ...['segments/h2', 'segments/h3', 'segments/s1', 'segments/s2', 'segments/s3'],
    ]);
    await machine.commit(store, ['s3', 'h4']);
    expect(await machine.names('shop/segments/')).toEqual(
      ['h3', 'h4', 's2', 's3'].map((name) => `segments/${name}`),
    );
  });

  it('keep as many as asked', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { retain: 4 });
    for (let i = 1; i <= 6; i++) await machine.commit(store, [`h${i}`]);
    expect(await machine.names('shop/manifests/')).toHaveLength(4);
  });

  it('store a file once', async () => {
    const machine = new CheckpointMachine();
    const stored: string[] = [];
    machine.fault = (operation, name) => {
      if (operation === 'writeFrom') stored.push(name);
      return null;
    };
    const store = await loadedStore(machine, { storage: machine.faulty });
    await machine.commit(store, ['s1', 'h1']);
    await machine.commit(store, ['s1', 's2', 'h2']);
    expect(stored.map((name) => name.slice(14))).toEqual(['s1', 'h1', 's2', 'h2']);
  });

  it.each<[string, (machine: CheckpointMachine) => Promise<unknown>, string]>([
    [
      'whose manifest is damaged',
      ({ storage }) => storage.write(manifestName('shop', 2), new Uint8Array(9)),
      'manifests/000000000002.json" is damaged',
    ],
    [
      'of which a file is missing',
      ({ storage }) => storage.remove(['shop/segments/s2']),
      'segments/s2"',
    ],
    [
      'of which a file is cut short',
      ({ storage }) => storage.write('shop/segments/h2', new Uint8Array(1)),
      'segments/h2" is damaged: it has 1 bytes instead of 2',
    ],
    [
      'that belongs to another job',
      async ({ storage }) => {
        const other = await storage.read(manifestName('shop', 1));
        await storage.write(manifestName('shop', 2), other?.bytes ?? new Uint8Array(0));
      },
      'it is checkpoint 1 of job "shop"',
    ],
  ])('refuse one %s and take the one before', async (_, damage, message) => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['s1', 'h1']);
    await machine.commit(first, ['s1', 's2', 'h2']);
    await first.close();
    await damage(machine);
    const second = await machine.open();
    const { manifest, refused } = await second.loadLatest();
    expect(manifest?.id).toBe(1);
    expect(refused).toEqual([{ id: 2, message: expect.stringContaining(message) }]);
    expect(second.nextId()).toBe(3);
  });

  it('are not given up because storage cannot be read just now', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    await first.close();
    const second = await machine.open({ storage: machine.faulty });
    machine.fault = (_, name) => (name.endsWith('2.json') ? { kind: 'fail' } : null);
    await expect(second.loadLatest()).rejects.toThrow(code('MR_CHECKPOINT_STORAGE'));
    machine.fault = () => null;
    expect((await second.loadLatest()).manifest?.id).toBe(2);
  });

  it('go back one more when the state of the newest cannot be read, for good', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    const error = new MillraceError('MR_STATE_CORRUPT', 'h2 is damaged at 7');
    const { manifest, refused } = await first.loadLatest({ refused: new Map([[2, error]]) });
    expect([manifest?.id, refused]).toEqual([1, [{ id: 2, message: 'h2 is damaged at 7' }]]);
    // The job went on from 1: what came after it must never count again.
    machine.killAll();
    const second = await machine.open();
    expect((await second.loadLatest()).manifest?.id).toBe(1);
    expect([machine.reports, await machine.names('shop/manifests/')]).toEqual([
      [],
      ['manifests/000000000001.json'],
    ]);
    expect(second.nextId()).toBe(3);
  });

  it('stay void when they could not be removed and the job went on', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    machine.killAll();
    const second = await machine.open({ storage: machine.faulty });
    machine.fault = (operation) => (operation === 'remove' ? { kind: 'fail' } : null);
    const error = new MillraceError('MR_STATE_CORRUPT', 'h2 is damaged at 7');
    await second.loadLatest({ refused: new Map([[2, error]]) });
    await machine.commit(second, ['h3']);
    machine.killAll();
    const third = await machine.open();
    expect((await third.loadLatest()).manifest?.id).toBe(3);
    const damaged = new MillraceError('MR_STATE_CORRUPT', 'h3 is damaged at 7');
    expect((await third.loadLatest({ refused: new Map([[3, damaged]]) })).manifest?.id).toBe(1);
  });

  it('are gone back over for good, or not at all', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    expect(await first.goBackTo(7)).toBe(false);
    expect(await first.goBackTo(1)).toBe(true);
    machine.killAll();
    const second = await machine.open();
    expect((await second.loadLatest()).manifest?.id).toBe(1);
  });

  it('that a sink names are restored, newer ones are void', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    await first.close();
    const second = await machine.open();
    const kafka = { sink: 'kafka', hadCommitted: () => true };
    const missing = second.loadLatest({ named: { ...kafka, id: 9 } });
    await expect(missing).rejects.toThrow(code('MR_CHECKPOINT_REQUIRED'));
    const { manifest } = await second.loadLatest({ named: { ...kafka, id: 1 } });
    expect(manifest?.id).toBe(1);
    expect(await machine.names()).toEqual(['manifests/000000000001.json', 'segments/h1']);
  });

  it('begin anew when they are discarded, also after a crash right then', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, ['h1']);
    await machine.storage.write(manifestName('shop', 2), new Uint8Array(5));
    machine.killAll();
    const second = await machine.open();
    await second.discard();
    expect(await machine.names()).toEqual([]);
    expect((await second.loadLatest()).manifest).toBeNull();
    expect(second.nextId()).toBe(3);
  });

  it('survive the loss of the lock file without using a generation twice', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine);
    await machine.commit(first, [`${first.filePrefix}h`]);
    machine.killAll();
    await (await machine.open()).close();
    machine.killAll();
    const third = await loadedStore(machine);
    await machine.commit(third, [`${third.filePrefix}h`]);
    await machine.storage.remove(['shop/lock.json']);
    expect((await machine.open()).generation).toBe(4);
  });
});

describe('a checkpoint that is being written', () => {
  it('counts when only the answer to its manifest was lost', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { storage: machine.faulty });
    machine.fault = (operation, name) =>
      operation === 'write' && name.includes('manifests') ? { kind: 'lost' } : null;
    await machine.commit(store, ['h1']);
    expect((await readLatestCheckpoint(machine.storage, 'shop'))?.manifest.id).toBe(1);
  });

  it('is not seen before its manifest is written', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { storage: machine.faulty });
    await machine.commit(store, ['h1']);
    machine.fault = (operation, name) =>
      operation === 'write' && name.includes('manifests') ? { kind: 'fail' } : null;
    await expect(machine.commit(store, ['s2', 'h2'])).rejects.toThrow(
      code('MR_CHECKPOINT_STORAGE'),
    );
    machine.fault = () => null;
    expect((await readLatestCheckpoint(machine.storage, 'shop'))?.manifest.id).toBe(1);
    expect(await machine.names('shop/segments/')).toContain('segments/s2');
    await machine.commit(store, ['h3']);
    await machine.commit(store, ['h4']);
    expect(await machine.names('shop/segments/')).toEqual(['segments/h3', 'segments/h4']);
  });

  it('waits for every upload before it fails, and stores the rest the next time', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { storage: machine.faulty, transfersMax: 2 });
    machine.fault = (operation, name) =>
      operation === 'writeFrom' && name.endsWith('s2') ? { kind: 'fail' } : null;
    const files = ['s1', 's2', 's3', 's4', 'h'];
    await expect(machine.commit(store, files)).rejects.toThrow(code('MR_CHECKPOINT_STORAGE'));
    machine.fault = () => null;
    await machine.commit(store, files);
    expect(await machine.names('shop/segments/')).toHaveLength(5);
  });

  it('does not count for a process that has lost the job', async () => {
    const machine = new CheckpointMachine();
    const stale = await loadedStore(machine);
    await machine.commit(stale, ['h1']);
    machine.killAll();
    const owner = await machine.open();
    expect((await owner.loadLatest()).manifest?.id).toBe(1);
    await expect(machine.commit(stale, ['late', 'h2'])).rejects.toThrow(code('MR_FENCED'));
    expect(stale.lost.reason).toEqual(code('MR_FENCED'));
    await expect(machine.commit(stale, ['h3'])).rejects.toThrow(code('MR_FENCED'));
    // The manifest of the stale process lies where the owner's next one belongs: it gives way.
    const mine = await machine.commit(owner, ['own']);
    machine.killAll();
    const third = await machine.open();
    expect((await third.loadLatest()).manifest).toEqual(mine);
  });

  it('of a process that lost the job is void although nothing newer was written', async () => {
    const machine = new CheckpointMachine();
    const stale = await loadedStore(machine);
    await machine.commit(stale, ['h1']);
    machine.killAll();
    await (await machine.open()).loadLatest();
    stale.nextId();
    stale.nextId();
    await expect(machine.commit(stale, ['h2'], 4)).rejects.toThrow(code('MR_FENCED'));
    expect((await readLatestCheckpoint(machine.storage, 'shop'))?.manifest.id).toBe(1);
    machine.killAll();
    const third = await machine.open();
    expect((await third.loadLatest()).manifest?.id).toBe(1);
    expect(third.nextId()).toBe(5);
    expect(await machine.names('shop/manifests/')).toEqual(['manifests/000000000001.json']);
  });

  it('of a process that lost the job costs the owner no file', async () => {
    const machine = new CheckpointMachine();
    const stale = await loadedStore(machine);
    await machine.commit(stale, ['s1', 'h1']);
    await machine.commit(stale, ['s1', 'h2']);
    // The lease is confirmed, then another process takes over before the old files are removed.
    const taken: Manifest[] = [];
    const remove = machine.storage.remove.bind(machine.storage);
    machine.storage.remove = async (names) => {
      machine.storage.remove = remove;
      machine.killAll();
      const owner = await loadedStore(machine);
      taken.push(await machine.commit(owner, ['s3', 'g2-s4', 'g2-h']));
      await remove(names);
    };
    await machine.commit(stale, ['s3', 'h3']);
    machine.killAll();
    const third = await machine.open();
    const { manifest, refused } = await third.loadLatest();
    expect([manifest, refused]).toEqual([...taken, []]);
  });

  it('is complete although old files cannot be removed, which is said', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine, { storage: machine.faulty });
    for (const file of ['h1', 'h2']) await machine.commit(store, [file]);
    machine.fault = (operation) => (operation === 'remove' ? { kind: 'fail' } : null);
    expect((await machine.commit(store, ['h3'])).id).toBe(3);
    expect(machine.reports).toEqual([expect.stringContaining('could not be removed yet')]);
    machine.fault = () => null;
    await machine.commit(store, ['h4']);
    expect(await machine.names('shop/manifests/')).toHaveLength(2);
  });

  it('does not confuse a process that only reads', async () => {
    const machine = new CheckpointMachine();
    const store = await loadedStore(machine);
    for (const file of ['h1', 'h2']) await machine.commit(store, [file]);
    // Both checkpoints that the reader has read go before it looks for their files.
    const list = machine.storage.list.bind(machine.storage);
    machine.storage.list = async (prefix) => {
      if (prefix.endsWith('/segments/')) {
        machine.storage.list = list;
        for (const file of ['h3', 'h4', 'h5']) await machine.commit(store, [file]);
      }
      return list(prefix);
    };
    const latest = await readLatestCheckpoint(machine.storage, 'shop');
    expect([latest?.manifest.id, latest?.refused]).toEqual([5, []]);
  });

  it('leaves nothing behind for ever when its process dies', async () => {
    const machine = new CheckpointMachine();
    const first = await loadedStore(machine, { storage: machine.faulty });
    await machine.commit(first, ['h1']);
    machine.fault = (operation, name) =>
      operation === 'write' && name.includes('manifests') ? { kind: 'fail' } : null;
    await expect(machine.commit(first, ['s2', 'h2'])).rejects.toThrow();
    machine.killAll();
    await loadedStore(machine);
    expect(await machine.names('shop/segments/')).toEqual(['segments/h1']);
  });
});
