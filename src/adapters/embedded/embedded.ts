// The binding: options and path of an embedded online store; opening it is `open-store.ts`.
import { resolve } from 'node:path';
import type { OnlineStoreBinding } from '../../ports/online-store.ts';
import { openAliasFile } from './alias-file.ts';
import { openEmbeddedRows } from './embedded-rows.ts';
import { openEmbeddedStore } from './open-store.ts';

/** How an embedded store writes. */
export interface EmbeddedOptions {
  /**
   * True: each batch is on the disk before `write` resolves, and survives the loss of power (about five
   * times slower). False, the default: a batch survives every death of the process; if the machine goes
   * down while a process writes, the store says so when it is next opened and has to be built anew.
   */
  readonly syncEachWrite?: boolean;
}

/**
 * The online store in a folder of this machine: newest feature vector per view and key.
 * **Shape:** one writing process, any number of reading processes beside it. Relative paths are
 * relative to the configuration file. **Guarantee:** a batch is visible as a whole or not at all, a
 * replay never moves a value back. **State growth:** one packed row per view and key.
 * **Errors:** `MR_STORE_OPEN`, `MR_STORE_SCHEMA`, `MR_STORE_FULL`.
 */
export function embedded(directory: string, options: EmbeddedOptions = {}): OnlineStoreBinding {
  const folderOf = (baseDirectory: string, variant: string | null | undefined): string =>
    resolve(baseDirectory, variant ? `${directory}.${variant}` : directory);
  return {
    description: `embedded ${directory}`,
    open: (context) =>
      openEmbeddedStore(folderOf(context.baseDirectory, context.variant), context, {
        syncEachWrite: options.syncEachWrite ?? false,
      }),
    jobs: {
      // No name of a second job has this sign in it.
      openAlias: async ({ baseDirectory }) =>
        openAliasFile(`${folderOf(baseDirectory, null)}@readers`),
      openRows: ({ baseDirectory, variant }) => openEmbeddedRows(folderOf(baseDirectory, variant)),
    },
  };
}
