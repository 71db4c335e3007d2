// Small steps on folders that a feature log needs: durable names, what is there.
import { access, open } from 'node:fs/promises';
import { fileError } from '../file-errors.ts';

/** Makes new names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw fileError(path, error);
  });
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
