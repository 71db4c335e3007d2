import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import {
  faultyCheckpointStorage,
  randomFaults,
  type StorageFault,
  type StorageOperation,
} from '../../testing/faults/faulty-checkpoint-storage.ts';
import { memoryCheckpointStorage } from '../../testing/faults/memory-checkpoint-storage.ts';
import { manifestDraft } from '../../testing/manifests.ts';
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts';
import {
  type CheckpointStore,
  type CheckpointStoreOptions,
  openCheckpointStore,
} from './checkpoint-store.ts';
import { readLease } from './lease-holder.ts';
import type { Manifest } from './manifest.ts';
import { filesOf } from './manifest-codec.ts';
import { manifestName } from './names.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { readLatestCheckpoint } from './read-checkpoints.ts';
import {
  dropSavepoint,
  listSavepoints,
  parseSavepointReference,
  readSavepoint,
} from './savepoints.ts';

class Machine {
  readonly clock: VirtualClock = virtualClock(1_000_000);
  readonly local = new Map<string, Uint8Array>();
  readonly storage: CheckpointStorage = memoryCheckpointStorage({
    read: async (path) => this.local.get(path) ?? new Uint8Array(0),
    write: async (path, bytes) => {
      this.local.set(path, bytes);
    },
  });
  readonly dead = new Set<number>();
  readonly reports: string[] = [];
  fault: (operation: StorageOperation, name: string) => StorageFault | null = () => null;
  #pids = 0;

  /** A storage that fails as `fault` says. */
  get faulty(): CheckpointStorage {
    const next = (operation: StorageOperation, name: string) => this.fault(operation, name);
    return faultyCheckpointStorage(this.storage, { clock: this.clock, next });
  }

  open(options: Partial<CheckpointStoreOptions> = {}): Promise<CheckpointStore> {
    const { storage, clock, reports } = this;
    const report = (message: string): void => void reports.push(message);
    return openCheckpointStore({
      storage,
      job: 'shop',
      clock,
      report,
      self: this.process(),
      ...options,
    });
  }

  process(): ProcessIdentity {
    const pid = ++this.#pids;
    const isAlive = (other: number): boolean => !this.dead.has(other);
    return { owner: `p${pid}`, host: 'box', pid, place: 'box', isAlive };
  }

  /** Every process so far is dead, without having given anything back. */
  killAll(): void {
    for (let pid = 1; pid <= this.#pids; pid++) this.dead.add(pid);
  }

  async names(prefix = 'shop/'): Promise<string[]> {
    const objects = await this.storage.list(prefix);
    return objects.map(({ name }) => name.slice(5)).filter((name) => name !== 'lock.json');
  }

  /** A checkpoint of files that are made of their names. */
  async commit(
    store: CheckpointStore,
    files: readonly string[],
    id = store.nextId(),
  ): Promise<Manifest> {
    const sizes: Record<string, number> = {};
    for (const file of files) {
      this.local.set(file, new TextEncoder().encode(file));
      sizes[file] = file.length;
    }
    return store.commit(manifestDraft(id, sizes), (file) => file);
  }
}

async function loaded(
  machine: Machine,
  options?: Partial<CheckpointStoreOptions>,
): Promise<CheckpointStore> {
  const store = await machine.open(options);
  await store.loadLatest();
  return store;
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the checkpoints of a job', () => {
  it('go on from the newest, by the next process', async () => {
    const machine = new Machine();
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
    const machine = new Machine();
    const store = await loaded(machine);
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
    const machine = new Machine();
    const store = await loaded(machine, { retain: 4 });
    for (let i = 1; i <= 6; i++) await machine.commit(store, [`h${i}`]);
    expect(await machine.names('shop/manifests/')).toHaveLength(4);
  });

  it('store a file once', async () => {
    const machine = new Machine();
    const stored: string[] = [];
    machine.fault = (operation, name) => {
      if (operation === 'writeFrom') stored.push(name);
      return null;
    };
    const store = await loaded(machine, { storage: machine.faulty });
    await machine.commit(store, ['s1', 'h1']);
    await machine.commit(store, ['s1', 's2', 'h2']);
    expect(stored.map((name) => name.slice(14))).toEqual(['s1', 'h1', 's2', 'h2']);
  });

  it.each<[string, (machine: Machine) => Promise<unknown>, string]>([
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
    const machine = new Machine();
    const first = await loaded(machine);
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
    const machine = new Machine();
    const first = await loaded(machine);
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
    const machine = new Machine();
    const first = await loaded(machine);
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

  it('that a sink names are restored, newer ones are void', async () => {
    const machine = new Machine();
    const first = await loaded(machine);
    await machine.commit(first, ['h1']);
    await machine.commit(first, ['h2']);
    await first.close();
    const second = await machine.open();
    const missing = second.loadLatest({ named: { sink: 'kafka', id: 9 } });
    await expect(missing).rejects.toThrow(code('MR_CHECKPOINT_REQUIRED'));
    const { manifest } = await second.loadLatest({ named: { sink: 'kafka', id: 1 } });
    expect(manifest?.id).toBe(1);
    expect(await machine.names()).toEqual(['manifests/000000000001.json', 'segments/h1']);
  });

  it('begin anew when they are discarded, also after a crash right then', async () => {
    const machine = new Machine();
    const first = await loaded(machine);
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
    const machine = new Machine();
    const first = await loaded(machine);
    await machine.commit(first, [`${first.filePrefix}h`]);
    machine.killAll();
    await (await machine.open()).close();
    machine.killAll();
    const third = await loaded(machine);
    await machine.commit(third, [`${third.filePrefix}h`]);
    await machine.storage.remove(['shop/lock.json']);
    expect((await machine.open()).generation).toBe(4);
  });
});

describe('a checkpoint that is being written', () => {
  it('counts when only the answer to its manifest was lost', async () => {
    const machine = new Machine();
    const store = await loaded(machine, { storage: machine.faulty });
    machine.fault = (operation, name) =>
      operation === 'write' && name.includes('manifests') ? { kind: 'lost' } : null;
    await machine.commit(store, ['h1']);
    expect((await readLatestCheckpoint(machine.storage, 'shop'))?.manifest.id).toBe(1);
  });

  it('is not seen before its manifest is written', async () => {
    const machine = new Machine();
    const store = await loaded(machine, { storage: machine.faulty });
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
    const machine = new Machine();
    const store = await loaded(machine, { storage: machine.faulty, transfersMax: 2 });
    machine.fault = (operation, name) =>
      operation === 'writeFrom' && name.endsWith('s2') ? { kind: 'fail' } : null;
    const files = ['s1', 's2', 's3', 's4', 'h'];
    await expect(machine.commit(store, files)).rejects.toThrow(code('MR_CHECKPOINT_STORAGE'));
    machine.fault = () => null;
    await machine.commit(store, files);
    expect(await machine.names('shop/segments/')).toHaveLength(5);
  });

  it('does not count for a process that has lost the job', async () => {
    const machine = new Machine();
    const stale = await loaded(machine);
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
    const machine = new Machine();
    const stale = await loaded(machine);
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
    const machine = new Machine();
    const stale = await loaded(machine);
    await machine.commit(stale, ['s1', 'h1']);
    await machine.commit(stale, ['s1', 'h2']);
    // The lease is confirmed, then another process takes over before the old files are removed.
    let takeOver: Promise<Manifest> | null = null;
    machine.fault = () => null;
    const remove = machine.storage.remove.bind(machine.storage);
    machine.storage.remove = async (names) => {
      if (takeOver === null) {
        machine.killAll();
        takeOver = takenOver();
        await takeOver;
      }
      await remove(names);
    };
    const takenOver = async (): Promise<Manifest> => {
      const owner = await loaded(machine);
      return machine.commit(owner, ['s3', 'g2-s4', 'g2-h']);
    };
    await machine.commit(stale, ['s3', 'h3']);
    machine.storage.remove = remove;
    machine.killAll();
    const third = await machine.open();
    const { manifest, refused } = await third.loadLatest();
    expect(manifest).toEqual(await takeOver);
    expect(refused).toEqual([]);
  });

  it('is complete although old files cannot be removed, which is said', async () => {
    const machine = new Machine();
    const store = await loaded(machine, { storage: machine.faulty });
    for (const file of ['h1', 'h2']) await machine.commit(store, [file]);
    machine.fault = (operation) => (operation === 'remove' ? { kind: 'fail' } : null);
    expect((await machine.commit(store, ['h3'])).id).toBe(3);
    expect(machine.reports).toEqual([expect.stringContaining('could not be removed yet')]);
    machine.fault = () => null;
    await machine.commit(store, ['h4']);
    expect(await machine.names('shop/manifests/')).toHaveLength(2);
  });

  it('leaves nothing behind for ever when its process dies', async () => {
    const machine = new Machine();
    const first = await loaded(machine, { storage: machine.faulty });
    await machine.commit(first, ['h1']);
    machine.fault = (operation, name) =>
      operation === 'write' && name.includes('manifests') ? { kind: 'fail' } : null;
    await expect(machine.commit(first, ['s2', 'h2'])).rejects.toThrow();
    machine.killAll();
    await loaded(machine);
    expect(await machine.names('shop/segments/')).toEqual(['segments/h1']);
  });
});

describe('a savepoint', () => {
  it('outlives retention, and another job can begin with it', async () => {
    const machine = new Machine();
    const store = await loaded(machine);
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
    const machine = new Machine();
    const store = await loaded(machine);
    await store.saveAs('good', await machine.commit(store, ['h1']));
    await machine.commit(store, ['h2']);
    await store.adopt(await readSavepoint(machine.storage, { job: 'shop', name: 'good' }));
    machine.killAll();
    const { manifest } = await (await machine.open()).loadLatest();
    expect([manifest?.id, manifest && [...filesOf(manifest).keys()]]).toEqual([3, ['h1']]);
  });

  it('is never overwritten, and is none while it is not complete', async () => {
    const machine = new Machine();
    const store = await loaded(machine, { storage: machine.faulty });
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
});

describe('a storage on which everything goes wrong', () => {
  it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'loses no checkpoint that was told as complete (seed %i)',
    async (seed) => {
      const machine = new Machine();
      const random = seededRandom(seed);
      const faults = randomFaults(random, { fail: 0.1, lost: 0.1, torn: 0.05 });
      const faultsOf: typeof faults = (operation, name) => {
        const fault = faults(operation, name);
        // The lock is a few bytes: a storage that tears those cannot keep processes apart.
        return fault?.kind === 'torn' && name.endsWith('lock.json') ? null : fault;
      };
      let store: CheckpointStore | null = null;
      let self = machine.process();
      let isLoaded = false;
      let completed = 0;
      let attempted = 0;
      for (let step = 0; step < 60; step++) {
        machine.fault = faultsOf;
        try {
          store ??= await machine.open({ storage: machine.faulty, self });
          if (!isLoaded) await store.loadLatest();
          isLoaded = true;
          const id = store.nextId();
          attempted = id;
          completed = (await machine.commit(store, [`${store.filePrefix}h${id}`], id)).id;
        } catch (error) {
          expect((error as MillraceError).code).toMatch(/^MR_CHECKPOINT_(STORAGE|CORRUPT)$/);
        }
        if (random.next() < 0.2) {
          machine.killAll();
          store = null;
          isLoaded = false;
          self = machine.process();
          machine.fault = () => null;
          const found = await readLatestCheckpoint(machine.storage, 'shop');
          expect(found?.manifest.id ?? 0).toBeGreaterThanOrEqual(completed);
          expect(found?.manifest.id ?? 0).toBeLessThanOrEqual(attempted);
        }
      }
      expect(completed).toBeGreaterThan(0);
      machine.fault = () => null;
      machine.killAll();
      const last = await loaded(machine);
      await machine.commit(last, ['x1']);
      await machine.commit(last, ['x2']);
      expect(await machine.names('shop/segments/')).toEqual(['segments/x1', 'segments/x2']);
      expect((await readLease(machine.storage, 'shop'))?.record.generation).toBe(last.generation);
    },
  );
});
