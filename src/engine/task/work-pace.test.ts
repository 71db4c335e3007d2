import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { WorkPace } from './work-pace.ts';

/** A clock, and slices that take a millisecond each; how many ran in a call. */
function paced(slicesLeft: number) {
  const clock = virtualClock();
  const pace = new WorkPace(clock);
  let left = slicesLeft;
  const run = (isIdle = false): number => {
    const before = left;
    pace.run(() => {
      if (left === 0) return false;
      left -= 1;
      void clock.advance(1);
      return true;
    }, isIdle);
    return before - left;
  };
  return { clock, run };
}

describe('the pace of background work', () => {
  it('does one slice when there is no input, and none when no time has passed', () => {
    const { run } = paced(10);
    expect(run(true)).toBe(1);
    expect(run()).toBe(0);
  });

  it('adds up the shares of batches that are shorter than a slice', () => {
    const { clock, run } = paced(100);
    let count = 0;
    for (let batch = 0; batch < 80; batch++) {
      void clock.advance(1);
      count += run();
    }
    expect(count).toBe(20);
  });

  it('takes a quarter of the time that input took', () => {
    const { clock, run } = paced(100);
    void clock.advance(40);
    expect(run()).toBe(10);
  });

  it('stops nobody for longer than twenty milliseconds', () => {
    const { clock, run } = paced(100);
    void clock.advance(1000);
    expect(run()).toBe(20);
  });

  it('ends with the work', () => {
    const { clock, run } = paced(3);
    void clock.advance(1000);
    expect(run()).toBe(3);
    expect(run(true)).toBe(0);
  });
});
