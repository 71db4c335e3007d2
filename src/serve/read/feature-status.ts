// What can be said of a served value. Age is now − event time; the ttl bound itself is still fresh.
import type { Clock } from '../../kernel/clock.ts';
import type { OnlineStore } from '../../ports/online-store.ts';

/** `PRESENT`, null in itself, never seen, or its last event older than the view's ttl. */
export type FeatureStatus = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

/** `wall`: now is the clock's. `event`: now is the greatest `as_of` in the store (replays, demos). */
export type ClockMode = 'wall' | 'event';

export interface ServingClock {
  nowMs(): number;
}

/** Says what *now* is for ttl and age; an empty store under an event clock falls back to the clock. */
export function servingClock(store: OnlineStore, mode: ClockMode, clock: Clock): ServingClock {
  if (mode === 'wall') return { nowMs: () => clock.nowMs() };
  return { nowMs: () => store.greatestAsOfMs() ?? clock.nowMs() };
}

export function isOutsideMaxAge(ttlMs: number | null, eventTimeMs: number, nowMs: number): boolean {
  return ttlMs !== null && nowMs - eventTimeMs > ttlMs;
}
