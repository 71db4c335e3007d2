// Checkpoint storage as a job meets it on a bad day: slow, refusing, or doing what it was asked and
// losing the answer. After every change all manifests that count are looked at: none may name a file
// that is not there in its full size.
import { MillraceError } from '../../src/kernel/errors/millrace-error.ts';
import type {
  CheckpointStorage,
  StoredObject,
  WriteCondition,
} from '../../src/ports/checkpoint-storage.ts';
import {
  faultyCheckpointStorage,
  randomFaults,
} from '../../src/testing/faults/faulty-checkpoint-storage.ts';
import type { FaultyStateFiles } from '../../src/testing/faults/faulty-state-files.ts';
import { simClock } from './sim-clock.ts';
import type { SimProcess } from './world.ts';

interface StoredBytes {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** What is stored, over all lives of the job. */
export class SimVault {
  readonly objects = new Map<string, StoredBytes>();
  /** How many manifests were ever written. */
  manifestCount = 0;
  /** What went wrong that must never go wrong. */
  readonly problems: string[] = [];
  #versions = 0;
  #lock: StoredBytes | null = null;
  #fence: LockText['fence'] = null;

  put(name: string, bytes: Uint8Array, by: string): string {
    const etag = `v${++this.#versions}`;
    this.objects.set(name, { bytes, etag });
    if (isManifest(name)) this.manifestCount += 1;
    this.verify(`${by} wrote ${name}`);
    return etag;
  }

  list(prefix: string): readonly StoredObject[] {
    return [...this.objects]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { bytes }]) => ({ name, bytes: bytes.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  remove(names: readonly string[], by: string): void {
    for (const name of names) {
      this.objects.delete(name);
      this.verify(`${by} removed ${name}`);
    }
  }

  /** The checkpoints that count, newest first: those that are whole and not gone past. */
  get complete(): readonly ParsedManifest[] {
    const found = [...this.objects]
      .filter(([name]) => isManifest(name) && !name.includes('/savepoints/'))
      .map(([, { bytes }]) => parseManifest(bytes))
      .filter((manifest) => manifest !== null && !this.#isVoid(manifest));
    return (found as ParsedManifest[]).sort((a, b) => b.id - a.id);
  }

  /** Damages an object where it lies. */
  damage(name: string, at: number): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    const bytes = object.bytes.slice();
    bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 0x10;
    this.objects.set(name, { ...object, bytes });
    // It may still read as JSON; whoever looks at its checksum sees that it is not whole.
    parsed.set(bytes, null);
  }

  /** Looks at every manifest that counts: its files must be there. */
  verify(after: string): void {
    for (const [name, { bytes }] of this.objects) {
      if (!isManifest(name)) continue;
      const manifest = parseManifest(bytes);
      if (manifest === null || this.#isVoid(manifest)) continue;
      const base = name.slice(0, name.lastIndexOf('/manifests/'));
      for (const file of manifest.files) {
        const found = this.objects.get(`${base}/segments/${file.name}`)?.bytes.length;
        if (found === file.bytes) continue;
        this.problems.push(
          `after ${after}: ${name} names ${file.name} of ${file.bytes} bytes, there is ${found}`,
        );
      }
    }
  }

  /** Written by somebody who had lost the job, or gone past by whoever went on from an older one. */
  #isVoid({ id, generation }: ParsedManifest): boolean {
    const lock = this.objects.get('sim/lock.json');
    if (lock === undefined) return false;
    if (lock !== this.#lock) {
      this.#lock = lock;
      this.#fence = (JSON.parse(new TextDecoder().decode(lock.bytes)) as LockText).fence;
    }
    const fence = this.#fence;
    if (fence === null) return false;
    if (id <= fence.restoredId) {
      return !fence.kept.some((kept) => kept[0] === id && kept[1] === generation);
    }
    return generation < fence.generation || id <= fence.greatestId;
  }
}

interface LockText {
  readonly fence: {
    readonly generation: number;
    readonly restoredId: number;
    readonly greatestId: number;
    readonly kept: readonly (readonly [number, number])[];
  } | null;
}

export interface StorageMood {
  readonly refusalRate: number;
  readonly lostAnswerRate: number;
  readonly slowRate: number;
  /** Most time until an operation takes effect. */
  readonly latencyMs: number;
}

export interface SimStorageOptions {
  readonly vault: SimVault;
  readonly process: SimProcess;
  /** Local files by the paths that their `path` gives. */
  readonly filesOf: (localPath: string) => {
    readonly files: FaultyStateFiles;
    readonly name: string;
  };
  readonly mood: StorageMood;
}

/** The storage of one process: operations take time, and go wrong as its mood says. */
export function simStorage(options: SimStorageOptions): CheckpointStorage {
  const { process, mood } = options;
  const { world } = process;
  const { refusalRate: fail, lostAnswerRate: lost, slowRate: slow } = mood;
  const draw = randomFaults(world, { fail, lost, slow, slowMsMax: 40 * mood.latencyMs });
  return faultyCheckpointStorage(slowStorage(options), {
    clock: simClock(process),
    next: (operation, name) => {
      const fault = draw(operation, name);
      if (fault !== null) world.fault(`storage ${fault.kind}`, `${operation} ${name}`);
      return fault;
    },
  });
}

function slowStorage({ vault, process, filesOf, mood }: SimStorageOptions): CheckpointStorage {
  const { world } = process;
  const operation = <T>(name: string, effect: () => T): Promise<T> =>
    process.call(name, effect, {
      mayOutlive: true,
      effectMs: mood.latencyMs * world.next(),
      answerMs: mood.latencyMs * world.next() * 0.5,
    });
  const local = (path: string): Uint8Array => {
    const { files, name } = filesOf(path);
    const bytes = files.read(name);
    files.sync(name);
    return bytes;
  };
  const found = (name: string): StoredBytes => {
    const object = vault.objects.get(name);
    if (object !== undefined) return object;
    throw new MillraceError('MR_CHECKPOINT_MISSING', `"${name}" does not exist`);
  };
  return {
    description: 'simulated storage',
    list: (prefix) => operation(`lists ${prefix}`, () => vault.list(prefix)),
    read: (name) => operation(`reads ${name}`, () => vault.objects.get(name) ?? null),
    write: (name, bytes, condition) => {
      const copy = bytes.slice();
      return operation(`writes ${name}`, () =>
        holds(condition, vault.objects.get(name))
          ? { etag: vault.put(name, copy, process.name) }
          : null,
      );
    },
    writeFrom: (name, path) =>
      operation(`uploads ${name}`, () => void vault.put(name, local(path), process.name)),
    readTo: (name, path) =>
      operation(`downloads ${name}`, () => {
        const target = filesOf(path);
        target.files.write(target.name, found(name).bytes);
      }),
    copy: (from, to) =>
      operation(`copies ${from}`, () => void vault.put(to, found(from).bytes, process.name)),
    remove: (names) => {
      const all = [...names];
      return operation(`removes ${all.length}`, () => vault.remove(all, process.name));
    },
  };
}

function holds(condition: WriteCondition | undefined, stored: StoredBytes | undefined): boolean {
  if (condition === undefined) return true;
  if (condition === 'absent') return stored === undefined;
  return stored?.etag === condition.etag;
}

function isManifest(name: string): boolean {
  return /\/manifests\/\d+\.json$/.test(name);
}

export interface ParsedManifest {
  readonly id: number;
  readonly generation: number;
  /** Head of the first subtask. */
  readonly head: string;
  /** All input had ended. */
  readonly isEnded: boolean;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

interface ManifestText {
  readonly manifest: {
    readonly id: number;
    readonly generation: number;
    readonly ended?: unknown;
    readonly subtasks: readonly {
      readonly segments: ParsedManifest['files'];
      readonly head: ParsedManifest['files'][number];
    }[];
  };
}

const parsed = new WeakMap<Uint8Array, ParsedManifest | null>();

/** A manifest, read without the code that wrote it; null when it is damaged. */
function parseManifest(bytes: Uint8Array): ParsedManifest | null {
  let manifest = parsed.get(bytes);
  if (manifest === undefined) {
    manifest = readManifest(bytes);
    parsed.set(bytes, manifest);
  }
  return manifest;
}

function readManifest(bytes: Uint8Array): ParsedManifest | null {
  let text: ManifestText;
  try {
    text = JSON.parse(new TextDecoder().decode(bytes)) as ManifestText;
  } catch {
    return null;
  }
  const { manifest } = text;
  const files = manifest.subtasks.flatMap(({ segments, head }) => [...segments, head]);
  return {
    id: manifest.id,
    generation: manifest.generation,
    head: manifest.subtasks[0]?.head.name ?? '',
    isEnded: manifest.ended !== undefined,
    files,
  };
}
