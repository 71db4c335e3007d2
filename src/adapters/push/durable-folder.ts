// Folders whose names survive a loss of power: whoever makes one syncs every folder that got an entry.
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder with those above it. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** The name of a new file is durable once its folder is synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
