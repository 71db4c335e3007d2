import { describe, expect, it } from 'vitest';
import type { FieldType } from '../../kernel/types/field-type.ts';
import { type LiteralUse, literalOf } from './literal.ts';

const int32: FieldType = { kind: 'int32' };
const int64: FieldType = { kind: 'int64' };
const price: FieldType = { kind: 'decimal', precision: 10, scale: 2 };

describe('a plain value beside an expression', () => {
  it.each<[unknown, FieldType | undefined, LiteralUse, string, unknown]>([
    [5, undefined, 'same', 'float64', 5],
    [5, int32, 'same', 'int32', 5],
    [5, int64, 'same', 'int64', 5n],
    [9007199254740993n, int64, 'same', 'int64', 9007199254740993n],
    [7n, int32, 'same', 'int32', 7],
    [1.5, int32, 'real', 'float64', 1.5],
    [1.5, int32, 'compare', 'float64', 1.5],
    [3_000_000_000, int32, 'compare', 'int64', 3_000_000_000n],
    [9.99, price, 'compare', 'decimal', '9.99'],
    [5, price, 'same', 'decimal', '5.00'],
    [0.005, price, 'compare', 'decimal', '0.005'],
    ['12.5', price, 'same', 'decimal', '12.50'],
    ['2024-02-29', { kind: 'date' }, 'same', 'date', '2024-02-29'],
    [1_700_000_000_000, { kind: 'timestamp' }, 'same', 'timestamp', 1_700_000_000_000],
    [Number.POSITIVE_INFINITY, undefined, 'same', 'float64', Number.POSITIVE_INFINITY],
    [null, int64, 'same', 'int64', null],
  ])('%s beside %o (%s) is a %s', (...[value, beside, use, kind, expected]) => {
    const literal = literalOf(value, beside, use);
    expect(literal.problem).toBeUndefined();
    expect(literal.type.kind).toBe(kind);
    expect(literal.value).toEqual(expected);
  });

  it.each<[unknown, FieldType | undefined, LiteralUse, string]>([
    [1.5, int32, 'same', '1.5 is a fraction beside an int32'],
    [3_000_000_000, int32, 'same', '3000000000 does not fit int32'],
    [1.5, int64, 'compare', '1.5 is a fraction beside an int64'],
    [2 ** 60, int64, 'same', 'does not fit int64'],
    [2n ** 63n, int64, 'same', 'does not fit int64'],
    [2n ** 40n, int32, 'same', 'does not fit int32'],
    [Number.NaN, undefined, 'same', 'NaN is no literal'],
    [1e25, price, 'compare', 'not a decimal of at most 18 digits'],
    ['1,5', price, 'compare', 'not a decimal'],
    ['2024-02-31', { kind: 'date' }, 'same', 'is not a day'],
    [0.5, { kind: 'timestamp' }, 'same', 'not a whole number of milliseconds'],
    [undefined, int32, 'same', 'not undefined'],
    [{ otherwise: () => 1 }, int32, 'same', 'end it with .otherwise'],
  ])('%s beside %o (%s) is refused: %s', (...[value, beside, use, problem]) => {
    expect(literalOf(value, beside, use).problem).toContain(problem);
  });
});
