import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field } from '../../../test/schemas/avro-messages.ts';
import { decodeProto, encodeProto, parseProtoText } from '../../../test/schemas/proto-messages.ts';
import { type ChangeKind, schemaChanges } from '../../app/schemas/evolution.ts';
import { judgeSchema } from '../../app/schemas/judge-schema.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { protobufLanguage } from './protobuf-language.ts';

const proto3 = (body: string): string => `syntax = "proto3";\npackage shop;\n${body}`;
const one = (type: string): string => proto3(`message M { ${type} v = 1; }`);

/** 64 bits as protobufjs takes them without rounding. */
const long = (value: bigint) => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});

describe('one written type and one field', () => {
  test.each<[string, unknown, FieldType['kind'], Value]>([
    ['double', -1e300, 'float64', -1e300],
    ['float', 0.5, 'float32', 0.5],
    ['float', 0.1, 'float64', Math.fround(0.1)],
    ['int32', -7, 'int32', -7],
    ['int32', -7, 'int64', -7n],
    ['int32', -7, 'float64', -7],
    ['uint32', 4294967295, 'int64', 4294967295n],
    ['sint32', -2147483648, 'int32', -2147483648],
    ['fixed32', 4294967295, 'count', 4294967295],
    ['sfixed32', -2, 'int64', -2n],
    ['int64', long(2n ** 63n - 1n), 'int64', 2n ** 63n - 1n],
    ['int64', long(-(2n ** 63n)), 'int64', -(2n ** 63n)],
    ['sint64', long(-(2n ** 62n)), 'int64', -(2n ** 62n)],
    ['uint64', long(9223372036854775807n), 'int64', 2n ** 63n - 1n],
    ['uint64', long(18446744073709551615n), 'float64', 2 ** 64],
    ['sfixed64', long(-5n), 'count', -5],
    ['int64', long(-1700000000123n), 'timestamp', -1700000000123],
    ['bool', true, 'bool', true],
    ['string', 'é😀', 'string', 'é😀'],
    ['string', '{"a":1}', 'json', '{"a":1}'],
    ['string', '2024-02-29', 'date', '2024-02-29'],
    ['bytes', Buffer.from([1, 255]), 'bytes', new Uint8Array([1, 255])],
    ['optional int64', long(0n), 'int64', 0n],
  ])('%s %s as %s', (type, value, kind, expected) => {
    const text = one(type);
    const fields = [field('v', kind)];
    const message = encodeProto(text, 'shop.M', { v: value });
    expect(decodeProto(parseProtoText(text), fields, [message])).toEqual({
      rows: [{ v: expected }],
      errors: [],
    });
  });

  test.each<[string, unknown, FieldType['kind'], string]>([
    ['uint64', long(9223372036854775808n), 'int64', 'MR_DATA_RANGE'],
    ['int64', long(2n ** 53n), 'count', 'MR_DATA_RANGE'],
    ['double', Number.NaN, 'float64', 'MR_DATA_RANGE'],
    ['string', 'no json', 'json', 'MR_DATA_TYPE'],
    ['bytes', Buffer.from([0xff]), 'string', 'MR_DATA_UTF8'],
  ])('%s %s is no %s', (type, value, kind, code) => {
    const text = one(type);
    const message = encodeProto(text, 'shop.M', { v: value });
    const { rows, errors } = decodeProto(parseProtoText(text), [field('v', kind)], [message]);
    expect([rows, errors[0]?.code]).toEqual([[], code]);
  });
});

describe('what is absent', () => {
  const text = proto3(`
    enum Kind { NONE = 0; BIG = 1; }
    message M { int64 n = 1; string s = 2; optional int64 o = 3; Kind k = 4; Inner i = 5;
      repeated int32 r = 6; map<string, int64> m = 7; double d = 8; bool b = 9; bytes y = 10; }
    message Inner { string a = 1; }`);

  test('is the zero of proto3, else the default, else null', () => {
    const fields: Field[] = [
      field('n', 'int64', true),
      field('s', 'string'),
      { ...field('o', 'int64'), default: 5 },
      field('k', 'string'),
      field('i', { kind: 'struct', fields: [field('a', 'string')] }, true),
      field('r', { kind: 'list', item: { kind: 'int32' } }),
      field('m', { kind: 'map', value: { kind: 'int64' } }),
      field('d', 'float64'),
      field('b', 'bool'),
      field('y', 'bytes'),
      field('z', 'string', true),
    ];
    expect(decodeProto(parseProtoText(text), fields, [new Uint8Array([0])])).toEqual({
      rows: [
        {
          ...{ n: 0n, s: '', o: 5n, k: 'NONE', i: null, r: [], m: {}, d: 0, b: false },
          ...{ y: new Uint8Array(0), z: null },
        },
      ],
      errors: [],
    });
  });

  test('and required by the stream is an error', () => {
    const { errors } = decodeProto(
      parseProtoText(text),
      [field('o', 'int64')],
      [new Uint8Array(1)],
    );
    expect(errors).toMatchObject([{ code: 'MR_DATA_MISSING_FIELD', category: 'schema_mismatch' }]);
  });
});

describe('a schema of people', () => {
  const text = `
    // Comments are passed over.
    syntax = 'proto3';
    package shop.v1; /* so are
    these */
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    option java_package = "x.y";
    message Purchase {
      option (custom) = { a: 1 };
      reserved 9, 20 to 30; reserved "gone";
      string user_id = 1 [json_name = "userId", deprecated = true];
      google.protobuf.Timestamp at = 2;
      google.protobuf.StringValue note = 3;
      Status status = 4;
      repeated Line lines = 5;
      map<int32, Line> by_number = 6;
      oneof pay { string card = 7; int64 voucher = 8; }
      enum Status { UNKNOWN = 0; PAID = 1; reserved 5; }
      message Line { string sku = 1; sint64 count = 2; }
    }
    service Shop { rpc Buy(Purchase) returns (Purchase) { option x = 1; } }`;
  const line = {
    kind: 'struct' as const,
    fields: [field('sku', 'string'), field('count', 'int64')],
  };
  const fields = [
    field('userId', 'string'),
    field('at', 'timestamp'),
    field('note', 'string', true),
    field('status', 'string'),
    field('lines', { kind: 'list', item: line }),
    field('by_number', { kind: 'map', value: line }),
    field('card', 'string', true),
    field('voucher', 'int64', true),
  ];
  // protobufjs knows Google's types by the text of their files.
  const own = text
    .replaceAll('google.protobuf.', 'google_')
    .replaceAll(/import [^;]+;|service [\s\S]*$|option \([\s\S]*?};/g, '')
    .concat('message google_Timestamp { int64 seconds = 1; int32 nanos = 2; }')
    .concat('message google_StringValue { string value = 1; }');

  test('is read with all its parts', () => {
    const message = encodeProto(own, 'shop.v1.Purchase', {
      user_id: 'u1',
      at: { seconds: long(-2n), nanos: 123456789 },
      note: {},
      status: 1,
      lines: [{ sku: 'a', count: long(5n) }, { count: long(-1n) }],
      by_number: { 7: { sku: 'b' } },
      voucher: long(2n ** 60n),
    });
    expect(decodeProto(parseProtoText(text), fields, [message])).toEqual({
      rows: [
        {
          userId: 'u1',
          at: -1877,
          note: '',
          status: 'PAID',
          lines: [
            { sku: 'a', count: 5n },
            { sku: '', count: -1n },
          ],
          by_number: { 7: { sku: 'b', count: 0n } },
          card: null,
          voucher: 2n ** 60n,
        },
      ],
      errors: [],
    });
  });

  test('message indexes say which message it is', () => {
    const inner = encodeProto(own, 'shop.v1.Purchase.Line', { sku: 'x', count: long(3n) }).subarray(
      1,
    );
    const schema = parseProtoText(text);
    const asked = [field('sku', 'string'), field('count', 'int64')];
    const indexed = (...indexes: readonly number[]) => new Uint8Array([...indexes, ...inner]);
    // Two indexes, 0 and 0, as zigzag numbers.
    const { rows, errors } = decodeProto(schema, asked, [
      indexed(4, 0, 0),
      indexed(2, 6),
      indexed(0),
    ]);
    expect(rows).toEqual([{ sku: 'x', count: 3n }]);
    expect(errors).toMatchObject([
      { code: 'MR_DATA_MALFORMED', offset: 1 },
      { code: 'MR_SCHEMA_MISMATCH', offset: 2 },
    ]);
  });

  test.each([
    ['message M { string a = 1; int32 b = 1; }', 'one number'],
    ['message M { Nothing a = 1; }', 'names the type "Nothing"'],
    ['message M { string a 1; }', 'line 3'],
    ['message M {', 'ends too early'],
    ['enum E { A = 0; }', 'declares no message'],
    ['message M { string a = 1; } }', 'where a name belongs'],
  ])('%s', (body, message) => {
    expect(() => parseProtoText(proto3(body))).toThrow(message);
  });

  test('types of imported texts are found', () => {
    const place = 'syntax = "proto3"; package geo; message Place { string city = 1; }';
    const visit = proto3('import "geo.proto"; message M { geo.Place at = 1; }');
    expect(parseProtoText(visit, [place]).fields.map(({ path }) => path)).toEqual([
      'at',
      'at.city',
    ]);
  });
});

describe('the evolution table', () => {
  test.each<[string, string, string, ChangeKind, boolean]>([
    ['a field more', 'string a = 1;', 'string a = 1; int64 b = 2;', 'added-with-default', true],
    ['one less', 'string a = 1; int64 b = 2;', 'string a = 1;', 'removed', false],
    ['another type', 'int64 b = 2;', 'double b = 2;', 'type-changed', false],
    ['another name', 'int64 b = 2;', 'int64 c = 2;', 'renamed', false],
    ['another number', 'int64 b = 2;', 'int64 b = 3;', 'renamed', false],
  ])('%s', (...row) => {
    const [, before, after, kind, allowed] = row;
    const [old, now] = [before, after].map((body) => parseProtoText(proto3(`message M {${body}}`)));
    if (old === undefined || now === undefined) throw new Error('no schemas');
    expect(schemaChanges(old.fields, now.fields)).toMatchObject([{ kind, allowed }]);
    expect(judgeSchema(now, [old], 'TABLE').ok).toBe(allowed);
  });

  test('a required field more breaks readers of proto2', () => {
    const old = parseProtoText('message M { optional string a = 1; }');
    const now = parseProtoText('message M { optional string a = 1; required int64 b = 2; }');
    expect(now.cannotRead(old)).toMatchObject([{ path: 'b' }]);
    expect(judgeSchema(now, [old], 'TABLE').ok).toBe(false);
  });
});

describe('random messages', () => {
  interface Case {
    readonly type: string;
    readonly asked: FieldType;
    readonly value: fc.Arbitrary<unknown>;
    readonly convert: (value: never) => Value;
  }
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const same = (value: unknown): Value => value as Value;
  const scalars: readonly Case[] = [
    ...['int64', 'sint64', 'sfixed64'].map((type) => ({
      ...{ type, asked: { kind: 'int64' } as const, value: int64.map(long) },
      convert: ({ low, high }: ReturnType<typeof long>) =>
        (BigInt(high) << 32n) | BigInt(low >>> 0),
    })),
    ...['int32', 'sint32', 'sfixed32'].map((type) => ({
      ...{ type, asked: { kind: 'int32' } as const, value: fc.integer(), convert: same },
    })),
    ...['uint32', 'fixed32'].map((type) => ({
      ...{ type, asked: { kind: 'float64' } as const, convert: same },
      value: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    })),
    {
      ...{ type: 'double', asked: { kind: 'float64' }, convert: same },
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x)),
    },
    {
      type: 'string',
      asked: { kind: 'string' },
      value: fc.string({ unit: 'grapheme' }),
      convert: same,
    },
    { type: 'bool', asked: { kind: 'bool' }, value: fc.boolean(), convert: same },
    {
      ...{ type: 'bytes', asked: { kind: 'bytes' } },
      value: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      convert: (value: Buffer) => new Uint8Array(value),
    },
  ];
  const column = fc.constantFrom(...scalars).chain((scalar) =>
    fc.constantFrom<Case[]>(
      scalar,
      { ...scalar, type: `optional ${scalar.type}` },
      {
        type: `repeated ${scalar.type}`,
        asked: { kind: 'list', item: scalar.asked },
        value: fc.array(scalar.value, { maxLength: 5 }),
        convert: (values: never[]) => values.map(scalar.convert),
      },
      {
        type: `map<string, ${scalar.type}>`,
        asked: { kind: 'map', value: scalar.asked },
        value: fc.dictionary(
          fc.string({ maxLength: 4 }).filter((k) => k !== '__proto__'),
          scalar.value,
          { maxKeys: 3 },
        ),
        convert: (values: Record<string, never>) =>
          Object.fromEntries(Object.entries(values).map(([key, v]) => [key, scalar.convert(v)])),
      },
    ),
  );
  const tables = fc
    .array(fc.tuple(column, fc.boolean()), { minLength: 1, maxLength: 8 })
    .chain((columns) => {
      const row = fc.record(Object.fromEntries(columns.map(([c], i) => [`c${i}`, c.value])));
      return fc.record({ columns: fc.constant(columns), values: fc.array(row, { maxLength: 4 }) });
    });

  test('are read as protobufjs wrote them; fields that nobody asks for are passed over', () => {
    fc.assert(
      fc.property(tables, ({ columns, values }) => {
        // Numbers beyond 64 too.
        const declared = columns.map(([c], i) => `${c.type} c${i} = ${i * 13 + 1};`).join(' ');
        const text = proto3(`message M { ${declared} }`);
        const asked = columns.flatMap(([c, isAsked], i) => (isAsked ? [{ c, name: `c${i}` }] : []));
        const fields = asked.map(({ c, name }) => field(name, c.asked));
        const messages = values.map((value) => encodeProto(text, 'shop.M', value));
        const { rows, errors } = decodeProto(parseProtoText(text), fields, messages);
        expect(errors).toEqual([]);
        expect(rows).toEqual(
          values.map((value) =>
            Object.fromEntries(asked.map(({ c, name }) => [name, c.convert(value[name] as never)])),
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes are a row or an error, and never something else', () => {
    const text = proto3('message M { int64 a = 1; string b = 2; repeated int32 c = 3; M d = 4; }');
    const inner = { kind: 'struct' as const, fields: [field('a', 'int64')] };
    const fields = [
      field('a', 'int64'),
      field('b', 'string'),
      field('c', { kind: 'list', item: { kind: 'int32' } }),
      field('d', inner, true),
    ];
    const schema = parseProtoText(text);
    const good = encodeProto(text, 'shop.M', {
      ...{ a: long(300n), b: 'x', c: [1, 2] },
      d: { a: long(1n) },
    });
    const row = { a: 300n, b: 'x', c: [1, 2], d: { a: 1n } };
    const cut = fc.nat(good.length - 1).map((length) => good.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), cut), (bytes) => {
        const { rows, errors } = decodeProto(schema, fields, [bytes, good]);
        expect(rows.length + errors.length).toBe(2);
        expect(rows.at(-1)).toEqual(row);
      }),
      { numRuns: 3000 },
    );
  });
});

test('a stream has a schema of its own, which fits it', () => {
  const fields: Field[] = [
    field('user', 'string'),
    field('at', 'timestamp'),
    field('note', 'string', true),
    field('tags', { kind: 'list', item: { kind: 'string' } }),
    field('shop', { kind: 'struct', fields: [field('id', 'int64')] }),
  ];
  const text = protobufText(fields);
  expect(text).toContain('optional string note = 3;');
  expect(parseProtoText(text).cannotFill({ fields })).toEqual([]);
});

function protobufText(fields: readonly Field[]): string {
  return protobufLanguage.derive('purchases', { fields });
}
