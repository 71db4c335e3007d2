import { describe, expect, it } from 'vitest';
import { forEachBounded } from './for-each-bounded.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('many things, a few at a time', () => {
  it('are never more at once, and all done', async () => {
    let now = 0;
    let most = 0;
    const done: number[] = [];
    await forEachBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      now += 1;
      most = Math.max(most, now);
      await turn();
      now -= 1;
      done.push(item);
    });
    expect([most, done.toSorted((a, b) => a - b)]).toEqual([3, [1, 2, 3, 4, 5, 6, 7]]);
  });

  it('stop at a failure, which is told when nothing goes on any more', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const all = forEachBounded([1, 2, 3, 4, 5, 6], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('first');
      await turn();
      await turn();
      ended.push(item);
    });
    await expect(all).rejects.toThrow('first');
    expect([begun, ended]).toEqual([[1, 2], [2]]);
  });
});
