import { expect, it } from 'vitest';
import { type PartitionBounds, type ResetTarget, commitsOf, planReset } from './plan-reset.ts';

const bounds: readonly PartitionBounds[] = [
  { topic: 't', partition: 0, committed: 50, startOffset: 10, endOffset: 100, atInstant: 70 },
  { topic: 't', partition: 1, committed: null, startOffset: 5, endOffset: 20, atInstant: null },
];

function targets(target: ResetTarget): readonly number[] {
  return planReset(bounds, target).map(({ to }) => to);
}

it('goes to the target, partition by partition', () => {
  expect(targets('earliest')).toEqual([10, 5]);
  expect(targets('latest')).toEqual([100, 20]);
  expect(targets({ datetimeMs: 1 })).toEqual([70, 20]);
  expect(targets({ shiftBy: 7 })).toEqual([57, 12]);
  expect(targets({ offset: 15 })).toEqual([15, 15]);
});

it('never leaves what a partition has, and says so', () => {
  const moves = planReset(bounds, { shiftBy: -45 });
  expect(moves.map(({ to, limited }) => [to, limited])).toEqual([
    [10, true],
    [5, true],
  ]);
  expect(targets({ offset: 1000 })).toEqual([100, 20]);
});

it('says how many records are read again, and commits only what moves', () => {
  const moves = planReset(bounds, { offset: 50 });
  expect(moves.map(({ records }) => records)).toEqual([0, -15]);
  expect(commitsOf(moves)).toEqual([{ topic: 't', partition: 1, offset: 20 }]);
});
