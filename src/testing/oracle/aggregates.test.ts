import { expect, it } from 'vitest';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { AggregateName } from '../../plan/aggregate.ts';
import { featureNode, literalNode } from '../plan-nodes.ts';
import { type Aggregated, aggregate } from './aggregates.ts';

function over(
  fn: AggregateName,
  values: readonly Value[],
  options: {
    type?: FieldType;
    limit?: number;
    quantile?: number;
    distinct?: boolean;
    halfLifeMs?: number;
    times?: readonly number[];
  } = {},
): Aggregated {
  const { type = { kind: 'float64' }, times = values.map(() => 0), ...rest } = options;
  const input = literalNode(null, type);
  const feature = featureNode('f', { fn, input, window: { kind: 'lifetime' }, ...rest });
  return aggregate(values, { node: feature.aggregate, type, times, isSketched: false });
}

it.each([
  ['count', [1, null, 2], 2],
  ['countDistinct', [1, null, 2, 1], 2],
  ['sum', [null, null], null],
  ['sum', [1e100, 1, -1e100], 1],
  ['avg', [1, null, 2], 1.5],
  ['min', [3, null, 2], 2],
  ['max', [3, null, 2], 3],
  ['first', [null, 5, 6], 5],
  ['last', [5, 6, null], 6],
  ['varPop', [4], 0],
  ['varSamp', [4], null],
  ['varSamp', [1, 3], 2],
  ['stddevPop', [1, 3], 1],
] as const)('%s of %j is %j', (fn, values, expected) => {
  expect(over(fn, values).value).toEqual(expected);
});

it('sums integers and decimals exactly, and is null beyond 64 bits', () => {
  const int64: FieldType = { kind: 'int64' };
  const decimal: FieldType = { kind: 'decimal', precision: 10, scale: 2 };
  expect(over('sum', [9007199254740993n, 1n], { type: int64 }).value).toBe(9007199254740994n);
  expect(over('sum', [2n ** 63n - 1n, 1n], { type: int64 }).value).toBeNull();
  expect(over('sum', ['0.10', '0.20', '-1.00'], { type: decimal }).value).toBe('-0.70');
  expect(over('sum', [2, 2, 3], { type: { kind: 'int32' }, distinct: true }).value).toBe(5n);
});

it('puts NaN above every number', () => {
  expect(over('max', [1, Number.NaN, 2]).value).toBeNaN();
  expect(over('min', [Number.NaN, 1]).value).toBe(1);
  expect(over('sum', [1, Number.NaN]).value).toBeNaN();
  expect(over('sum', [1, Number.POSITIVE_INFINITY]).value).toBe(Number.POSITIVE_INFINITY);
});

it('lists values oldest first, counts the rest under null, takes the element at the rank', () => {
  const string: FieldType = { kind: 'string' };
  expect(over('firstN', [1, null, 2, 3], { limit: 2 }).value).toEqual([1, 2]);
  expect(over('lastN', [1, null, 2, 3], { limit: 2 }).value).toEqual([2, 3]);
  expect(over('countBy', ['b', 'a', 'c', 'b'], { type: string, limit: 2 }).value).toEqual({
    b: 2,
    a: 1,
    null: 1,
  });
  expect(over('quantile', [4, 1, 3, 2], { quantile: 0.5 }).value).toBe(2);
});

it('lists the most frequent values, equal counts by value', () => {
  const string: FieldType = { kind: 'string' };
  const values = ['b', 'a', null, 'c', 'b', 'c', 'a', 'd'];
  expect(over('topK', values, { type: string, limit: 3 }).value).toEqual(['a', 'b', 'c']);
  expect(over('topK', [3, -0, 0, 2, 2], { limit: 2 }).value).toEqual([0, 2]);
  expect(over('topK', [null], { limit: 2 }).value).toEqual([]);
});

it('weighs a value that is a half-life older half', () => {
  const options = { halfLifeMs: 10, times: [0, 10, 20] };
  expect(over('ewma', [4, 2, null], options).value).toBeCloseTo(8 / 3, 12);
  expect(over('ewma', [7, 0, 0], options).value).toBeCloseTo(1, 12);
  expect(over('ewma', [1, Number.NaN, 2], options).value).toBeNaN();
  expect(over('ewma', [null, null], options).value).toBeNull();
});

it('allows what the rules allow: rounding of sums, sketches of many values', () => {
  expect(over('sum', [1, 2]).tolerance).toBeCloseTo(3e-12);
  expect(over('quantile', [1, 2], { quantile: 0.5 }).tolerance).toBe(0);
  const many = Array.from({ length: 1001 }, (_, i) => i);
  expect(over('quantile', many, { quantile: 0.5 }).tolerance).toBeGreaterThan(0);
});
