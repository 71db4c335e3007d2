import { expect, it } from 'vitest';
import { hashBytes } from './hash.ts';
import { keyGroupCount, keyGroupOf, keyGroupsOf } from './key-group.ts';

it('deals every group to exactly one subtask, whatever the parallelism', () => {
  for (let parallelism = 1; parallelism <= keyGroupCount; parallelism++) {
    let next = 0;
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, end } = keyGroupsOf(subtask, parallelism);
      expect(first).toBe(next);
      expect(end).toBeGreaterThan(first);
      next = end;
    }
    expect(next).toBe(keyGroupCount);
  }
});

it('spreads keys over all groups', () => {
  const counts = new Int32Array(keyGroupCount);
  for (let i = 0; i < 100_000; i++) {
    const key = new TextEncoder().encode(`user_${i}`);
    const group = keyGroupOf(hashBytes(key, 0, key.length));
    counts[group] = (counts[group] as number) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(640);
  expect(Math.max(...counts)).toBeLessThan(930);
});
