// When a checkpoint begins, when one that runs is given up, and when to stop trying. Pure: times
// are those of one monotonic clock, the caller keeps the state and does what is decided.

export interface TriggerOptions {
  /** From one start to the next. */
  readonly intervalMs: number;
  /** At least this long between the end of one and the start of the next. */
  readonly minPauseMs: number;
  /** A checkpoint that takes longer is given up. */
  readonly timeoutMs: number;
  /** So many in a row may fail; one more, and the job goes back to its last checkpoint. */
  readonly failuresTolerated: number;
}

/** What happened so far. */
export interface TriggerState {
  /** When the one in flight began; null when there is none. */
  readonly runningSinceMs: number | null;
  readonly lastStartMs: number;
  readonly lastEndMs: number;
  readonly failuresInRow: number;
}

export type TriggerDecision =
  | { readonly kind: 'start' }
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** The one in flight is over its time: count it as failed. */
  | { readonly kind: 'timeOut' }
  /** Too many failed: restart the job from its last checkpoint. */
  | { readonly kind: 'giveUp' };

/** A job that begins: its first checkpoint is due one interval from now. */
export function firstTrigger(nowMs: number): TriggerState {
  return { runningSinceMs: null, lastStartMs: nowMs, lastEndMs: -Infinity, failuresInRow: 0 };
}

export function decideTrigger(
  options: TriggerOptions,
  state: TriggerState,
  nowMs: number,
): TriggerDecision {
  if (state.failuresInRow > options.failuresTolerated) return { kind: 'giveUp' };
  if (state.runningSinceMs !== null) {
    const untilMs = state.runningSinceMs + options.timeoutMs;
    return nowMs >= untilMs ? { kind: 'timeOut' } : { kind: 'wait', untilMs };
  }
  const untilMs = Math.max(
    state.lastStartMs + options.intervalMs,
    state.lastEndMs + options.minPauseMs,
  );
  return nowMs >= untilMs ? { kind: 'start' } : { kind: 'wait', untilMs };
}

/** After a start, also one that was asked for by hand. */
export function checkpointStarted(state: TriggerState, nowMs: number): TriggerState {
  return { ...state, runningSinceMs: nowMs, lastStartMs: nowMs };
}

export function checkpointEnded(
  state: TriggerState,
  nowMs: number,
  outcome: 'completed' | 'failed',
): TriggerState {
  const failuresInRow = outcome === 'completed' ? 0 : state.failuresInRow + 1;
  return { ...state, runningSinceMs: null, lastEndMs: nowMs, failuresInRow };
}
