// Savepoints: checkpoints with a name, kept until they are dropped. Each has all of its files in its
// own folder, so that retention never touches it and another job can start from it. Its manifest is
// written last: without one it does not exist.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { nearestName } from '../../kernel/nearest-name.ts';
import type { CheckpointStorage } from '../../ports/checkpoint-storage.ts';
import { missingFile } from './decide-restore.ts';
import { isEqual } from './equal-bytes.ts';
import { forEachBounded } from './for-each-bounded.ts';
import type { Manifest } from './manifest.ts';
import { decodeManifest, encodeManifest, filesOf } from './manifest-codec.ts';
import { fileName, savepointBase, savepointsPrefix } from './names.ts';

/** A savepoint of some job in the same storage. */
export interface SavepointReference {
  /** Where the storage is, when the reference says so; null: the job's own storage. */
  readonly directory: string | null;
  readonly job: string;
  readonly name: string;
}

export interface Savepoint {
  /** What its files are named below. */
  readonly base: string;
  readonly manifest: Manifest;
}

/** Objects that are copied at the same time. */
const copiesMax = 4;

/**
 * `name`, `job/name`, or a whole path or address `…/job/savepoints/name`, as whoever runs `job` says it.
 */
export function parseSavepointReference(text: string, job: string): SavepointReference {
  const whole = /^(.+)\/([^/]+)\/savepoints\/([^/]+)\/?$/.exec(text);
  if (whole !== null) {
    return { directory: whole[1] ?? '', job: whole[2] ?? '', name: whole[3] ?? '' };
  }
  const [first = '', second, ...rest] = text.split('/');
  if (second === undefined) return { directory: null, job, name: first };
  // More parts than two make a name that cannot be, which whoever looks for it says.
  return { directory: null, job: first, name: [second, ...rest].join('/') };
}

/** Copies a checkpoint to a savepoint. MR_SAVEPOINT_EXISTS when there is one of that name. */
export async function createSavepoint(
  storage: CheckpointStorage,
  manifest: Manifest,
  name: string,
): Promise<Savepoint> {
  const { job } = manifest;
  const base = savepointBase(job, name);
  const manifestFile = manifestFileOf(base);
  if ((await storage.read(manifestFile)) !== null) throw alreadyThere(job, name);
  await forEachBounded([...filesOf(manifest).keys()], copiesMax, (file) =>
    storage.copy(fileName(job, file), fileName(base, file)),
  );
  const bytes = encodeManifest(manifest);
  if ((await storage.write(manifestFile, bytes, 'absent')) === null) {
    // Ours, when only the answer of an earlier attempt was lost.
    const found = await storage.read(manifestFile);
    if (found === null || !isEqual(found.bytes, bytes)) throw alreadyThere(job, name);
  }
  return { base, manifest };
}

/** The savepoints of a job, with what is wrong with those that cannot be used. */
export async function listSavepoints(
  storage: CheckpointStorage,
  job: string,
): Promise<readonly { readonly name: string; readonly state: Manifest | MillraceError }[]> {
  const names = await savepointNames(storage, job);
  return Promise.all(
    names.map(async (name) => ({ name, state: await usable(storage, job, name) })),
  );
}

/** A savepoint, verified: MR_SAVEPOINT_NOT_FOUND, MR_CHECKPOINT_CORRUPT, _MISSING or _VERSION. */
export async function readSavepoint(
  storage: CheckpointStorage,
  { job, name }: Pick<SavepointReference, 'job' | 'name'>,
): Promise<Savepoint> {
  const base = savepointBase(job, name);
  const found = await storage.read(manifestFileOf(base));
  if (found === null) throw notFound(storage, { job, name }, await savepointNames(storage, job));
  const manifest = decodeManifest(manifestFileOf(base), found.bytes);
  const files = await storage.list(fileName(base, ''));
  const stored = new Map(files.map((file) => [file.name, file.bytes]));
  const problem = missingFile(base, manifest, stored);
  if (problem !== null) throw problem;
  return { base, manifest };
}

/** Removes a savepoint; MR_SAVEPOINT_NOT_FOUND when there is nothing of it. */
export async function dropSavepoint(
  storage: CheckpointStorage,
  job: string,
  name: string,
): Promise<void> {
  const base = savepointBase(job, name);
  const objects = await storage.list(`${base}/`);
  if (objects.length === 0) {
    throw notFound(storage, { job, name }, await savepointNames(storage, job));
  }
  await storage.remove([manifestFileOf(base)]);
  await storage.remove(objects.map((object) => object.name));
}

async function savepointNames(storage: CheckpointStorage, job: string): Promise<string[]> {
  const prefix = savepointsPrefix(job);
  const objects = await storage.list(prefix);
  return objects
    .map(({ name }) => name.slice(prefix.length).split('/'))
    .flatMap(([name, file]) => (file === 'manifest.json' && name !== undefined ? [name] : []));
}

async function usable(
  storage: CheckpointStorage,
  job: string,
  name: string,
): Promise<Manifest | MillraceError> {
  try {
    return (await readSavepoint(storage, { job, name })).manifest;
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
}

function manifestFileOf(base: string): string {
  return `${base}/manifest.json`;
}

function alreadyThere(job: string, name: string): MillraceError {
  return new MillraceError(
    'MR_SAVEPOINT_EXISTS',
    `job "${job}" has a savepoint "${name}" already`,
    { context: { job }, fix: 'choose another name, or drop that savepoint first' },
  );
}

function notFound(
  storage: CheckpointStorage,
  { job, name }: { readonly job: string; readonly name: string },
  names: readonly string[],
): MillraceError {
  const nearest = nearestName(name, names);
  const hint = nearest === null ? '' : `; did you mean "${nearest}"?`;
  const known = names.length === 0 ? 'it has none' : `there are: ${names.join(', ')}`;
  return new MillraceError(
    'MR_SAVEPOINT_NOT_FOUND',
    `job "${job}" has no savepoint "${name}" in ${storage.description}${hint}`,
    { context: { job }, fix: known },
  );
}
