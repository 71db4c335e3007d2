// Which file a configuration was written in, so that its relative paths mean the same however the
// program was started. Read from the stack of `defineConfig`'s caller; unknown when that tells nothing.

import { callerModule } from './caller-module.ts';

const directories = new WeakMap<object, string>();

/** Remembers the folder of the file that called the caller of this. */
export function rememberLocation(config: object): void {
  const directory = directoryOf(callerModule(new Error().stack ?? '', 2));
  if (directory !== null) directories.set(config, directory);
}

/** The folder of the file that made the configuration, or null. */
export function configDirectory(config: object): string | null {
  return directories.get(config) ?? null;
}

function directoryOf(module: string | null): string | null {
  const path = (module ?? '').replace(/^file:\/\//, '').replace(/\?.*$/, '');
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  if (end <= 0) return null;
  const directory = path.slice(0, end);
  return module?.startsWith('file://') === true ? decodeURIComponent(directory) : directory;
}
