// Writing a manifest so that nobody's is ever overwritten and the outcome is known: when an answer
// was lost, what lies there tells.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import { isEqual } from './equal-bytes.ts';
import type { Manifest } from './manifest.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import { manifestName } from './names.ts';

/**
 * Writes a manifest under its id. One of an earlier generation there was written by a process that
 * had lost the job, and gives way; one of a later generation means that we have: MR_FENCED.
 */
export async function writeManifest(storage: CheckpointStorage, manifest: Manifest): Promise<void> {
  const name = manifestName(manifest.job, manifest.id);
  const bytes = encodeManifest(manifest);
  if (await writeOrFind(storage, name, bytes)) return;
  const found = await storage.read(name);
  if (found !== null) {
    if (isEqual(found.bytes, bytes)) return;
    const generation = generationOf(name, found.bytes);
    if (generation < manifest.generation) {
      if ((await storage.write(name, bytes, { etag: found.etag })) !== null) return;
    }
  }
  throw new MillraceError(
    'MR_FENCED',
    `"${name}" was written by another process: job "${manifest.job}" is no longer this process's`,
    { context: { job: manifest.job, path: name }, fix: 'run a job once at a time' },
  );
}

/** True when the bytes are there now, also when the write failed after it had happened. */
async function writeOrFind(
  storage: CheckpointStorage,
  name: string,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    return (await storage.write(name, bytes, 'absent')) !== null;
  } catch (error) {
    const found = await storage.read(name).catch(() => null);
    if (found !== null && isEqual(found.bytes, bytes)) return true;
    throw error;
  }
}

/** A damaged one counts as the oldest: it is nobody's checkpoint. */
function generationOf(name: string, bytes: Uint8Array): number {
  try {
    return decodeManifest(name, bytes).generation;
  } catch {
    return 0;
  }
}
