// Lateness of SQL's OVER windows, per key and window: a record is late when a timer at or after its
// event time has fired. Clean-up timers of bounded ranges move that mark too, and forget it.

export interface OverState {
  /** Instant of the last fired timer. */
  last: number;
  /** When everything is forgotten; null when nothing is kept. */
  clean: number | null;
  /** Instants with a timer: of a row, or a clean-up that may be outdated. */
  readonly timers: Set<number>;
}

export function newOverState(): OverState {
  return { last: 0, clean: null, timers: new Set() };
}

export function isLateOver(state: OverState, ts: number): boolean {
  return ts <= state.last;
}

/** Sets the timers of an accepted record. `sizeMs` is null for windows without clean-up (rows). */
export function acceptOver(state: OverState, ts: number, sizeMs: number | null): void {
  state.timers.add(ts);
  if (sizeMs === null) return;
  if (state.clean !== null && state.clean >= ts + sizeMs + 1) return;
  state.clean = ts + Math.floor(1.5 * sizeMs) + 1;
  state.timers.add(state.clean);
}

/** Fires the timer at an instant. True when the window's records are to be forgotten. */
export function fireOver(state: OverState, instant: number): boolean {
  state.timers.delete(instant);
  if (state.clean === null || state.clean > instant) {
    state.last = instant;
    return false;
  }
  state.last = 0;
  state.clean = null;
  return true;
}
