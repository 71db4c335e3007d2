// State files for threads: they cannot be handed a value with functions, so they are told the address
// of this module and the folder, and open it themselves.
import type { StateFiles } from '../../../ports/state-files.ts';
import { fileStateFiles } from './state-files.ts';

/** What a thread needs to open the state files in a folder. */
export function threadStateFiles(directory: string): {
  readonly module: string;
  readonly directory: string;
} {
  return { module: import.meta.url, directory };
}

/**
 * Called in the thread, which finds it by name.
 * @public
 */
export function openStateFiles(directory: string): StateFiles {
  return fileStateFiles(directory);
}
