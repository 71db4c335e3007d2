// Lets the loop of a job sleep until a split has something, a deadline comes, or the job is stopped.
import type { Clock } from '../../kernel/clock.ts';

export class Wakeup {
  #isSet = false;
  #wake: (() => void) | null = null;

  /** Wakes the sleeper, now or when it next wants to sleep. */
  set(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** Until `set` is called, but no longer than `ms` (+∞ for no limit). */
  async wait(clock: Clock, ms: number): Promise<void> {
    // Reads that are already there settle within a few turns: no timer is needed for them.
    for (let i = 0; i < 4 && !this.#isSet; i++) await Promise.resolve();
    if (!this.#isSet) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (ms === Number.POSITIVE_INFINITY) await woken;
      else await this.#race(clock, ms, woken);
      this.#wake = null;
    }
    this.#isSet = false;
  }

  async #race(clock: Clock, ms: number, woken: Promise<void>): Promise<void> {
    const timer = new AbortController();
    await Promise.race([woken, clock.sleep(ms, timer.signal)]);
    // With a reason, no error with a stack is made for each sleep.
    timer.abort('woken');
  }
}
