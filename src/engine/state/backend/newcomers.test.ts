import { expect, test } from 'vitest';
import { Newcomers } from './newcomers.ts';

test('slots come out in the order in which they came, however many there are', () => {
  const newcomers = new Newcomers();
  const taken: number[] = [];
  let next = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 150; i++) newcomers.push(next++);
    for (let i = 0; i < 60; i++) taken.push(newcomers.take());
  }
  expect(newcomers.count).toBe(40 * 90);
  while (newcomers.count > 0) taken.push(newcomers.take());
  expect(taken).toEqual(Array.from({ length: next }, (_, i) => i));
});
