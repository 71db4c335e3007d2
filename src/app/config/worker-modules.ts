// How worker threads import modules of a project: by the same rules as the thread that loaded it.
import type { ModuleExports } from './load-module.ts';
import { registerProjectModules } from './module-hooks.ts';

/** The module that a thread imports to import others. */
export const workerModules: string = import.meta.url;

/**
 * Called in the thread, which finds it by name.
 * @public
 */
export async function importModule(url: string): Promise<ModuleExports> {
  registerProjectModules();
  return (await import(url)) as ModuleExports;
}
