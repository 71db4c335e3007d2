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

  it('orders timers of one instant by slot and kind, and knows fractions of a millisecond', () => {
    const time = fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.constantFrom(0.5, 999.75, 1000.25));
    const timers = fc.array(fc.tuple(time, fc.nat(5), fc.nat(2)), { maxLength: 40 });
    fc.assert(
      fc.property(timers, timers, fc.nat(40), (before, during, taken) => {
        const queue = new TimerQueue();
        for (const [at, slot, kind] of before) queue.push(at, slot, kind);
        const order = (list: readonly [number, number, number][]) =>
          [...list].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
        const fired: [number, number, number][] = [];
        for (let i = 0; i < Math.min(taken, before.length); i++) {
          queue.peek();
          queue.pop();
          fired.push([queue.time, queue.slot, queue.kind]);
        }
        expect(fired).toEqual(order(before).slice(0, fired.length));
        for (const [at, slot, kind] of during) queue.push(at, slot, kind);
        expect(drain(queue)).toEqual(order([...order(before).slice(fired.length), ...during]));
      }),
    );
  });

  it('says which slots come soon, once for each timer', () => {
    const queue = new TimerQueue();
    for (const slot of [5, 3, 4, 1, 2]) queue.push(10, slot, 0);
    const coming = new Int32Array(3);
    const said: number[][] = [];
    while (queue.peek() < Number.POSITIVE_INFINITY) {
      said.push([...coming.subarray(0, queue.takeComing(coming))]);
      queue.pop();
    }
    expect(said).toEqual([[1, 2, 3], [], [], [4, 5], []]);
  });
});
