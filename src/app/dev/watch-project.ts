// Tells when a file of a project changed: any TypeScript or JavaScript file below the folder of the
// configuration; data and what runs write are left out. Folders are watched, not files, since editors
// replace files. They also write in bursts: one change is told a burst.
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../kernel/clock.ts';
import type { LoadedConfig } from '../config/load-config.ts';

const quietMs = 150;
const projectFile = /\.(ts|mts|js|mjs)$/;
const ignored = /^(node_modules|dist|\..*)$/;

/** Paths of files changed from this call on, relative to the project, until the signal aborts. */
export function watchProject(
  { baseDirectory }: LoadedConfig,
  signal: AbortSignal,
): AsyncIterable<string> {
  const folders = new WatchedFolders(baseDirectory);
  signal.addEventListener('abort', () => folders.close(), { once: true });
  folders.scan('');
  return changesIn(folders, signal);
}

async function* changesIn(folders: WatchedFolders, signal: AbortSignal): AsyncGenerator<string> {
  try {
    while (!signal.aborted) {
      await folders.wait();
      await systemClock.sleep(quietMs, signal);
      const changed = folders.takeChanged();
      if (changed !== null && !signal.aborted) yield changed;
    }
  } finally {
    folders.close();
  }
}

class WatchedFolders {
  readonly #base: string;
  readonly #watchers = new Map<string, FSWatcher>();
  #changed: string | null = null;
  #wake = Promise.withResolvers<void>();

  constructor(base: string) {
    this.#base = base;
  }

  /** Watches a folder and those below it; folders that are gone end by themselves. */
  scan(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(join(this.#base, folder), (_, name) => this.#see(folder, name));
      watcher.on('error', () => this.#drop(folder));
      this.#watchers.set(folder, watcher);
      for (const entry of readdirSync(join(this.#base, folder), { withFileTypes: true })) {
        if (entry.isDirectory() && !ignored.test(entry.name)) this.scan(join(folder, entry.name));
      }
    } catch {
      this.#drop(folder);
    }
  }

  wait(): Promise<void> {
    return this.#wake.promise;
  }

  takeChanged(): string | null {
    const changed = this.#changed;
    this.#changed = null;
    this.#wake = Promise.withResolvers();
    return changed;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#wake.resolve();
  }

  #see(folder: string, name: string | null): void {
    if (name === null || ignored.test(name)) return;
    const path = join(folder, name);
    if (projectFile.test(name)) {
      this.#changed = path;
      this.#wake.resolve();
    } else if (!name.includes('.')) this.scan(path);
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}
