import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../kernel/random.ts';
import { FrequentValues } from './frequent-values.ts';
import type { SketchValue } from './sketch-bytes.ts';

interface Item {
  readonly value: SketchValue;
  readonly ts: number;
  readonly id: string | null;
}

const order = (a: SketchValue, b: SketchValue): number => (a < b ? -1 : Number(a > b));

function of(items: readonly Item[]): FrequentValues {
  const sketch = new FrequentValues();
  for (const { value, ts, id } of items) sketch.add(value, ts, id);
  return sketch;
}

/** Values of a power law, so that some are frequent: `spread` different ones at the most. */
function skewed(seed: number, count: number, spread: number): Item[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    value: `v${Math.floor(spread ** random.next())}`,
    ts: i * 10,
    id: null,
  }));
}

function exactTop(items: readonly Item[], limit: number): (readonly [SketchValue, number])[] {
  const counts = new Map<SketchValue, number>();
  for (const { value } of items) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || order(a[0], b[0])).slice(0, limit);
}

const topOf = (sketch: FrequentValues, limit: number): (readonly [SketchValue, number])[] =>
  sketch.top(limit, order).map(({ value, count }) => [value, count] as const);

const item = fc.record({
  value: fc.oneof(fc.constantFrom('a', 'b', 'ü', '\ud800', 1n, true, -0, 0, Number.NaN), fc.nat(6)),
  ts: fc.nat(5),
  id: fc.constantFrom(null, 'x', 'y'),
});
const items = fc.array(item, { maxLength: 60 });

describe('the most frequent values', () => {
  it('are exact up to 1,000 different ones, equal counts in the order of values', () => {
    const list = skewed(1, 20_000, 900);
    expect(topOf(of(list), 20)).toEqual(exactTop(list, 20));
    const ties = ['b', 'a', 'c', 'b', 'a', 'd'].map((value, ts) => ({ value, ts, id: null }));
    expect(topOf(of(ties), 3)).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ]);
  });

  it('merge in any order and grouping to the same bytes', () => {
    fc.assert(
      fc.property(items, items, items, (x, y, z) => {
        const all = of([...x, ...y, ...z]).toBytes();
        const left = of(x);
        left.merge(of(y));
        left.merge(of(z));
        const right = of(z);
        const inner = of(y);
        inner.merge(of(x));
        right.merge(inner);
        expect(left.toBytes()).toEqual(all);
        expect(right.toBytes()).toEqual(all);
        expect(FrequentValues.fromBytes(all).toBytes()).toEqual(all);
      }),
    );
  });

  it.each([1000, 1001, 1500, 6000])('merge so with about %i different ones too', (distinct) => {
    const list = [
      ...Array.from({ length: distinct }, (_, i) => ({ value: `w${i}`, ts: i, id: null })),
      ...skewed(distinct, 3000, 50),
    ];
    const all = of(list);
    for (const parts of [2, 7, 60]) {
      const total = new FrequentValues();
      for (let i = parts - 1; i >= 0; i--) {
        total.merge(FrequentValues.fromBytes(of(list.filter((_, n) => n % parts === i)).toBytes()));
      }
      expect(total.toBytes()).toEqual(all.toBytes());
    }
    expect(of(list.toReversed()).toBytes()).toEqual(all.toBytes());
    expect(topOf(all, 5).map(([value]) => value)).toEqual(exactTop(list, 5).map(([v]) => v));
  });

  it('are found among 50,000 different ones, with counts that are little too high', () => {
    const rare = Array.from({ length: 50_000 }, (_, i) => ({ value: `r${i}`, ts: i, id: null }));
    const list = [...rare, ...skewed(5, 50_000, 40)];
    const exact = exactTop(list, 10);
    const found = topOf(of(list), 10);
    expect(found.map(([value]) => value)).toEqual(exact.map(([value]) => value));
    for (const [i, [, count]] of found.entries()) {
      const truth = (exact[i] as readonly [SketchValue, number])[1];
      expect(count).toBeGreaterThanOrEqual(truth);
      expect(count - truth).toBeLessThanOrEqual(list.length * 0.0014);
    }
  });

  it('never change their bytes: they are kept', () => {
    const list = ['a', 'b', 'a', 7n, 2.5, true].map((value, i) => ({
      value,
      ts: 1000 + i,
      id: i % 2 === 0 ? null : `id${i}`,
    }));
    expect(Buffer.from(of(list).toBytes()).toString('hex')).toMatchInlineSnapshot(
      `"01000574d5de7bcdc917430101087e8c27f510184301040162d80f8f02c1c31943010200000000000004403c251244b2951d43020401610643d4f3d02e254301030137"`,
    );
    const many = of(skewed(9, 4000, 30_000)).toBytes();
    const digest = createHash('sha256').update(many).digest('hex');
    expect(digest).toMatchInlineSnapshot(
      `"1d445a865a9c419a02f3ab8551bd2f0781a76fbe464be5b640aa14e38f8eea2a"`,
    );
  });

  it('refuse bytes of another version', () => {
    expect(() => FrequentValues.fromBytes(Uint8Array.of(9, 0, 0))).toThrow(RangeError);
  });
});
