// Files of a feature log that count by checkpoints. A file is finished under a hidden name, which the
// checkpoint lists, and renamed into sight when that checkpoint is complete; its name says the job and
// the checkpoint, so that whatever goes back to an older one finds and removes what came after it.
import type { Dirent } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { RestoredEpoch } from '../../../ports/epoch-sink.ts';
import type { LogEpochs } from '../../../ports/feature-log.ts';
import { fileError } from '../file-errors.ts';
import { exists, syncFolder } from './log-folders.ts';

const listingsMax = 100;

/** A finished file: hidden until its checkpoint is complete. */
export type EpochFile = {
  readonly epoch: number;
  /** Name in the folder of hidden files. */
  readonly hidden: string;
  /** Path below the root. */
  readonly visible: string;
};

export class LogEpochFiles {
  readonly #root: string;
  readonly #folder: string;
  readonly #epochs: LogEpochs;
  /** Finished and not in sight yet. */
  #files: EpochFile[] = [];

  constructor(root: string, epochs: LogEpochs) {
    this.#root = root;
    this.#epochs = epochs;
    this.#folder = join(root, '.pending', `job-${epochs.job}`);
  }

  /** Names for a file of a checkpoint; `name` is the rest of its own. */
  named(epoch: number, folder: string, name: string): EpochFile {
    const id = String(epoch).padStart(12, '0');
    const visible = join(folder, `part-${this.#epochs.job}.${id}.${name}.parquet`);
    return { epoch, hidden: `${id}.${name}.parquet`, visible };
  }

  hiddenPath({ hidden }: EpochFile): string {
    return join(this.#folder, hidden);
  }

  /** Adds files that are finished under their hidden names; all that wait for a checkpoint. */
  async add(files: readonly EpochFile[]): Promise<readonly EpochFile[]> {
    this.#files.push(...files);
    if (files.length > 0) await syncFolder(this.#folder);
    return [...this.#files];
  }

  async commit(epoch: number): Promise<void> {
    const files = this.#files.filter((file) => file.epoch <= epoch);
    await this.#show(files);
    this.#files = this.#files.filter((file) => file.epoch > epoch);
  }

  async recover(restored: RestoredEpoch | null): Promise<void> {
    this.#files = [];
    await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
      throw fileError(this.#folder, error);
    });
    const epoch = restored?.id ?? 0;
    const later = await this.#visibleAfter(epoch);
    if (restored === null && later.length > 0 && !this.#epochs.dropsAll) {
      throw this.#withoutCheckpoint(later.length);
    }
    await this.#show(filesOf(restored).filter((file) => file.epoch <= epoch));
    for (const path of later) await rm(path, { force: true });
    for (const folder of new Set(later.map((path) => dirname(path)))) await syncFolder(folder);
    for (const name of await readdir(this.#folder)) {
      await rm(join(this.#folder, name), { force: true });
    }
  }

  /** Renames files into sight, durably; those that are there already stay. */
  async #show(files: readonly EpochFile[]): Promise<void> {
    const folders = new Set<string>();
    for (const file of files) {
      const to = join(this.#root, file.visible);
      try {
        await mkdir(dirname(to), { recursive: true });
        if (await exists(this.hiddenPath(file))) await rename(this.hiddenPath(file), to);
      } catch (error) {
        throw fileError(to, error);
      }
      folders.add(dirname(to)).add(dirname(dirname(to)));
    }
    for (const folder of folders) await syncFolder(folder);
    if (files.length > 0) await syncFolder(this.#folder);
  }

  /** Paths of files of this job in sight, of checkpoints after the given one. */
  async #visibleAfter(epoch: number): Promise<readonly string[]> {
    const prefix = `part-${this.#epochs.job}.`;
    const paths: string[] = [];
    for (const entry of await entriesBelow(this.#root)) {
      if (!entry.isFile() || !entry.name.startsWith(prefix)) continue;
      const id = Number(entry.name.slice(prefix.length, prefix.length + 12));
      if (id > epoch) paths.push(join(entry.parentPath, entry.name));
    }
    return paths;
  }

  #withoutCheckpoint(count: number): MillraceError {
    const { job } = this.#epochs;
    const what = `${count} files of job "${job}", and there is no checkpoint to go on from`;
    return new MillraceError('MR_LOG_WITHOUT_CHECKPOINT', `${this.#root} holds ${what}`, {
      context: { path: this.#root },
      fix: 'put the checkpoints back, or drop these rows and begin anew with --fresh-state',
    });
  }
}

/** Everything below a folder; a compaction may remove folders while it is listed. */
async function entriesBelow(root: string): Promise<readonly Dirent[]> {
  for (let left = listingsMax; ; left--) {
    try {
      return await readdir(root, { withFileTypes: true, recursive: true });
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isGone || left === 0) throw error;
    }
  }
}

function filesOf(restored: RestoredEpoch | null): readonly EpochFile[] {
  const state = restored?.state as { readonly files?: readonly EpochFile[] } | null | undefined;
  return state?.files ?? [];
}
