import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Value } from '../../../kernel/types/field-type.ts';
import { StateReader } from './state-reader.ts';
import { StateWriter } from './state-writer.ts';

function written(write: (to: StateWriter) => void): Uint8Array {
  const writer = new StateWriter(1);
  write(writer);
  return writer.toBytes();
}

const anyValue = fc.letrec<{ value: Value | undefined }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, undefined, true, false, -0, 0, 2 ** 53, -1, '', '\ud800', 'é\ud83d'),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ) as fc.Arbitrary<Value | undefined>,
})).value;

describe('state bytes', () => {
  it('read back as the values that were written', () => {
    fc.assert(
      fc.property(fc.array(anyValue), (values) => {
        const bytes = written((to) => values.forEach((value) => to.value(value)));
        const from = new StateReader(bytes);
        expect(values.map(() => from.value())).toStrictEqual(values);
        expect(from.isAtEnd).toBe(true);
      }),
    );
  });

  it('keep every bit of numbers, in short runs and in long ones', () => {
    const special = [-0, Number.NaN, Infinity, -Infinity, Number.MIN_VALUE, 0.1];
    for (const count of [6, 500]) {
      const floats = Float64Array.from({ length: count }, (_, i) => special[i % 6] as number);
      const bytes = written((to) => {
        to.u8(1);
        to.floats(floats, 1, count);
      });
      const from = new StateReader(bytes);
      const back = new Float64Array(count);
      back[0] = floats[0] as number;
      expect(from.u8()).toBe(1);
      from.floats(back, 1, count);
      expect(new BigInt64Array(back.buffer)).toEqual(new BigInt64Array(floats.buffer));
    }
  });

  it('hold numbers of every width', () => {
    const varints = [0, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER];
    const bytes = written((to) => {
      to.u16(65_535);
      to.u32(4_294_967_295);
      varints.forEach((value) => to.varint(value));
      to.bytes(Uint8Array.of(1, 2, 3), 1, 3);
    });
    const from = new StateReader(bytes);
    expect([from.u16(), from.u32()]).toEqual([65_535, 4_294_967_295]);
    expect(varints.map(() => from.varint())).toEqual(varints);
    expect(from.bytes()).toEqual(Uint8Array.of(2, 3));
  });

  it('say where a section ends', () => {
    const bytes = written((to) => {
      const section = to.beginSection();
      to.string('inside');
      to.endSection(section);
      to.u8(9);
    });
    const from = new StateReader(bytes);
    const end = from.sectionEnd();
    expect(() => from.expectEnd(end, 'the section')).toThrow('the section has another form');
    expect(from.string()).toBe('inside');
    from.expectEnd(end, 'the section');
    expect(from.u8()).toBe(9);
  });

  it('are refused when they are cut anywhere, or are not what a writer writes', () => {
    const bytes = written((to) => {
      to.value(['text', 'ünï', 12n, 2n ** 70n, { a: 1.5 }, new Uint8Array(80), '\ud800', null]);
    });
    for (let end = 0; end < bytes.length; end++) {
      const read = (): unknown => new StateReader(bytes, 0, end).value();
      expect(read).toThrow(MillraceError);
      expect(read).toThrow(expect.objectContaining({ code: 'MR_STATE_CORRUPT' }));
    }
    expect(() => new StateReader(Uint8Array.of(77)).value()).toThrow('no kind of value 77');
    expect(() => new StateReader(new Uint8Array(12).fill(255)).varint()).toThrow('too long');
  });
});
