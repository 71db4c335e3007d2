// Tells when a file of a project changed: the configuration and every TypeScript or JavaScript file
// below its folder, data and what runs write left out. Editors write in bursts: one change a burst.
import { watch } from 'node:fs/promises';
import { systemClock } from '../../kernel/clock.ts';
import type { LoadedConfig } from '../config/load-config.ts';

const quietMs = 150;
const projectFile = /\.(ts|mts|js|mjs)$/;
const ignored = /(^|[\\/])(node_modules|\.millrace|\.git|dist)([\\/]|$)/;

/** Names of changed files, until the signal aborts. */
export async function* watchProject(
  { baseDirectory }: LoadedConfig,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let changed: string | null = null;
  let wake = Promise.withResolvers<void>();
  const collect = async (): Promise<void> => {
    for await (const { filename } of watch(baseDirectory, { recursive: true, signal })) {
      if (filename === null || !projectFile.test(filename) || ignored.test(filename)) continue;
      changed = filename;
      wake.resolve();
    }
  };
  const collecting = collect().catch(() => undefined);
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  while (!signal.aborted) {
    await wake.promise;
    await systemClock.sleep(quietMs, signal);
    wake = Promise.withResolvers<void>();
    if (changed !== null && !signal.aborted) yield changed;
    changed = null;
  }
  await collecting;
}
