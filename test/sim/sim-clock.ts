// The clock of one simulated process. Looking at it costs a little time, so that loops which watch
// the clock end; the wall's clock may jump in both directions, the monotonic one never does.
import type { Clock } from '../../src/kernel/clock.ts';
import type { SimProcess } from './world.ts';

/** Greatest cost of one look at the monotonic clock. */
const lookMs = 0.2;

export function simClock(process: SimProcess): Clock {
  const { world } = process;
  const startMs = world.monotonicMs;
  return {
    nowMs: () => world.wallMs,
    monotonicMs() {
      if (process.isAlive) world.monotonicMs += lookMs * world.next();
      return world.monotonicMs - startMs;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const cancel = world.schedule('wakes', Math.max(0, ms), resolve, process);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      }),
    turn: () => process.call('turn', () => undefined),
  };
}
