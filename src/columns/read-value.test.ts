import { describe, expect, it } from 'vitest';
import type { Field } from '../kernel/types/field-type.ts';
import { recordJson } from './read-value.ts';

const field = (name: string, type: Field['type']): Field => ({ name, type, nullable: true });

describe('a record as JSON', () => {
  it('loses no digit and no byte, at any depth', () => {
    const fields = [
      field('big', { kind: 'int64' }),
      field('raw', { kind: 'bytes' }),
      field('buffer', { kind: 'bytes' }),
      field('any', { kind: 'json' }),
      field('text', { kind: 'string' }),
      field('list', { kind: 'list', item: { kind: 'int64' } }),
      field('parts', { kind: 'list', item: { kind: 'bytes' } }),
      field('none', { kind: 'float64' }),
      field('left_out', { kind: 'float64' }),
    ];
    const values = {
      big: 9_007_199_254_740_993n,
      raw: Uint8Array.of(0, 255),
      buffer: Buffer.from([1, 2]),
      any: '{"a":[1.50]}',
      text: '{"a":1}\n',
      list: [1n, null, -9_223_372_036_854_775_808n],
      parts: [Buffer.from([7]), null],
      none: null,
    };
    expect(recordJson(fields, values)).toBe(
      '{"big":9007199254740993,"raw":"AP8=","buffer":"AQI=","any":{"a":[1.50]},' +
        '"text":"{\\"a\\":1}\\n","list":[1,null,-9223372036854775808],"parts":["Bw==",null],"none":null}',
    );
  });
});
