import { describe, expect, it } from 'vitest';
import { WatermarkCombiner } from './watermark-combiner.ts';

const infinity = Number.POSITIVE_INFINITY;

function observe(combiner: WatermarkCombiner, split: number, times: readonly number[]): number[] {
  const into = new Float64Array(times.length);
  combiner.observeRows(split, Float64Array.from(times), times.length, into);
  return [...into];
}

describe('the watermark of one split', () => {
  it('is the greatest event time less the bound, and counts from the next row on', () => {
    const combiner = new WatermarkCombiner(1, 5);
    expect(observe(combiner, 0, [10, 8, 20, 19, 21])).toEqual([-infinity, 5, 5, 15, 15]);
    expect(combiner.watermarkMs).toBe(16);
    expect(observe(combiner, 0, [1])).toEqual([16]);
    expect(combiner.watermarkMs).toBe(16);
  });

  it('does not depend on how rows are cut into batches', () => {
    const times = [10, 8, 20, 19, 21, 3, 40];
    const whole = observe(new WatermarkCombiner(1, 5), 0, times);
    const single = new WatermarkCombiner(1, 5);
    expect(times.flatMap((time) => observe(single, 0, [time]))).toEqual(whole);
  });

  it('is infinite at the end', () => {
    const combiner = new WatermarkCombiner(1, 5);
    observe(combiner, 0, [10]);
    combiner.markEnded(0);
    expect(combiner.watermarkMs).toBe(infinity);
    expect(combiner.isEnded).toBe(true);
  });
});

describe('the watermark of several splits', () => {
  it('is their least, and there is none until all have rows', () => {
    const combiner = new WatermarkCombiner(2, 0);
    expect(observe(combiner, 0, [100, 200])).toEqual([-infinity, -infinity]);
    expect(combiner.holder).toBe(1);
    expect(observe(combiner, 1, [50, 150, 250])).toEqual([-infinity, 50, 150]);
    expect(combiner.watermarkMs).toBe(200);
    expect(combiner.holder).toBe(0);
  });

  it('does not wait for a split that has ended', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    combiner.markEnded(1);
    expect(combiner.watermarkMs).toBe(100);
    combiner.markEnded(0);
    expect(combiner.watermarkMs).toBe(infinity);
  });

  it('does not wait for an idle split', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    combiner.markIdle(1);
    expect(combiner.watermarkMs).toBe(100);
    expect(combiner.isAllIdle).toBe(false);
  });

  it('goes to the greatest when all are idle, and holds', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    observe(combiner, 1, [70]);
    combiner.markIdle(0);
    expect(combiner.watermarkMs).toBe(70);
    combiner.markIdle(1);
    expect(combiner.watermarkMs).toBe(100);
    expect(combiner.isAllIdle).toBe(true);
    expect(combiner.holder).toBe(-1);
  });

  it('counts a returning split once it has reached the combined watermark', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    observe(combiner, 1, [70]);
    combiner.markIdle(1);
    expect(observe(combiner, 1, [80, 90])).toEqual([100, 100]);
    expect(combiner.stateOf(1)).toBe('returning');
    observe(combiner, 0, [200]);
    expect(combiner.watermarkMs).toBe(200);
    observe(combiner, 1, [199, 200, 210]);
    expect(combiner.stateOf(1)).toBe('active');
    observe(combiner, 0, [300]);
    expect(combiner.watermarkMs).toBe(210);
    expect(combiner.holder).toBe(1);
  });

  it('counts a returning split at once when it is not behind', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    observe(combiner, 1, [100]);
    combiner.markIdle(1);
    combiner.markActive(1);
    expect(combiner.stateOf(1)).toBe('active');
  });

  it('holds when only splits are left that do not count yet', () => {
    const combiner = new WatermarkCombiner(2, 0);
    observe(combiner, 0, [100]);
    combiner.markIdle(1);
    observe(combiner, 1, [10]);
    combiner.markIdle(0);
    expect(combiner.watermarkMs).toBe(100);
    combiner.markEnded(0);
    expect(combiner.watermarkMs).toBe(100);
  });

  it('rises by what is known of a split that has no rows yet', () => {
    const combiner = new WatermarkCombiner(2, 0);
    combiner.raiseFloor(1, 1000);
    expect(observe(combiner, 0, [100, 200])).toEqual([-infinity, 100]);
    expect(combiner.watermarkMs).toBe(200);
  });
});

describe('a combiner that goes on from a checkpoint', () => {
  it('gives the watermarks of one that was never stopped', () => {
    const times = [10, 8, 20, 19, 21, 3, 40, 35, 60];
    for (let stop = 0; stop <= times.length; stop++) {
      const whole = new WatermarkCombiner(3, 5);
      const before = new WatermarkCombiner(3, 5);
      for (const combiner of [whole, before]) {
        observe(combiner, 1, [12]);
        combiner.markIdle(2);
        combiner.raiseFloor(0, 2);
      }
      const expected = times.flatMap((time, i) => observe(whole, i % 2, [time]));
      const given = times.slice(0, stop).flatMap((time, i) => observe(before, i % 2, [time]));
      const after = new WatermarkCombiner(4, 5);
      const saved = [0, 1, 2].map((split) => before.save(split));
      after.restore(before.watermarkMs, JSON.parse(JSON.stringify(saved)) as typeof saved);
      after.markEnded(3);
      for (const [i, time] of times.entries()) {
        if (i >= stop) given.push(...observe(after, i % 2, [time]));
      }
      expect(given).toEqual(expected);
      expect(after.watermarkMs).toBe(whole.watermarkMs);
    }
  });

  it('takes up a split again that had ended, behind what is known', () => {
    const combiner = new WatermarkCombiner(2, 0);
    const ended = { state: 'ended', greatestMs: 50, floorMs: null } as const;
    const active = { state: 'active', greatestMs: 100, floorMs: null } as const;
    combiner.restore(100, [ended, active]);
    expect(combiner.isEnded).toBe(false);
    expect(observe(combiner, 0, [60, 95])).toEqual([100, 100]);
    expect(combiner.stateOf(0)).toBe('returning');
    expect(observe(combiner, 0, [105, 107])).toEqual([100, 100]);
    expect(combiner.stateOf(0)).toBe('active');
    expect(observe(combiner, 1, [110, 111])).toEqual([100, 107]);
  });
});
