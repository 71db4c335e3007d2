// What of a job's checkpoints may be removed. The newest whole ones stay (so does the restored one
// until as many newer ones exist); a file goes when nothing that stays names it. Savepoints have
// files of their own.
import type { Manifest } from './manifest.ts';
import { filesOf } from './manifest-codec.ts';

/** The least number of checkpoints to retain: with one, a damaged file would be the end. */
export const retainMin = 2;

export interface RetentionInput {
  /** Ids of manifests that are whole. */
  readonly complete: readonly number[];
  /** Ids of manifests that were refused. */
  readonly refused: readonly number[];
  /** How many whole ones to keep; at least `retainMin`. */
  readonly retain: number;
}

/** Ids of the manifests to remove, oldest first. A refused one stays while nothing newer fills `retain`. */
export function decideRetention({ complete, refused, retain }: RetentionInput): number[] {
  const newest = complete.toSorted((a, b) => b - a).slice(0, Math.max(retain, retainMin));
  if (newest.length < Math.max(retain, retainMin)) return [];
  const oldestKept = newest.at(-1) ?? 0;
  return [...complete, ...refused].filter((id) => id < oldestKept).toSorted((a, b) => a - b);
}

/** Files, of those that this process knows, that nothing which stays names. */
export function garbageSegments(stored: Iterable<string>, retained: readonly Manifest[]): string[] {
  const named = new Set(retained.flatMap((manifest) => [...filesOf(manifest).keys()]));
  return [...stored].filter((file) => !named.has(file));
}
