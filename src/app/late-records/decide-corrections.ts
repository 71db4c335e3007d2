// What has to be written so that readers see what the recomputed rows say: pure functions of those
// and of what is there. A correction never moves `as_of` back, and has a greater `seq` than the row
// that it corrects; where values are the same nothing is written, so applying twice writes nothing.
import type { RecomputedRow } from '../../offline/recompute-keys.ts';
import type { Value } from '../../kernel/types/field-type.ts';

/** A row that is there, the newest of its key and `as_of`. */
export interface ExistingRow {
  readonly asOfMs: number;
  readonly seq: number;
  readonly values: readonly Value[];
}

/** Whether a recomputed value is what is there. */
export type SameValues = (recomputed: readonly Value[], existing: readonly Value[]) => boolean;

/** Corrections of a key in the feature log. `existing`: from `fromMs` on, one per `as_of`. */
export function logCorrections(
  recomputed: readonly RecomputedRow[],
  existing: ReadonlyMap<number, ExistingRow>,
  fromMs: number,
  isSame: SameValues,
): readonly RecomputedRow[] {
  const newest = new Map<number, RecomputedRow>();
  for (const row of recomputed) newest.set(row.asOfMs, row);
  const corrections: RecomputedRow[] = [];
  for (const row of newest.values()) {
    if (row.asOfMs < fromMs) continue;
    const correction = correctionOf(row, existing.get(row.asOfMs), isSame);
    if (correction !== null) corrections.push(correction);
  }
  for (const there of existing.values()) {
    if (newest.has(there.asOfMs)) continue;
    const inForce = recomputed.findLast(({ asOfMs }) => asOfMs <= there.asOfMs);
    if (inForce === undefined || isSame(inForce.values, there.values)) continue;
    corrections.push({ ...inForce, asOfMs: there.asOfMs, seq: there.seq + 1 });
  }
  return corrections.toSorted((a, b) => a.asOfMs - b.asOfMs);
}

/** The correction of a key's newest row; null when there is nothing to correct. */
export function storeCorrection(
  recomputed: readonly RecomputedRow[],
  existing: ExistingRow | null,
  isSame: SameValues,
): RecomputedRow | null {
  const newest = recomputed.at(-1);
  if (newest === undefined) return null;
  if (existing === null || newest.asOfMs > existing.asOfMs) return newest;
  const inForce = { ...newest, asOfMs: existing.asOfMs };
  return correctionOf(inForce, existing, isSame);
}

function correctionOf(
  row: RecomputedRow,
  existing: ExistingRow | undefined,
  isSame: SameValues,
): RecomputedRow | null {
  if (existing === undefined) return row;
  if (isSame(row.values, existing.values)) return null;
  return { ...row, seq: Math.max(row.seq, existing.seq + 1) };
}
