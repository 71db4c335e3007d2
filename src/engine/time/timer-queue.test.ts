import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerQueue } from './timer-queue.ts';

function drain(queue: TimerQueue, limit = Number.POSITIVE_INFINITY): [number, number, number][] {
  const fired: [number, number, number][] = [];
  while (queue.peek() <= limit && queue.size > 0) {
    queue.pop();
    fired.push([queue.time, queue.slot, queue.kind]);
  }
  return fired;
}

describe('a queue of timers', () => {
  it('gives back time, slot and kind', () => {
    const queue = new TimerQueue();
    queue.push(1_700_000_000_123, 4_000_000, 9);
    expect(drain(queue)).toEqual([[1_700_000_000_123, 4_000_000, 9]]);
    expect(queue.peek()).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives timers in time order, also those that are set while it is drained', () => {
    const times = fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, times, (before, during) => {
        const queue = new TimerQueue();
        for (const [slot, time] of before.entries()) queue.push(time, slot, 0);
        const early = drain(queue, 0);
        for (const [slot, time] of during.entries()) queue.push(time, slot, 1);
        const late = drain(queue);
        const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
        expect(early.map(([time]) => time)).toEqual(sorted(before.filter((time) => time <= 0)));
        expect(late.map(([time]) => time)).toEqual(
          sorted([...before.filter((time) => time > 0), ...during]),
        );
      }),
    );
  });
});
