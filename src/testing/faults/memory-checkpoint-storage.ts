// Checkpoint storage in memory, exactly as the port promises. Local files are whatever the caller
// says they are, so that a simulation needs no disk.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';

/** The files of the machine on which a job runs. */
export interface LocalFiles {
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
}

/** An empty storage that lives as long as the value. */
export function memoryCheckpointStorage(local: LocalFiles): CheckpointStorage {
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  let writes = 0;

  const put = (name: string, bytes: Uint8Array): { readonly etag: string } => {
    writes += 1;
    const etag = `e${writes}`;
    objects.set(name, { bytes: bytes.slice(), etag });
    return { etag };
  };
  const existing = (name: string): Uint8Array => {
    const bytes = objects.get(name)?.bytes;
    if (bytes !== undefined) return bytes;
    throw new MillraceError('MR_CHECKPOINT_MISSING', `there is no object "${name}"`, {
      context: { path: name },
    });
  };

  return {
    description: 'memory',
    list: async (prefix) =>
      [...objects]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { bytes }]) => ({ name, bytes: bytes.length }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    read: async (name) => {
      const found = objects.get(name);
      return found === undefined ? null : { bytes: found.bytes.slice(), etag: found.etag };
    },
    write: async (name, bytes, condition) => {
      const found = objects.get(name);
      if (condition === 'absent' && found !== undefined) return null;
      if (typeof condition === 'object' && found?.etag !== condition.etag) return null;
      return put(name, bytes);
    },
    writeFrom: async (name, path) => {
      put(name, await local.read(path));
    },
    readTo: async (name, path) => local.write(path, existing(name)),
    copy: async (from, to) => {
      put(to, existing(from));
    },
    remove: async (names) => {
      for (const name of names) objects.delete(name);
    },
  };
}
