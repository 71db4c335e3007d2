import avro from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, field, parse } from '../../../test/schemas/avro-messages.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { createAvroRowValues, outputRowType } from './avro-row-values.ts';
import { AvroOutput } from './avro-output.ts';
import { writeField } from './avro-writer.ts';
import { deriveAvroSchema } from './derive-avro-schema.ts';

const list = (item: FieldType): FieldType => ({ kind: 'list', item });
const decimal = { kind: 'decimal', precision: 30, scale: 2 } as const;

test('a row of a view is a record that Avro reads', () => {
  const key = [field('user', 'string')];
  const features = [
    field('total', 'int64', true),
    field('mean', 'float64', true),
    field('n', 'count'),
  ];
  const rows = [
    {
      key: { user: 'u1' },
      values: { total: 2n ** 40n, mean: 1.5, n: 3 },
      asOfMs: 1_700_000_000_123,
      seq: 7,
    },
    { key: { user: 'ü2' }, values: { total: null, mean: null, n: 0 }, asOfMs: 5, seq: 8 },
  ];
  const batch = vectorBatch({ view: 'spend', key, features }, rows);
  const text = deriveAvroSchema('spend', outputRowType(key, features));
  const type = avro.Type.forSchema(JSON.parse(text) as avro.Schema);
  const encoder = createAvroRowValues(key, new Uint8Array([0, 0, 0, 0, 9]));
  const read = rows.map((given, row) => {
    const { bytes, start, end } = encoder.encode(batch, row, given.key);
    expect([...bytes.subarray(start, start + 5)]).toEqual([0, 0, 0, 0, 9]);
    return type.fromBuffer(Buffer.from(bytes.subarray(start + 5, end))) as Record<string, unknown>;
  });
  expect(read).toMatchObject([
    { user: 'u1', as_of: 1_700_000_000_123, total: 2 ** 40, mean: 1.5, n: 3, _seq: 7 },
    { user: 'ü2', as_of: 5, total: null, mean: null, n: 0, _seq: 8 },
  ]);
});

type Case = readonly [FieldType, fc.Arbitrary<Value>];

const scalars: readonly Case[] = [
  [{ kind: 'bool' }, fc.boolean()],
  [{ kind: 'int32' }, fc.integer()],
  [{ kind: 'int64' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [{ kind: 'count' }, fc.maxSafeInteger()],
  [{ kind: 'timestamp' }, fc.integer({ min: -8.64e15, max: 8.64e15 })],
  [{ kind: 'float64' }, fc.double({ noNaN: true, noDefaultInfinity: true })],
  [{ kind: 'string' }, fc.string({ unit: 'grapheme' })],
  [{ kind: 'bytes' }, fc.uint8Array()],
  [{ kind: 'date' }, fc.constantFrom('2024-02-29', '0001-01-01', '1969-12-31')],
  [decimal, fc.constantFrom('0.00', '-0.01', '123456789012345678901234567.89', '-128.00')],
];

const column = fc
  .constantFrom(...scalars)
  .chain(([type, value]) =>
    fc.constantFrom<Case[]>(
      [type, value],
      [list(type), fc.array(fc.option(value), { maxLength: 4 })],
      [{ kind: 'map', value: type }, fc.dictionary(fc.string(), value, { maxKeys: 3 })],
      [
        { kind: 'struct', fields: [field('x', type, true), field('y', type)] },
        fc.tuple(fc.option(value), value).map(([x, y]): Value => ({ x, y })),
      ],
    ),
  );

test('any value of any type comes back as it was, by the schema of its row', () => {
  const rows = fc
    .array(fc.tuple(column, fc.boolean()), { minLength: 1, maxLength: 6 })
    .chain((columns) => {
      const fields = columns.map(([[type], nullable], i) => field(`c${i}`, type, nullable));
      const values = columns.map(([[, value], nullable]) => (nullable ? fc.option(value) : value));
      return fc.record({ fields: fc.constant<Field[]>(fields), values: fc.tuple(...values) });
    });
  fc.assert(
    fc.property(rows, ({ fields, values }) => {
      const out = new AvroOutput();
      for (const [i, one] of fields.entries()) writeField(out, one, values[i] as Value);
      const schema = JSON.parse(deriveAvroSchema('row', { fields })) as object;
      expect(parse(schema).cannotFill({ fields })).toEqual([]);
      const { rows: read, errors } = decode(schema, fields, [out.bytes.slice(0, out.length)]);
      expect(errors).toEqual([]);
      expect(read).toEqual([Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]))]);
    }),
    { numRuns: 500 },
  );
});
