import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey } from './key-encoding.ts';
import type { Field } from './types/field-type.ts';

const fields: readonly Field[] = [
  { name: 'user_id', type: { kind: 'string' }, nullable: true },
  { name: 'item_id', type: { kind: 'int64' }, nullable: false },
  { name: 'day', type: { kind: 'date' }, nullable: false },
  { name: 'flag', type: { kind: 'bool' }, nullable: false },
  { name: 'at', type: { kind: 'timestamp' }, nullable: false },
  { name: 'n', type: { kind: 'int32' }, nullable: false },
];

const keyArbitrary = fc.record({
  user_id: fc.option(fc.string({ unit: 'grapheme' })),
  item_id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  day: fc.constantFrom('1969-12-31', '1970-01-01', '2024-02-29'),
  flag: fc.boolean(),
  at: fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
  n: fc.integer(),
});

describe('encoded keys', () => {
  it('come back as the same values', () => {
    fc.assert(
      fc.property(keyArbitrary, (key) => {
        expect(decodeKey(fields, encodeKey(fields, key))).toEqual(key);
      }),
    );
  });

  it('are equal only for equal keys', () => {
    const two = fields
      .slice(0, 1)
      .concat([{ name: 'b', type: { kind: 'string' }, nullable: true }]);
    const seen = new Set(
      [
        { user_id: 'ab', b: 'c' },
        { user_id: 'a', b: 'bc' },
        { user_id: '', b: 'abc' },
        { user_id: null, b: 'abc' },
        { user_id: 'abc', b: null },
      ].map((key) => encodeKey(two, key).join()),
    );
    expect(seen.size).toBe(5);
  });

  it('take whole numbers for int64', () => {
    const int = fields.slice(1, 2);
    expect(encodeKey(int, { item_id: 7 })).toEqual(encodeKey(int, { item_id: 7n }));
  });

  it.each([
    ['a fraction', { item_id: 1.5 }, 'key "item_id" must be int64, not the number 1.5'],
    ['text', { item_id: 'x' }, 'not the string "x"'],
    ['more than 64 bits', { item_id: 2n ** 63n }, 'not the bigint 9223372036854775808'],
    ['nothing', {}, 'not missing'],
    ['null', { item_id: null }, 'not the value null'],
  ])('name the part that is %s', (_what, key, message) => {
    expect(() => encodeKey(fields.slice(1, 2), key)).toThrow(message);
  });

  it('of an empty key are no bytes', () => {
    expect(encodeKey([], {})).toHaveLength(0);
  });
});
