// Which checkpoint a job goes on from: the newest that is whole, and every newer one that is not is
// named. Two things are never done silently: starting from nothing although there are checkpoints,
// and restoring another one than an exactly-once sink has named.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Manifest } from './manifest.ts';
import { corrupt, filesOf } from './manifest-codec.ts';
import { fileName } from './names.ts';

/** A manifest that was found, and what reading and verifying it gave. */
export type Candidate =
  | { readonly id: number; readonly manifest: Manifest; readonly error: null }
  /** Its manifest, where only the files that it names are wrong. */
  | { readonly id: number; readonly manifest: Manifest | null; readonly error: MillraceError };

/** The checkpoint that a sink's output ends with. */
export interface NamedCheckpoint {
  readonly sink: string;
  readonly id: number;
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
  if (named !== null) return restoreNamed(job, candidates, named);
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

function restoreNamed(
  job: string,
  candidates: readonly Candidate[],
  named: NamedCheckpoint,
): RestoreDecision {
  const found = candidates.find(({ id }) => id === named.id);
  if (found?.error === null) {
    return { kind: 'restore', manifest: found.manifest, refused: [] };
  }
  const reason = found === undefined ? 'which does not exist' : `but ${found.error.message}`;
  const error = new MillraceError(
    'MR_CHECKPOINT_REQUIRED',
    `the output of sink "${named.sink}" ends with checkpoint ${named.id}, ${reason}`,
    {
      context: { job, sink: named.sink, checkpoint: named.id },
      fix: 'run with --accept-duplicates to take the newest whole checkpoint, or --fresh-state',
      cause: found?.error ?? undefined,
    },
  );
  return { kind: 'stop', error };
}

function noneLeft(job: string, refused: readonly Refused[]): MillraceError {
  const list = refused.map(({ id, message }) => `\n  ${id}: ${message}`).join('');
  return new MillraceError(
    'MR_CHECKPOINT_CORRUPT',
    `none of the ${refused.length} checkpoints of job "${job}" can be restored:${list}`,
    { context: { job }, fix: 'repair one of them, or run with --fresh-state to begin anew' },
  );
}
