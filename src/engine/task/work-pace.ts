// How much time background work gets beside input: a fixed share, in slices, so that a snapshot is
// written in a time that depends on its size and not on how long batches take, and no step is long.
import type { Clock } from '../../kernel/clock.ts';

/** Of the time since the last call. */
const share = 0.25;
/** One call takes hardly longer than this: input stands still meanwhile. */
const workMsMax = 20;

export class WorkPace {
  readonly #clock: Clock;
  #endedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endedMs = clock.monotonicMs();
  }

  /** Does slices, one at least, until the share is used up or `slice` says that there was nothing; true when there was something. */
  run(slice: () => boolean): boolean {
    const startMs = this.#clock.monotonicMs();
    const untilMs = startMs + Math.min(workMsMax, (startMs - this.#endedMs) * share);
    let hasWorked = false;
    while (slice()) {
      hasWorked = true;
      if (this.#clock.monotonicMs() >= untilMs) break;
    }
    this.#endedMs = this.#clock.monotonicMs();
    return hasWorked;
  }
}
