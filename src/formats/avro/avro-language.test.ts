import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, field, parse, record } from '../../../test/schemas/avro-messages.ts';
import { MessageRows } from '../../adapters/schema-registry/message-rows.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { signedBytes } from './fixed-values.ts';

describe('one written type and one field', () => {
  test.each<[unknown, unknown, FieldType | FieldType['kind'], Value]>([
    ['boolean', true, 'bool', true],
    ['int', -(2 ** 31), 'int32', -(2 ** 31)],
    ['int', 7, 'int64', 7n],
    ['int', 7, 'float32', 7],
    ['long', 2n ** 63n - 1n, 'int64', 2n ** 63n - 1n],
    ['long', -(2n ** 63n), 'int64', -(2n ** 63n)],
    ['long', 9007199254740993n, 'float64', 9007199254740992],
    ['long', -9007199254740991n, 'count', -9007199254740991],
    ['float', 0.1, 'float32', Math.fround(0.1)],
    ['float', 0.1, 'float64', Math.fround(0.1)],
    ['double', -1e300, 'float64', -1e300],
    ['string', 'héllo 😀', 'string', 'héllo 😀'],
    ['string', 'é', 'bytes', new Uint8Array([0xc3, 0xa9])],
    ['string', '{"a": [1]}', 'json', '{"a": [1]}'],
    ['bytes', Buffer.from([1, 255]), 'bytes', new Uint8Array([1, 255])],
    ['bytes', Buffer.from('é'), 'string', 'é'],
    [{ type: 'fixed', name: 'F', size: 3 }, Buffer.from('abc'), 'bytes', Buffer.from('abc')],
    [{ type: 'enum', name: 'E', symbols: ['A', 'BC'] }, 'BC', 'string', 'BC'],
    [{ type: 'long', logicalType: 'timestamp-millis' }, -5n, 'timestamp', -5],
    [{ type: 'long', logicalType: 'timestamp-micros' }, -1n, 'timestamp', -1],
    [
      { type: 'long', logicalType: 'timestamp-micros' },
      1700000000123999n,
      'timestamp',
      1700000000123,
    ],
    [
      { type: 'long', logicalType: 'timestamp-nanos' },
      1700000000123999999n,
      'timestamp',
      1700000000123,
    ],
    [{ type: 'long', logicalType: 'timestamp-nanos' }, -1n, 'timestamp', -1],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 7n, 'int64', 7n],
    [{ type: 'int', logicalType: 'date' }, 19782, 'date', '2024-02-29'],
    [{ type: 'string', logicalType: 'uuid' }, 'a', 'string', 'a'],
    [
      { type: 'array', items: 'long' },
      [1n, 2n],
      { kind: 'list', item: { kind: 'int64' } },
      [1n, 2n],
    ],
    [
      { type: 'array', items: ['null', 'int'] },
      [1, null],
      { kind: 'list', item: { kind: 'int32' } },
      [1, null],
    ],
    [
      { type: 'map', values: 'double' },
      { a: 1.5 },
      { kind: 'map', value: { kind: 'float64' } },
      { a: 1.5 },
    ],
    [['null', 'int'], 5, 'int64', 5n],
    [['int', 'string'], 5, 'float64', 5],
    [['int', { type: 'enum', name: 'E', symbols: ['A'] }, 'null'], 'A', 'string', 'A'],
  ])('%j %s as %j', (written, value, type, expected) => {
    const schema = record([{ name: 'v', type: written }]);
    const { rows, errors } = decode(schema, [field('v', type)], [encode(schema, { v: value })]);
    expect(errors).toEqual([]);
    expect(rows[0]?.['v']).toStrictEqual(
      expected instanceof Uint8Array ? new Uint8Array(expected) : expected,
    );
  });

  test.each<[bigint, number, readonly [number, number], string]>([
    [-12345n, 2, [10, 2], '-123.45'],
    [0n, 0, [5, 2], '0.00'],
    [12300n, 4, [5, 2], '1.23'],
    [10n ** 29n, 0, [30, 0], `1${'0'.repeat(29)}`],
    [-(10n ** 17n), 0, [18, 0], `-1${'0'.repeat(17)}`],
    [-128n, 0, [3, 0], '-128'],
  ])('decimal %s of scale %i as decimal(%j)', (unscaled, written, [precision, scale], text) => {
    const type = { kind: 'decimal', precision, scale } as const;
    for (const size of [0, 16]) {
      const kind = size === 0 ? { type: 'bytes' } : { type: 'fixed', name: 'D', size };
      const logical = { logicalType: 'decimal', precision: 38, scale: written };
      const schema = record([{ name: 'v', type: { ...kind, ...logical } }]);
      const short = signedBytes(unscaled);
      const fill = unscaled < 0n ? 255 : 0;
      const bytes = size === 0 ? short : new Uint8Array(size).fill(fill);
      if (size > 0) bytes.set(short, size - short.length);
      const plain = record([{ name: 'v', type: kind }]);
      const message = encode(plain, { v: Buffer.from(bytes) });
      expect(decode(schema, [field('v', type)], [message]).rows).toEqual([{ v: text }]);
    }
  });

  test.each<[unknown, unknown, FieldType | FieldType['kind'], string]>([
    ['double', Number.NaN, 'float64', 'MR_DATA_RANGE'],
    ['float', Number.POSITIVE_INFINITY, 'float32', 'MR_DATA_RANGE'],
    ['long', 2n ** 53n, 'count', 'MR_DATA_RANGE'],
    ['long', 2n ** 62n, 'timestamp', 'MR_DATA_RANGE'],
    ['string', 'not json', 'json', 'MR_DATA_TYPE'],
    ['bytes', Buffer.from([0xff]), 'string', 'MR_DATA_UTF8'],
    [['null', 'int'], null, 'int32', 'MR_DATA_TYPE'],
    [['int', 'string'], 'x', 'int32', 'MR_DATA_TYPE'],
  ])('%j %s is no %j', (written, value, type, code) => {
    const schema = record([{ name: 'v', type: written }]);
    const good = record([{ name: 'v', type: 'int' }]);
    const { rows, errors } = decode(schema, [field('v', type)], [encode(schema, { v: value })]);
    expect(rows).toEqual([]);
    expect(errors).toMatchObject([{ code, offset: 100 }]);
    expect(decode(good, [field('v', 'int32')], [encode(good, { v: 1 })]).rows).toEqual([{ v: 1 }]);
  });

  test('a uuid of 16 bytes is its text', () => {
    const kind = { type: 'fixed', name: 'U', size: 16 };
    const schema = record([{ name: 'v', type: { ...kind, logicalType: 'uuid' } }]);
    const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const message = encode(record([{ name: 'v', type: kind }]), { v: bytes });
    expect(decode(schema, [field('v', 'string')], [message]).rows).toEqual([
      { v: '00112233-4455-6677-8899-aabbccddeeff' },
    ]);
  });
});

describe('a schema and a stream', () => {
  test('what is not written is the default, else null; what is not asked for is passed over', () => {
    const schema = record([
      {
        name: 'skipped',
        type: { type: 'array', items: { type: 'map', values: ['null', 'long'] } },
      },
      { name: 'a', type: 'string' },
      {
        name: 'tree',
        type: { type: 'record', name: 'T', fields: [{ name: 'next', type: ['null', 'T'] }] },
      },
      { name: 'b', type: 'int' },
    ]);
    const fields: Field[] = [
      { ...field('s', 'string'), default: 'none' },
      { ...field('n', 'int64'), default: 5 },
      { ...field('y', 'bytes'), default: 'AQI=' },
      field('b', 'int32'),
      field('z', 'string', true),
      field('a', 'string', true),
    ];
    const value = {
      skipped: [{ x: 1n, y: null }, {}],
      a: 'é',
      tree: { next: { next: null } },
      b: 7,
    };
    const rest = { s: 'none', n: 5n, y: new Uint8Array([1, 2]), z: null };
    expect(
      decode(schema, fields, [encode(schema, value), encode(schema, { ...value, a: '', b: 8 })])
        .rows,
    ).toEqual([
      { ...rest, a: 'é', b: 7 },
      { ...rest, a: '', b: 8 },
    ]);
  });

  test.each<[unknown, FieldType | FieldType['kind']]>([
    ['double', 'int64'],
    ['long', 'int32'],
    ['string', 'int32'],
    ['double', 'float32'],
    ['bytes', { kind: 'decimal', precision: 4, scale: 2 }],
    [{ type: 'int', logicalType: 'date' }, 'timestamp'],
    ['null', 'int32'],
    [
      { type: 'array', items: 'string' },
      { kind: 'list', item: { kind: 'int32' } },
    ],
  ])('%j does not fill %j', (written, type) => {
    const schema = parse(record([{ name: 'v', type: written }]));
    const fields = [field('v', type)];
    expect(schema.cannotFill({ fields })).toMatchObject([{ path: 'v' }]);
    const target = new MessageRows({ fields });
    expect(() =>
      schema.createReader(target, { timestamp: 'ms', prefix: new Uint8Array(0) }),
    ).toThrow(expect.objectContaining({ code: 'MR_SCHEMA_MISMATCH' }));
  });

  test('a required field that is not written does not fit', () => {
    const schema = parse(record([]));
    expect(schema.cannotFill({ fields: [field('a', 'int32'), field('b', 'int32', true)] })).toEqual(
      [{ path: 'a', message: 'is not written, not nullable and has no default' }],
    );
  });
});

describe('a broken message', () => {
  const schema = record([
    { name: 'a', type: 'long' },
    { name: 's', type: 'string' },
    { name: 'x', type: ['null', { type: 'array', items: 'double' }] },
    { name: 'd', type: 'double' },
  ]);
  const fields = [
    field('a', 'int64'),
    field('s', 'string'),
    field('x', { kind: 'list', item: { kind: 'float64' } }, true),
    field('d', 'float64'),
  ];
  const good = encode(schema, { a: 300n, s: 'text', x: [1, 2], d: 0.5 });
  const row = { a: 300n, s: 'text', x: [1, 2], d: 0.5 };

  test('cut anywhere it is an error with its bytes, and its neighbours are rows', () => {
    for (let length = 0; length < good.length; length++) {
      const cut = good.subarray(0, length);
      const { rows, errors, offsets } = decode(schema, fields, [good, cut, good]);
      expect(rows).toEqual([row, row]);
      expect(offsets).toEqual([100, 102]);
      expect(errors).toMatchObject([{ code: 'MR_DATA_MALFORMED', offset: 101 }]);
      expect(errors[0]?.bytes).toEqual(new Uint8Array(cut));
    }
  });

  test('with bytes after its end it is an error', () => {
    const { errors } = decode(schema, fields, [new Uint8Array([...good, 0])]);
    expect(errors).toMatchObject([{ code: 'MR_DATA_MALFORMED', category: 'deserialization' }]);
  });

  test('any bytes are a row or an error, and never something else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const { rows, errors } = decode(schema, fields, [bytes, good]);
        expect(rows.length + errors.length).toBe(2);
        expect(rows.at(-1)).toEqual(row);
      }),
      { numRuns: 3000 },
    );
  });
});
