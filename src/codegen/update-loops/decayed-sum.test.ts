import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decay, decayedMean, decayedSize, mergeDecayed, noAnchor } from './decayed-sum.ts';

type Record = readonly [x: number, ts: number];

const hourMs = 3_600_000;

function empty(): Float64Array {
  const numbers = new Float64Array(decayedSize);
  numbers[0] = noAnchor;
  return numbers;
}

function sumOf(records: readonly Record[], halfLifeMs: number): Float64Array {
  const decay = new Decay(halfLifeMs);
  const numbers = empty();
  for (const [x, ts] of records) decay.add(numbers, 0, x, ts);
  return numbers;
}

const meanOf = (records: readonly Record[], halfLifeMs = hourMs): number =>
  decayedMean(sumOf(records, halfLifeMs), 0);

/** By the definition, with ages before the newest record. */
function expected(records: readonly Record[], halfLifeMs: number): number {
  const newest = Math.max(...records.map(([, ts]) => ts));
  const weights = records.map(([, ts]) => 2 ** ((ts - newest) / halfLifeMs));
  const total = weights.reduce((a, b) => a + b);
  return records.reduce((sum, [x], i) => sum + x * (weights[i] as number), 0) / total;
}

const records = fc.array(
  fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -20_000, max: 20_000 })),
  { minLength: 1, maxLength: 40 },
);
const halfLives = fc.constantFrom(1, 7, 1000, 30_000);

describe('a mean whose weights halve with age', () => {
  it('weighs a value that is a half-life older half, wherever the hours begin', () => {
    for (const start of [0, 1_700_000_000_123, -hourMs - 1]) {
      const at = (hours: number): number => start + hours * hourMs;
      expect(meanOf([[4, at(0)]])).toBe(4);
      expect(
        meanOf([
          [8, at(0)],
          [2, at(1)],
        ]),
      ).toBeCloseTo(4, 12);
      expect(
        meanOf([
          [8, at(0)],
          [2, at(0)],
        ]),
      ).toBeCloseTo(5, 12);
      expect(
        meanOf([
          [1, at(0.5)],
          [0, at(0)],
        ]),
      ).toBeCloseTo(1 / (1 + Math.SQRT1_2), 12);
    }
  });

  it('is what its definition says, in any order and grouping', () => {
    fc.assert(
      fc.property(records, records, halfLives, (x, y, halfLifeMs) => {
        const all = [...x, ...y];
        const right = expected(all, halfLifeMs);
        const left = sumOf(x, halfLifeMs);
        mergeDecayed(left, 0, sumOf(y, halfLifeMs), 0);
        const other = sumOf(y.toReversed(), halfLifeMs);
        mergeDecayed(other, 0, sumOf(x, halfLifeMs), 0);
        const means = [meanOf(all, halfLifeMs), decayedMean(left, 0), decayedMean(other, 0)];
        for (const mean of means) expect(Math.abs(mean - right)).toBeLessThan(1e-9);
      }),
    );
  });

  it('does not drift over a million records', () => {
    const decay = new Decay(60_000);
    const numbers = empty();
    for (let i = 0; i < 1_000_000; i++) decay.add(numbers, 0, 0.1, i * 37);
    expect(Math.abs(decayedMean(numbers, 0) - 0.1)).toBeLessThan(1e-16);
  });

  it('forgets what is thousands of half-lives old, whichever comes first', () => {
    expect(
      meanOf(
        [
          [5, 0],
          [1, 5000],
        ],
        1,
      ),
    ).toBe(1);
    expect(
      meanOf(
        [
          [1, 5000],
          [5, 0],
        ],
        1,
      ),
    ).toBe(1);
  });

  it('keeps what is not finite apart, however old it is', () => {
    const { NaN: nan, POSITIVE_INFINITY: above, NEGATIVE_INFINITY: below } = Number;
    expect(
      meanOf(
        [
          [above, 0],
          [1, 5000],
        ],
        1,
      ),
    ).toBe(above);
    expect(
      meanOf(
        [
          [below, 0],
          [1, 5000],
        ],
        1,
      ),
    ).toBe(below);
    expect(
      meanOf(
        [
          [below, 0],
          [above, 5000],
        ],
        1,
      ),
    ).toBeNaN();
    expect(
      meanOf(
        [
          [nan, 0],
          [1, 5000],
        ],
        1,
      ),
    ).toBeNaN();
    const merged = sumOf([[1, 0]], 1);
    mergeDecayed(merged, 0, sumOf([[above, 0]], 1), 0);
    expect(decayedMean(merged, 0)).toBe(above);
  });

  it('never changes its numbers: they are kept', () => {
    expect([
      ...sumOf(
        [
          [3, 1000],
          [5, 2500],
          [Number.NaN, 0],
          [-1, 9000],
        ],
        1000,
      ),
    ]).toMatchInlineSnapshot(`
      [
        9,
        -0.4665192663599005,
        0,
        0.50747739672802,
        -4.423544863740858e-17,
        1,
        0,
        0,
      ]
    `);
  });
});
