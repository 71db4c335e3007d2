import { expect, it } from 'vitest';
import type { OnlineStore } from '../ports/online-store.ts';
import { StoreHandle } from './store-handle.ts';

it('closes a store only when what was read at once has come', async () => {
  const said: string[] = [];
  const read = Promise.withResolvers<null[]>();
  const handle = new StoreHandle((mode) => {
    const store: Partial<OnlineStore> = {
      read: () => read.promise,
      close: () => Promise.resolve(void said.push(`${mode} closed`)),
    };
    return Promise.resolve(store as OnlineStore);
  });
  await handle.use(() => undefined);
  const reading = Promise.resolve(handle.useNow((store) => store.read('view', [])));
  const writing = handle.startWriting('keep').then(() => said.push('writing'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(said).toEqual([]);
  read.resolve([null]);
  await Promise.all([reading, writing]);
  expect(said).toEqual(['read closed', 'writing']);
  expect(handle.useNow((store) => store)).not.toBeInstanceOf(Promise);
});
