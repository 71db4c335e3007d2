// A machine on which processes of a job start and die, with checkpoints in memory, for tests.
import {
  type CheckpointStore,
  type CheckpointStoreOptions,
  openCheckpointStore,
} from '../engine/checkpoint/checkpoint-store.ts';
import type { Manifest } from '../engine/checkpoint/manifest.ts';
import type { ProcessIdentity } from '../engine/checkpoint/process-identity.ts';
import type { CheckpointStorage } from '../ports/checkpoint-storage.ts';
import {
  faultyCheckpointStorage,
  type StorageFault,
  type StorageOperation,
} from './faults/faulty-checkpoint-storage.ts';
import { memoryCheckpointStorage } from './faults/memory-checkpoint-storage.ts';
import { manifestDraft } from './manifests.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** One storage, one clock, any number of processes one after the other or at the same time. */
export class CheckpointMachine {
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

/** A store that has loaded its newest checkpoint. */
export async function loadedStore(
  machine: CheckpointMachine,
  options?: Partial<CheckpointStoreOptions>,
): Promise<CheckpointStore> {
  const store = await machine.open(options);
  await store.loadLatest();
  return store;
}
