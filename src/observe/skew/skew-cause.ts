// Why a served value is not what training has: decided by what is known of the row, never guessed.
// A value that nothing here explains is `unexplained`.

export const skewCauses = [
  'changed_definition',
  'clock',
  'late_data',
  'stale_store',
  'missing_history',
  'unexplained',
] as const;

/**
 * `changed_definition`: the definitions of then give the value that was served. `clock`: the row was
 * for an instant after the one it was served at. `late_data`: records that it lacks happened before
 * the instant it was for. `stale_store`: newer records, older than the promise, are not in it.
 * `missing_history`: it counts records that the history does not have.
 */
export type SkewCause = (typeof skewCauses)[number];

/** What was served: nothing but its time when there was no row. */
export interface ServedVersion {
  readonly nowMs: number;
  readonly asOfMs: number | null;
  readonly seq: number | null;
  readonly eventTimeMs: number | null;
}

/** A vector that was computed again; null: the key had no record until then. */
export type RecomputedVersion = { readonly seq: number; readonly eventTimeMs: number } | null;

export interface SkewEvidence {
  readonly served: ServedVersion;
  /** At the row's instant (`instantOf`). */
  readonly then: RecomputedVersion;
  /** At the time of serving less the promise. */
  readonly promised: RecomputedVersion;
  /** Of the records that had arrived at the time of serving less the promise; absent: not known. */
  readonly arrived?: RecomputedVersion;
  /** The value that the definitions of then give is the one that was served. */
  readonly isOfOldDefinition: boolean;
}

/** Clocks of two machines are taken for equal when they differ by no more. */
export const clockToleranceMs = 1000;

/** The instant that a served row is compared at: its own, but never one that was still to come. */
export function instantOf({ nowMs, asOfMs }: ServedVersion): number {
  return asOfMs === null ? nowMs : Math.min(asOfMs, nowMs);
}

/** Whether records that the promise covers are missing in the row. */
export function isStale(served: ServedVersion, promised: RecomputedVersion): boolean {
  if (promised === null) return false;
  return served.eventTimeMs === null || promised.eventTimeMs > served.eventTimeMs;
}

/**
 * Whether all that a row lacks at its instant may have been on its way: so few records that they can be
 * those which happened after `dueMs` (the time of serving less the promise) and are not the row's own.
 */
export function isOnItsWay(
  served: ServedVersion,
  then: RecomputedVersion,
  promised: RecomputedVersion,
  dueMs: number,
): boolean {
  const { seq, eventTimeMs } = served;
  if (then === null || seq === null || eventTimeMs === null) return false;
  const lacking = then.seq - seq;
  if (lacking <= 0 || instantOf(served) <= dueMs) return false;
  const notDue = then.seq - (promised?.seq ?? 0);
  return lacking <= notDue - (eventTimeMs > dueMs ? 1 : 0);
}

/** Of a value that differs at the row's instant. */
export function causeOf(evidence: SkewEvidence): SkewCause {
  const { served, then, promised, isOfOldDefinition } = evidence;
  if (isOfOldDefinition) return 'changed_definition';
  const { asOfMs, seq, nowMs } = served;
  if (asOfMs === null || seq === null) {
    return isStale(served, promised) ? staleCauseOf(evidence) : 'unexplained';
  }
  if (asOfMs > nowMs + clockToleranceMs) return 'clock';
  if (then === null || then.seq < seq) return 'missing_history';
  if (then.seq === seq) return 'unexplained';
  return evidence.arrived !== undefined && hadArrived(evidence) ? 'stale_store' : 'late_data';
}

/** Of a row that lacks records which were due: late, when they are known to have come too late. */
export function staleCauseOf(evidence: Pick<SkewEvidence, 'served' | 'arrived'>): SkewCause {
  return evidence.arrived === undefined || hadArrived(evidence) ? 'stale_store' : 'late_data';
}

/** More records had arrived in time than the row counts. */
function hadArrived({ served, arrived }: Pick<SkewEvidence, 'served' | 'arrived'>): boolean {
  return (arrived?.seq ?? 0) > (served.seq ?? 0);
}
