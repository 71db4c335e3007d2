// Which checkpoint a job goes on from: the newest that is whole, and every newer one that is not is
// named. Two things are never done silently: starting from nothing although there are checkpoints,
// and restoring another one than an exactly-once sink has named.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { Manifest } from './manifest.ts';
import { corrupt, filesOf } from './manifest-codec.ts';
import { fileName } from './names.ts';

/** A manifest that was found, and what reading and verifying it gave. */
export type Candidate =
  | { readonly id: number; readonly manifest: Manifest; readonly error: null }
  /** Its manifest, where only the files that it names are wrong. */
  | { readonly id: number; readonly manifest: Manifest | null; readonly error: MillraceError };

/** What the sink that decides which checkpoint counts says of its output. */
export interface NamedCheckpoint {
  readonly sink: string;
  /** The checkpoint that its output ends with; 0: the job had begun anew; null: it knows of none. */
  readonly id: number | null;
  /** Why what it knew has gone; absent when it has just never known one. */
  readonly problem?: string;
  /** Whether its output ended with a checkpoint already when it said this to a manifest. */
  readonly hadCommitted: (state: JsonValue) => boolean;
  /** Results since an older checkpoint may appear twice. Default: then the job does not start. */
  readonly acceptsDuplicates?: boolean;
}

export type RestoreDecision =
  /** There was never a checkpoint. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'restore'; readonly manifest: Manifest; readonly refused: readonly Refused[] }
  | { readonly kind: 'stop'; readonly error: MillraceError };

/** A newer checkpoint that was passed over, with the reason in words. */
export interface Refused {
  readonly id: number;
  readonly message: string;
}

/** Chooses among all the manifests of a job, in any order. */
export function decideRestore(
  job: string,
  candidates: readonly Candidate[],
  named: NamedCheckpoint | null = null,
): RestoreDecision {
  const tooNew = candidates.find(({ error }) => error?.code === 'MR_CHECKPOINT_VERSION');
  if (tooNew !== undefined && tooNew.error !== null) return { kind: 'stop', error: tooNew.error };
  return named === null ? restoreNewest(job, candidates) : restoreNamed(job, candidates, named);
}

function restoreNewest(job: string, candidates: readonly Candidate[]): RestoreDecision {
  const refused: Refused[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.id - a.id)) {
    if (candidate.error === null) return { kind: 'restore', manifest: candidate.manifest, refused };
    refused.push({ id: candidate.id, message: candidate.error.message });
  }
  return refused.length === 0
    ? { kind: 'nothing' }
    : { kind: 'stop', error: noneLeft(job, refused) };
}

/** Checks a manifest against the files that there are: sizes by full name. */
export function missingFile(
  base: string,
  manifest: Manifest,
  stored: ReadonlyMap<string, number>,
): MillraceError | null {
  for (const [file, bytes] of filesOf(manifest)) {
    const name = fileName(base, file);
    const found = stored.get(name);
    if (found === undefined) {
      return new MillraceError(
        'MR_CHECKPOINT_MISSING',
        `checkpoint ${manifest.id} needs "${name}", which does not exist`,
        { context: { path: name }, fix: 'files of checkpoints must not be removed by hand' },
      );
    }
    if (found !== bytes) return corrupt(name, `it has ${found} bytes instead of ${bytes}`);
  }
  return null;
}

/** Exactly that one, unless the user accepts an older one. */
function restoreNamed(
  job: string,
  candidates: readonly Candidate[],
  named: NamedCheckpoint,
): RestoreDecision {
  const { id, sink } = named;
  if (id === 0) return { kind: 'nothing' };
  const found = candidates.find((candidate) => candidate.id === id);
  if (found?.error === null) return { kind: 'restore', manifest: found.manifest, refused: [] };
  if (id === null) {
    const isLost = named.problem !== undefined || candidates.some((c) => hadCommitted(c, named));
    // What a manifest with the sink gave out was never committed: the one before it counts.
    if (!isLost)
      return restoreNewest(
        job,
        candidates.filter((c) => !lists(c, sink)),
      );
  }
  if (named.acceptsDuplicates === true) return restoreOlder(job, candidates, named);
  const error = new MillraceError('MR_CHECKPOINT_REQUIRED', whatIsMissing(found, named), {
    context: id === null ? { job, sink } : { job, sink, checkpoint: id },
    fix: 'run with --accept-duplicates to go on from the newest whole checkpoint that is not newer (results since then are written once more), or with --fresh-state to drop all checkpoints and begin anew',
    cause: found?.error ?? undefined,
  });
  return { kind: 'stop', error };
}

function whatIsMissing(found: Candidate | undefined, named: NamedCheckpoint): string {
  const { id, sink } = named;
  if (id !== null) {
    const reason = found?.error == null ? 'which does not exist' : `but ${found.error.message}`;
    return `the output of sink "${sink}" ends with checkpoint ${id}, ${reason}`;
  }
  const reason = named.problem ?? 'the note of its last checkpoint has gone';
  return `it is not known with which checkpoint the output of sink "${sink}" ends: ${reason}`;
}

/**
 * The newest whole checkpoint whose results are certainly in the output: those of a newer one would be
 * missing for ever. Where nothing is known, only the very newest can be one of those.
 */
function restoreOlder(
  job: string,
  candidates: readonly Candidate[],
  { id }: NamedCheckpoint,
): RestoreDecision {
  const greatest = Math.max(...candidates.map((candidate) => candidate.id));
  const isOlder = (c: Candidate): boolean => (id === null ? c.id < greatest : c.id <= id);
  const older = candidates.filter(isOlder);
  if (older.some(({ error }) => error === null)) return restoreNewest(job, older);
  const newer = id === null ? candidates : [];
  if (newer.some(({ error }) => error === null)) return restoreNewest(job, newer);
  const what = 'no whole checkpoint is left whose results are all in the output';
  const error = new MillraceError('MR_CHECKPOINT_REQUIRED', `job "${job}": ${what}`, {
    context: { job },
    fix: 'run with --fresh-state to drop all checkpoints and begin anew',
  });
  return { kind: 'stop', error };
}

function lists({ manifest }: Candidate, sink: string): boolean {
  return manifest !== null && Object.hasOwn(manifest.sinks, sink);
}

function hadCommitted(candidate: Candidate, { sink, hadCommitted }: NamedCheckpoint): boolean {
  const state = candidate.manifest?.sinks[sink];
  return state !== undefined && hadCommitted(state);
}

function noneLeft(job: string, refused: readonly Refused[]): MillraceError {
  const list = refused.map(({ id, message }) => `\n  ${id}: ${message}`).join('');
  return new MillraceError(
    'MR_CHECKPOINT_CORRUPT',
    `none of the ${refused.length} checkpoints of job "${job}" can be restored:${list}`,
    { context: { job }, fix: 'repair one of them, or run with --fresh-state to begin anew' },
  );
}
