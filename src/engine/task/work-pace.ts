// How much time background work gets beside input: a fixed share, in slices, so that a snapshot is
// written in a time that depends on its size and not on how long batches take, and no step is long.
// The share adds up over batches that are shorter than a slice; without input there is no limit.
import type { Clock } from '../../kernel/clock.ts';

/** Of the time since the last call. */
const share = 0.25;
/** One call takes hardly longer than this: input stands still meanwhile. */
const workMsMax = 20;
/** About what a slice takes: less is not begun beside input. */
const sliceMs = 1;

export class WorkPace {
  readonly #clock: Clock;
  #endedMs: number;
  /** Time that is due to background work; below zero when slices took longer. */
  #dueMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endedMs = clock.monotonicMs();
  }

  /**
   * Does slices until what is due is used up or `slice` says that there was nothing; true when there
   * was something. `isIdle`: there was no input, so one slice is done in any case.
   */
  run(slice: () => boolean, isIdle: boolean): boolean {
    const startMs = this.#clock.monotonicMs();
    const dueMs = Math.min(workMsMax, this.#dueMs + (startMs - this.#endedMs) * share);
    this.#dueMs = dueMs;
    this.#endedMs = startMs;
    if (!isIdle && dueMs < sliceMs) return false;
    let hasWorked = false;
    while (slice()) {
      hasWorked = true;
      if (this.#clock.monotonicMs() >= startMs + dueMs) break;
    }
    this.#endedMs = this.#clock.monotonicMs();
    this.#dueMs = isIdle ? 0 : Math.max(-workMsMax, dueMs - (this.#endedMs - startMs));
    return hasWorked;
  }
}
