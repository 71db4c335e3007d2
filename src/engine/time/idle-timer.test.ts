import { describe, expect, it } from 'vitest';
import { mustWait } from './alignment.ts';
import { IdleTimer } from './idle-timer.ts';

describe('an idle timer', () => {
  it('runs out only while the split could have been read', () => {
    const timer = new IdleTimer(30);
    timer.pass(20);
    expect([timer.isIdle, timer.remainingMs]).toEqual([false, 10]);
    timer.pass(10);
    expect([timer.isIdle, timer.remainingMs]).toEqual([true, 0]);
    timer.reset();
    expect(timer.isIdle).toBe(false);
  });

  it('never runs out without a timeout', () => {
    const timer = new IdleTimer(null);
    timer.pass(1e12);
    expect([timer.isIdle, timer.remainingMs]).toEqual([false, Number.POSITIVE_INFINITY]);
  });
});

describe('alignment', () => {
  const at = (
    watermarkMs: number,
    isCounted = true,
  ): { watermarkMs: number; isCounted: boolean } => ({
    watermarkMs,
    isCounted,
  });

  it.each<readonly [string, number, boolean]>([
    ['the slowest goes on', 0, false],
    ['one at the drift goes on', 100, false],
    ['one beyond it waits', 101, true],
  ])('%s', (_what, watermarkMs, waits) => {
    expect(mustWait(watermarkMs, [at(0), at(watermarkMs)], 100)).toBe(waits);
  });

  it('does not wait for idle splits, for splits without rows, or without a drift', () => {
    expect(mustWait(500, [at(0, false), at(500)], 100)).toBe(false);
    expect(mustWait(500, [at(Number.NEGATIVE_INFINITY), at(500)], 100)).toBe(false);
    expect(mustWait(500, [at(0), at(500)], null)).toBe(false);
  });
});
