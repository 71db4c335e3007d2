import { describe, expect, it } from 'vitest';
import { manifestOf } from '../../testing/manifests.ts';
import { decideRetention, garbageSegments } from './decide-retention.ts';

describe('retention', () => {
  it.each<[string, { complete: number[]; refused?: number[]; retain?: number }, number[]]>([
    ['keeps what there is while it is few', { complete: [1, 2] }, []],
    ['removes the oldest', { complete: [3, 1, 2] }, [1]],
    ['removes all that are too many, oldest first', { complete: [10, 9, 2, 1], retain: 2 }, [1, 2]],
    ['keeps as many as asked', { complete: [1, 2, 3, 4], retain: 3 }, [1]],
    ['keeps two although one is asked for', { complete: [1, 2, 3], retain: 1 }, [1]],
    ['does not count refused ones', { complete: [1, 2], refused: [3, 4] }, []],
    ['removes refused ones that are old', { complete: [1, 3, 4], refused: [2, 5] }, [1, 2]],
    ['keeps refused ones among the newest', { complete: [3, 5], refused: [4] }, []],
    ['keeps an old refused one until there are enough', { complete: [3], refused: [1] }, []],
  ])('%s', (_, { complete, refused = [], retain = 2 }, expected) => {
    expect(decideRetention({ complete, refused, retain })).toEqual(expected);
  });

  it('leaves the files that a retained checkpoint names', () => {
    const retained = [manifestOf(1, { a: 1, h1: 1 }), manifestOf(2, { a: 1, b: 1, h2: 1 })];
    expect(garbageSegments(['a', 'b', 'c', 'h0', 'h1', 'h2'], retained)).toEqual(['c', 'h0']);
    expect(garbageSegments(['a'], [])).toEqual(['a']);
  });
});
