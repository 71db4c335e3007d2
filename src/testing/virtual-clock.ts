// A clock that only moves when a test moves it; whoever sleeps wakes in the order of wake-up times.
import type { Clock } from '../kernel/clock.ts';

/** A clock whose time a test owns. */
export interface VirtualClock extends Clock {
  /** Moves time on by `ms`, waking sleepers in order; resolves when their continuations have run. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  readonly sleeperCount: number;
}

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands at `startMs` (0 by default, epoch milliseconds) until it is advanced. */
export function virtualClock(startMs = 0): VirtualClock {
  let nowMs = startMs;
  const sleepers: Sleeper[] = [];

  const takeDue = (untilMs: number): Sleeper | undefined => {
    const due = sleepers.filter(({ wakeAtMs }) => wakeAtMs <= untilMs);
    const next = due.reduce<Sleeper | undefined>(
      (first, sleeper) =>
        first === undefined || sleeper.wakeAtMs < first.wakeAtMs ? sleeper : first,
      undefined,
    );
    if (next !== undefined) sleepers.splice(sleepers.indexOf(next), 1);
    return next;
  };

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    get sleeperCount() {
      return sleepers.length;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = { wakeAtMs: nowMs + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          const at = sleepers.indexOf(sleeper);
          if (at >= 0) sleepers.splice(at, 1);
          resolve();
        });
      }),
    async advance(ms) {
      const target = nowMs + ms;
      for (let next = takeDue(target); next !== undefined; next = takeDue(target)) {
        nowMs = Math.max(nowMs, next.wakeAtMs);
        next.wake();
        await settled();
      }
      nowMs = target;
      await settled();
    },
  };
}

/** Chains of promises up to this long run before time moves on. */
const settledTurns = 100;

/** Lets promises that are ready run, and those that become ready by that. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < settledTurns; turn++) await Promise.resolve();
}
