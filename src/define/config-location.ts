// Which file a configuration was written in, so that its relative paths mean the same however the
// program was started. Read from the stack of `defineConfig`'s caller; unknown when that tells nothing.

const directories = new WeakMap<object, string>();

/** Remembers the folder of the file that called the caller of this. */
export function rememberLocation(config: object): void {
  const directory = callerDirectory(new Error().stack ?? '');
  if (directory !== null) directories.set(config, directory);
}

/** The folder of the file that made the configuration, or null. */
export function configDirectory(config: object): string | null {
  return directories.get(config) ?? null;
}

/** The third frame: this module, `defineConfig`, then the file that is meant. */
function callerDirectory(stack: string): string | null {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const [, url = ''] =
    /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?)(?::\d+)*\)?$/.exec(frames[2] ?? '') ?? [];
  const path = url.replace(/^file:\/\//, '').replace(/\?.*$/, '');
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  if (end <= 0) return null;
  return url.startsWith('file://') ? decodeURIComponent(path.slice(0, end)) : path.slice(0, end);
}
