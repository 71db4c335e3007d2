// Reading the checkpoints of a job without owning it. Its owner may remove the oldest ones at the
// same time: a manifest that has gone since it was listed is not an error.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import { type Candidate, decideRestore, missingFile, type Refused } from './decide-restore.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { isVoid, type LeaseFence } from './lease.ts';
import { readLease } from './lease-holder.ts';
import type { Manifest } from './manifest.ts';
import { corrupt, decodeManifest, filesOf } from './manifest-codec.ts';
import { fileName, manifestIdOf, manifestPrefix } from './names.ts';

/** Everything that lies in a job's folders of manifests and files. */
export interface FoundCheckpoints {
  readonly candidates: readonly Candidate[];
  /** Sizes of files by their full names. */
  readonly stored: ReadonlyMap<string, number>;
}

/** Reads and verifies every manifest of the job; only what is damaged becomes a refused candidate. */
export async function findCheckpoints(
  storage: CheckpointStorage,
  job: string,
): Promise<FoundCheckpoints> {
  const manifests = await storage.list(manifestPrefix(job));
  const contents = new Map<string, Uint8Array | null>();
  for (const { name } of manifests) {
    if (manifestIdOf(name) !== null) contents.set(name, (await storage.read(name))?.bytes ?? null);
  }
  // Listed after the manifests were read: whatever they name was there before them.
  const files = await storage.list(fileName(job, ''));
  const stored = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const candidates: Candidate[] = [];
  for (const [name, bytes] of contents) {
    if (bytes !== null) candidates.push(verify(job, { name, bytes }, stored));
  }
  return { candidates, stored };
}

function verify(
  job: string,
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  stored: ReadonlyMap<string, number>,
): Candidate {
  const id = manifestIdOf(name) ?? 0;
  try {
    const manifest = decodeManifest(name, bytes);
    if (manifest.id !== id || manifest.job !== job) {
      const what = `it is checkpoint ${manifest.id} of job "${manifest.job}"`;
      return { id, manifest: null, error: corrupt(name, what) };
    }
    return { id, manifest, error: missingFile(job, manifest, stored) };
  } catch (error) {
    if (error instanceof MillraceError) return { id, manifest: null, error };
    throw error;
  }
}

/** Looks at a job whose owner removes what is being read. */
const looksMax = 3;

/**
 * The newest whole checkpoint, for a process that only reads; null when there is none. Looks again
 * when files are missing, since the owner may have removed them after a newer checkpoint.
 */
export async function readLatestCheckpoint(
  storage: CheckpointStorage,
  job: string,
): Promise<{ readonly manifest: Manifest; readonly refused: readonly Refused[] } | null> {
  for (let looks = 1; ; looks++) {
    const lease = await readLease(storage, job);
    const { candidates } = await findCheckpoints(storage, job);
    const fence = lease?.record.fence ?? null;
    const valid = candidates.filter((candidate) => counts(candidate, fence));
    const isWhole = valid.every(({ error }) => error?.code !== 'MR_CHECKPOINT_MISSING');
    if (!isWhole && looks < looksMax) continue;
    const decision = decideRestore(job, valid);
    if (decision.kind === 'stop') throw decision.error;
    return decision.kind === 'nothing' ? null : decision;
  }
}

/** False for what the job has gone past; what cannot be read at all is never passed over silently. */
export function counts(candidate: Candidate, fence: LeaseFence | null): boolean {
  return candidate.manifest === null || !isVoid(candidate.manifest, fence);
}

export interface FetchOptions {
  readonly pathOf: (file: string) => string;
  readonly transfersMax: number;
  /** Whether a file lies at its path already, whole. */
  readonly isHere: (file: string) => boolean;
}

/** Fetches every file of a checkpoint to local paths. */
export async function fetchFiles(
  storage: CheckpointStorage,
  { base, manifest }: { readonly base: string; readonly manifest: Manifest },
  { pathOf, transfersMax, isHere }: FetchOptions,
): Promise<void> {
  const files = [...filesOf(manifest).keys()].filter((file) => !isHere(file));
  await forEachBounded(files, transfersMax, (file) =>
    storage.readTo(fileName(base, file), pathOf(file)),
  );
}
