// A comparison is only worth something if it finds differences, and nothing else.
import { describe, expect, it } from 'vitest';
import { canonicalOfEngine, canonicalOfFlink, parseExactJson } from './canonical-value.ts';
import { type ComparedColumn, compareRows } from './compare-rows.ts';

const column = (name: string, more: Partial<ComparedColumn> = {}): ComparedColumn => ({
  name,
  type: { kind: 'float64' },
  isIdentity: false,
  isSpread: false,
  isRoot: false,
  isRunning: false,
  ...more,
});
const key = column('user', { type: { kind: 'string' }, isIdentity: true });
const at = column('as_of', { type: { kind: 'timestamp' }, isIdentity: true });
const columns = [key, at, column('s')];

describe('rows of both sides', () => {
  it('are a multiset for each key and instant', () => {
    const ours = [
      ['a', 1, 2],
      ['a', 1, 3],
      ['b', 1, 2],
    ];
    const found = compareRows(columns, ours, ours.toReversed());
    expect(found).toMatchObject({ equal: 3, differing: 0, missing: 0, extra: 0, examples: [] });
  });

  it('differ, are missing, are too many', () => {
    const ours = [
      ['a', 1, 2],
      ['b', 1, 2],
      ['c', 1, 5],
      ['c', 1, 5],
    ];
    const theirs = [
      ['a', 1, 2.1],
      ['c', 1, 5],
      ['d', 1, null],
    ];
    const found = compareRows(columns, ours, theirs);
    expect(found).toMatchObject({ equal: 1, differing: 1, missing: 2, extra: 1 });
    expect(found.examples[0]).toBe(
      'user "a", as_of 1970-01-01T00:00:00.001Z: s engine 2, Flink 2.1',
    );
    expect(found.examples.join('\n')).toContain('Flink has no such row; engine s 5');
    expect(found.examples.join('\n')).toContain('only Flink has it: s null');
  });

  it('the instant is exact, and null is no number', () => {
    expect(compareRows(columns, [['a', 1, 2]], [['a', 2, 2]])).toMatchObject({
      missing: 1,
      extra: 1,
    });
    expect(compareRows(columns, [['a', 1, 0]], [['a', 1, null]]).differing).toBe(1);
  });
});

describe('floats', () => {
  const one = (s: ComparedColumn, a: number, b: number) => compareRows([s], [[a]], [[b]]);

  it('may differ by 1e-9 of their size, spreads by 1e-4', () => {
    expect(one(column('s'), 1e6, 1e6 + 1e-4).equal).toBe(1);
    expect(one(column('s'), 1e6, 1e6 + 2e-3).equal).toBe(0);
    expect(one(column('s', { isSpread: true }), 1, 1.00005).equal).toBe(1);
    expect(one(column('s', { isSpread: true }), 1, 1.0003).equal).toBe(0);
  });

  it('keep last bits of great numbers that have left a running sum', () => {
    const running = column('s', { isRunning: true });
    const rows = [[2 ** 53], [1]];
    expect(compareRows([running], rows, [[2 ** 53], [3]]).equal).toBe(2);
    expect(compareRows([column('s')], rows, [[2 ** 53], [3]]).equal).toBe(1);
  });

  it('keep them in the square of a deviation', () => {
    const deviation = column('s', { isSpread: true, isRoot: true, isRunning: true });
    const left = Math.sqrt(0.01 + 1e-4);
    expect(compareRows([deviation], [[1e6], [0.1]], [[1e6], [left]]).equal).toBe(2);
    expect(compareRows([deviation], [[1e3], [0.1]], [[1e3], [left]]).equal).toBe(1);
  });

  it('are NaN on Flink once something infinite has left a running sum, and that is counted', () => {
    const running = column('s', { isRunning: true });
    expect(one(running, 1.5, Number.NaN)).toMatchObject({ equal: 1, notFinite: 1 });
    expect(one(running, Number.NaN, 1.5).equal).toBe(0);
    expect(one(column('s'), 1.5, Number.NaN).equal).toBe(0);
    expect(one(column('s'), Number.NaN, Number.NaN)).toMatchObject({ equal: 1, notFinite: 0 });
  });
});

describe('values in one form', () => {
  it('whole numbers and decimals lose no digit', () => {
    const row = parseExactJson('{"n":9007199254740993,"d":12.50,"e":1.25E+1,"z":-0.00,"x":0.05}');
    const decimal = { kind: 'decimal', precision: 38, scale: 2 } as const;
    expect(canonicalOfFlink(row['n'] ?? null, { kind: 'int64' })).toBe('9007199254740993');
    expect(canonicalOfEngine(9_007_199_254_740_993n, { kind: 'int64' })).toBe('9007199254740993');
    expect(canonicalOfFlink(row['d'] ?? null, decimal)).toBe(canonicalOfEngine('12.5', decimal));
    expect(canonicalOfFlink(row['e'] ?? null, decimal)).toBe('12.5');
    expect(canonicalOfFlink(row['z'] ?? null, decimal)).toBe('0');
    expect(canonicalOfFlink(row['x'] ?? null, decimal)).toBe('0.05');
  });

  it('instants, floats of 32 bits and containers are told by their type', () => {
    const row = parseExactJson(
      '{"t":"2026-01-01T00:00:00.5Z","f":0.1,"l":[1,null],"i":"Infinity"}',
    );
    expect(canonicalOfFlink(row['t'] ?? null, { kind: 'timestamp' })).toBe(1_767_225_600_500);
    expect(canonicalOfFlink(row['f'] ?? null, { kind: 'float32' })).toBe(Math.fround(0.1));
    expect(canonicalOfFlink(row['i'] ?? null, { kind: 'float64' })).toBe(Number.POSITIVE_INFINITY);
    const list = { kind: 'list', item: { kind: 'float64' } } as const;
    expect(canonicalOfFlink(row['l'] ?? null, list)).toBe(canonicalOfEngine([1, null], list));
  });
});
