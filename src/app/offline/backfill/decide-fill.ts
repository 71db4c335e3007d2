// What a backfill writes beside a job that runs: pure functions of the recomputed rows and of what is
// there. What that job may still write itself is left to it, and a row of it is never replaced by one
// that knows less.
import type { RecomputedRow } from '../../../offline/recompute-keys.ts';
import { tolerance } from '../../late-records/correct-log.ts';
import {
  type ExistingRow,
  type SameValues,
  logCorrections,
} from '../../late-records/decide-corrections.ts';
import { isSameValue } from '../../replay/same-value.ts';

export interface FillLimits {
  /** Rows that are missing are written up to this instant. */
  readonly missingUntilMs: number;
  /** Up to this instant the recomputed rows have all records: rows that are there are corrected. */
  readonly completeUntilMs: number;
}

/** Rows of a key that the log needs. `logged`: the newest version of each instant. */
export function rowsToLog(
  recomputed: readonly RecomputedRow[],
  logged: ReadonlyMap<number, ExistingRow>,
  { missingUntilMs, completeUntilMs }: FillLimits,
): readonly RecomputedRow[] {
  const isSame: SameValues = (a, b) =>
    a.every((value, i) => isSameValue(value, b[i] ?? null, tolerance));
  const rows = logCorrections(recomputed, logged, Number.NEGATIVE_INFINITY, isSame);
  return rows.filter(({ asOfMs }) =>
    logged.has(asOfMs) ? asOfMs <= completeUntilMs : asOfMs <= missingUntilMs,
  );
}

/** The row of a key that the store needs; null when what is there stays. */
export function rowToStore(
  recomputed: readonly RecomputedRow[],
  there: ExistingRow | null,
  { missingUntilMs, completeUntilMs }: FillLimits,
  isSame: SameValues,
): RecomputedRow | null {
  const newest = recomputed.findLast(({ asOfMs }) => asOfMs <= missingUntilMs) ?? null;
  if (there === null) return newest;
  if (newest !== null && newest.asOfMs > there.asOfMs) return newest;
  const same = recomputed.findLast(({ asOfMs }) => asOfMs === there.asOfMs);
  if (same === undefined || there.asOfMs > completeUntilMs) return null;
  if (isSame(same.values, there.values)) return null;
  return { ...same, seq: Math.max(same.seq, there.seq + 1) };
}
