import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DdSketch } from './dd-sketch.ts';
import { hashRange, hashValue } from './hash-value.ts';
import { HyperLogLog } from './hyper-log-log.ts';

interface Sketch<S> {
  merge(from: S): void;
  toBytes(): Uint8Array;
}

function merged<S extends Sketch<S>>(create: () => S, ...parts: readonly S[]): Uint8Array {
  const total = create();
  for (const part of parts) total.merge(part);
  return total.toBytes();
}

const values = fc.array(fc.double({ noNaN: false }), { maxLength: 80 });

function quantilesOf(list: readonly number[]): DdSketch {
  const sketch = new DdSketch();
  for (const x of list) sketch.add(x);
  return sketch;
}

/** Many distinct values from few: so that sketches of many are tried too. */
function distinctOf(list: readonly number[], times = 1): HyperLogLog {
  const sketch = new HyperLogLog();
  for (const x of list) for (let i = 0; i < times; i++) sketch.add(hashValue(`${x}:${i}`));
  return sketch;
}

describe('DDSketch', () => {
  it('merges in any order and grouping to the same bytes', () => {
    fc.assert(
      fc.property(values, values, values, (x, y, z) => {
        const all = quantilesOf([...x, ...y, ...z]).toBytes();
        const [a, b, c] = [quantilesOf(x), quantilesOf(y), quantilesOf(z)];
        expect(merged(() => new DdSketch(), a, b, c)).toEqual(all);
        expect(merged(() => new DdSketch(), c, b, a)).toEqual(all);
        b.merge(c);
        expect(merged(() => new DdSketch(), a, b)).toEqual(all);
      }),
    );
  });

  it('takes away exactly what was merged', () => {
    fc.assert(
      fc.property(values, values, (x, y) => {
        const total = quantilesOf([...x, ...y]);
        total.unmerge(quantilesOf(y));
        expect(total.toBytes()).toEqual(quantilesOf(x).toBytes());
      }),
    );
  });

  it('answers within one percent of the element at the rank', () => {
    const finite = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(finite, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
        const sorted = [...list].sort((a, b) => a - b);
        const exact = sorted[Math.floor(q * (sorted.length - 1))] as number;
        const answer = quantilesOf(list).quantile(q) as number;
        expect(Math.abs(answer - exact)).toBeLessThanOrEqual(0.0101 * Math.abs(exact) + 1e-290);
      }),
    );
  });

  it('comes back from its bytes, and empty answers null', () => {
    const sketch = quantilesOf([1, -2, 0, Number.NaN, Number.POSITIVE_INFINITY, 3e7]);
    expect(DdSketch.fromBytes(sketch.toBytes()).toBytes()).toEqual(sketch.toBytes());
    expect(new DdSketch().quantile(0.5)).toBeNull();
  });
});

describe('HyperLogLog', () => {
  it('merges in any order and grouping, and twice, to the same bytes', () => {
    const times = fc.constantFrom(1, 40);
    fc.assert(
      fc.property(values, values, values, times, (x, y, z, many) => {
        const all = distinctOf([...x, ...y, ...z], many).toBytes();
        const [a, b, c] = [distinctOf(x, many), distinctOf(y, many), distinctOf(z, many)];
        expect(merged(() => new HyperLogLog(), a, b, c, a)).toEqual(all);
        b.merge(c);
        expect(merged(() => new HyperLogLog(), b, a)).toEqual(all);
      }),
    );
  });

  it('counts up to 512 values exactly, and a million within five standard errors', () => {
    const sketch = new HyperLogLog();
    for (let i = 0; i < 512; i++) sketch.add(hashValue(`value ${i}`));
    expect(sketch.estimate()).toBe(512);
    for (let i = 0; i < 1_000_000; i++) sketch.add(hashValue(`value ${i}`));
    expect(Math.abs(sketch.estimate() / 1_000_000 - 1)).toBeLessThan(5 * 0.0163);
  });

  it('comes back from its bytes', () => {
    for (const count of [0, 3, 5000]) {
      const sketch = new HyperLogLog();
      for (let i = 0; i < count; i++) sketch.add(hashValue(i));
      const again = HyperLogLog.fromBytes(sketch.toBytes());
      expect(again.toBytes()).toEqual(sketch.toBytes());
      expect(again.estimate()).toBe(sketch.estimate());
    }
  });
});

describe('the hash of values', () => {
  it('never changes: sketches are kept', () => {
    expect(['', 'a', 'user_1', 0, -0, 1.5, 7n, true].map(hashValue)).toMatchInlineSnapshot(`
      [
        1185060256099072,
        3819858231642199,
        3897644220236888,
        3863149094015639,
        3863149094015639,
        3951678710025226,
        4432500150061707,
        3529727925908421,
      ]
    `);
  });

  it('is the same for every NaN', () => {
    const [infinity = 0] = [Number.POSITIVE_INFINITY].map(Number);
    const computed = new Float64Array([infinity - infinity, Number.NaN, Number('x')]);
    const bits = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer);
    const hashes = [...computed, ...bits].map(hashValue);
    expect(new Set(hashes)).toEqual(new Set([hashValue(Number.NaN)]));
  });

  it('is the same for a text and for its bytes', () => {
    const bytes = new TextEncoder().encode('ünïcode');
    expect(hashRange(bytes, 0, bytes.length)).toBe(hashValue('ünïcode'));
  });
});
