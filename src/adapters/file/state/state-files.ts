// State files as files of one directory. Positional reads and writes, so that an append that failed
// half way leaves nothing that counts: the next one begins at the same place.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { StateFileReader, StateFiles, StateFileWriter } from '../../../ports/state-files.ts';
import { fileError } from '../file-errors.ts';

/**
 * State files in `directory`, which is made when it is missing. Files are only in the system's page
 * cache when a call returns. Errors: `MR_STATE_DISK_FULL`, `MR_STATE_MISSING`, `MR_FILE_ACCESS`.
 */
export function fileStateFiles(directory: string): StateFiles {
  const path = (name: string): string => join(directory, name);
  guarded(directory, () => mkdirSync(directory, { recursive: true }));
  return {
    path,
    create: (name) => new FileWriter(path(name)),
    open: (name) => new FileReader(path(name)),
    list: () => guarded(directory, () => listFiles(directory)),
    remove: (name) => removeFile(path(name)),
  };
}

class FileWriter implements StateFileWriter {
  position = 0;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = guarded(path, () => openSync(path, 'w'));
  }

  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.position + done);
      }
    } catch (error) {
      this.#cut();
      throw stateError(this.#path, error);
    }
    this.position += bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Takes back what a failed append wrote; if that fails too, the bytes lie behind the end that counts. */
  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.position);
    } catch {
      return;
    }
  }
}

class FileReader implements StateFileReader {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = guarded(path, () => openSync(path, 'r'));
  }

  get size(): number {
    return guarded(this.#path, () => fstatSync(this.#fd).size);
  }

  readInto(target: Uint8Array, at: number, length: number, position: number): number {
    let done = 0;
    try {
      while (done < length) {
        const count = readSync(this.#fd, target, at + done, length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw stateError(this.#path, error);
    }
    return done;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function listFiles(directory: string): { name: string; bytes: number }[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => ({ name, bytes: statSync(join(directory, name)).size }));
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    const failure = stateError(path, error);
    if (failure.code !== 'MR_STATE_MISSING') throw failure;
  }
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw stateError(path, error);
  }
}

/** What the file system said of a state file. */
function stateError(path: string, error: unknown): MillraceError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  const options = { context: { path }, cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new MillraceError('MR_STATE_DISK_FULL', `no space left for state file "${path}"`, {
      ...options,
      fix: 'free space on that disk or move the state directory; the last checkpoint is intact',
    });
  }
  if (code === 'ENOENT') {
    return new MillraceError('MR_STATE_MISSING', `state file "${path}" does not exist`, {
      ...options,
      fix: 'restore an older checkpoint; state files must not be removed by hand',
    });
  }
  return fileError(path, error);
}
