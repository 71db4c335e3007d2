// Checkpoints in a folder of this machine or of a network file system with hard links. Objects are
// files of the same name; those that are written with a condition on their version have one file
// per version (`versioned-object.ts`).
import type { Dirent } from 'node:fs';
import { readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type {
  CheckpointStorage,
  StoredObject,
  WriteCondition,
} from '../../../ports/checkpoint-storage.ts';
import { checkpointFileError, codeOf } from './checkpoint-file-error.ts';
import { isTemporary, linkDurable, sweepTemporaries } from './durable-files.ts';
import {
  createFirst,
  currentOf,
  parseVersion,
  readCurrent,
  removeAll,
  writeNext,
  writeOver,
} from './versioned-object.ts';

/** Checkpoints below `directory`, which is made when something is first written. */
export function localCheckpointStorage(directory: string): CheckpointStorage {
  return new LocalCheckpointStorage(resolve(directory));
}

class LocalCheckpointStorage implements CheckpointStorage {
  readonly description: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.description = `folder ${root}`;
  }

  list(prefix: string): Promise<readonly StoredObject[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    return this.#guarded(folder, async (path) => {
      const objects = await listFolder(path, folder);
      return objects
        .filter(({ name }) => name.startsWith(prefix))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  read(name: string): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | null> {
    return this.#guarded(name, readCurrent);
  }

  write(
    name: string,
    bytes: Uint8Array,
    condition?: WriteCondition,
  ): Promise<{ readonly etag: string } | null> {
    return this.#guarded(name, (path) => {
      if (condition === undefined) return writeOver(path, bytes);
      if (condition === 'absent') return createFirst(path, bytes);
      return writeNext(path, bytes, condition.etag);
    });
  }

  writeFrom(name: string, localPath: string): Promise<void> {
    return this.#guarded(name, (path) => linkDurable(localPath, path));
  }

  readTo(name: string, localPath: string): Promise<void> {
    return this.#guarded(name, async (path) => {
      await linkDurable((await currentOf(path))?.path ?? path, localPath);
    });
  }

  copy(from: string, to: string): Promise<void> {
    return this.#guarded(from, async (path) => {
      await linkDurable((await currentOf(path))?.path ?? path, this.#pathOf(to));
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#guarded(name, async (path) => {
        await removeAll(path);
        await this.#removeEmptyFolders(dirname(path));
      });
    }
  }

  /** A folder that is not empty, or in which somebody makes a file just now, stays. */
  async #removeEmptyFolders(folder: string): Promise<void> {
    let at = folder;
    try {
      for (; at !== this.#root && at.startsWith(this.#root); at = dirname(at)) await rmdir(at);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(codeOf(error))) throw error;
    }
  }

  #pathOf(name: string): string {
    const parts = name.split('/');
    if (parts.some((part) => part === '.' || part === '..') || name.includes('~')) {
      throw new MillraceError('MR_INTERNAL', `"${name}" cannot be the name of an object`);
    }
    return join(this.#root, ...parts);
  }

  async #guarded<T>(name: string, action: (path: string) => Promise<T>): Promise<T> {
    const path = this.#pathOf(name);
    try {
      return await retriedOnce(() => action(path));
    } catch (error) {
      throw checkpointFileError(pathOfError(error) ?? path, error);
    }
  }
}

/** Again when a folder was removed as empty between being made and being written to. */
async function retriedOnce<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return action();
  }
}

function pathOfError(error: unknown): string | null {
  const path = error instanceof Error && 'path' in error ? error.path : null;
  return typeof path === 'string' ? path : null;
}

/** Every object below a folder; `prefix` is the folder's own name with a `/` behind it, or empty. */
async function listFolder(path: string, prefix: string): Promise<StoredObject[]> {
  const newest = new Map<string, { readonly version: number; readonly path: string }>();
  const objects: StoredObject[] = [];
  for (const entry of await entriesOf(path)) {
    const full = join(path, entry.name);
    if (entry.isDirectory()) {
      objects.push(...(await listFolder(full, `${prefix}${entry.name}/`)));
    } else if (!isTemporary(entry.name)) {
      const { object, version } = parseVersion(entry.name);
      const known = newest.get(object);
      if (known === undefined || known.version < version)
        newest.set(object, { version, path: full });
    }
  }
  for (const [object, file] of newest) {
    const bytes = await sizeOf(file.path);
    if (bytes !== null) objects.push({ name: `${prefix}${object}`, bytes });
  }
  return objects;
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    if (entries.some(({ name }) => isTemporary(name))) await sweepTemporaries(path);
    return entries;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Null when the file was removed since the folder was read. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
