import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import { encodedKeyOf, keyTextOf } from './key-text.ts';

const field = (kind: string): Field =>
  ({ name: kind, type: { kind }, nullable: true }) as unknown as Field;

function textOf(fields: readonly Field[], key: Readonly<Record<string, Value>>): string {
  const bytes = encodeKey(fields, key);
  // In the middle of others, as keys of a batch lie.
  const data = new Uint8Array(bytes.length + 7).fill(0x41);
  data.set(bytes, 3);
  return keyTextOf(fields)(data, 3, 3 + bytes.length);
}

it('keeps text as it is, and escapes what would be misread', () => {
  const text = [field('string')];
  expect(textOf(text, { string: 'u42' })).toBe('u42');
  expect(textOf(text, { string: '' })).toBe('');
  expect(textOf(text, { string: 'a|b%c\n' })).toBe('a%7Cb%25c%0A');
  expect(textOf(text, { string: 'é{x}:日' })).toBe('é{x}:日');
  expect(textOf(text, { string: null })).toBe('%N');
  expect(textOf([], {})).toBe('');
});

it('writes numbers, dates and instants for people, parts joined by a bar', () => {
  const fields = ['int64', 'int32', 'bool', 'date', 'timestamp', 'bytes'].map(field);
  const key = {
    int64: -9_007_199_254_740_993n,
    int32: 7,
    bool: true,
    date: '2026-01-05',
    timestamp: 1_700_000_000_123,
    bytes: Uint8Array.of(0, 255),
  };
  expect(textOf(fields, key)).toBe('-9007199254740993|7|true|2026-01-05|1700000000123|00ff');
});

it('is exact in both directions, for keys of any types, text that is none too', () => {
  const values: Readonly<Record<string, fc.Arbitrary<Value>>> = {
    string: fc.string({ unit: 'binary', maxLength: 40 }),
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    int32: fc.integer(),
    bool: fc.boolean(),
    timestamp: fc.integer({ min: -8e12, max: 8e12 }),
    bytes: fc.uint8Array({ maxLength: 20 }),
  };
  const part = fc
    .constantFrom(...Object.keys(values))
    .chain((kind) => fc.tuple(fc.constant(kind), fc.option(values[kind] as fc.Arbitrary<Value>)));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const fields = parts.map(([kind], i) => ({ ...field(kind), name: `p${i}` }));
      const bytes = encodeKey(
        fields,
        Object.fromEntries(parts.map(([, value], i) => [`p${i}`, value])),
      );
      const text = keyTextOf(fields)(bytes, 0, bytes.length);
      expect([...(encodedKeyOf(fields, text) ?? [])]).toEqual([...bytes]);
    }),
  );
  const broken = Uint8Array.of(2, 3, 0, 0, 0, 0xc3, 0x28, 0x41);
  const text = keyTextOf([field('string')])(broken, 0, broken.length);
  expect([...(encodedKeyOf([field('string')], text) ?? [])]).toEqual([...broken]);
});

it('gives bytes that are no key of the fields a name that no row has', () => {
  expect(keyTextOf([field('int64')])(Uint8Array.of(4, 1), 0, 2)).toBe('%X0401');
  expect(encodedKeyOf([field('int64')], 'x')).toBeNull();
  expect(encodedKeyOf([field('int64'), field('string')], '1')).toBeNull();
});
