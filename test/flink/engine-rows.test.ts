// Comparing rows is only worth something if it finds differences, and nothing else.
import { expect, it } from 'vitest';
import { comparableRows, firstDifference } from './engine-rows.ts';

const at = '2026-01-01T10:00:00.000Z';

it('residue of floats is no difference, in whatever order rows come', () => {
  const ours = [
    { as_of: at, s: 316 },
    { as_of: at, s: 253.39 },
  ];
  const theirs = [
    { s: 253.38999999999993, as_of: at },
    { s: 316.00000000000006, as_of: at },
  ];
  expect(firstDifference(comparableRows(ours), comparableRows(theirs))).toBeNull();
});

it('another value, another null and a row more are differences', () => {
  const rows = comparableRows([{ as_of: at, s: 1.5, n: 2 }]);
  for (const other of [
    { as_of: at, s: 1.6, n: 2 },
    { as_of: at, s: null, n: 2 },
    { as_of: at, s: 1.5, n: 3 },
  ]) {
    expect(firstDifference(rows, comparableRows([other]))).not.toBeNull();
  }
  expect(firstDifference(rows, [...rows, ...rows])).toBe('1 rows, Flink has 2');
});
