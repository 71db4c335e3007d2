import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FieldType, Value } from '../../src/kernel/types/field-type.ts';
import { decode, encode, field, record } from './avro-messages.ts';

/** A written type, the type that it is read as, and what values become. */
interface Case {
  readonly schema: unknown;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly value: fc.Arbitrary<unknown>;
  readonly convert: (value: never) => Value;
}

const same = (value: unknown): Value => value as Value;
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const micros = fc.bigInt({ min: -(8n * 10n ** 18n), max: 8n * 10n ** 18n });
const finite = { noNaN: true, noDefaultInfinity: true };
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const blob = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
let names = 0;

type Row = readonly [unknown, FieldType['kind'], fc.Arbitrary<unknown>, (value: never) => Value];

const scalars: readonly (() => Row)[] = [
  () => ['boolean', 'bool', fc.boolean(), same],
  () => ['int', 'int32', fc.integer(), same],
  () => ['int', 'int64', fc.integer(), (v: number) => BigInt(v)],
  () => ['long', 'int64', int64, same],
  () => ['long', 'float64', int64, (v: bigint) => Number(v)],
  () => [{ type: 'long', logicalType: 'timestamp-micros' }, 'timestamp', micros, floorThousandth],
  () => ['float', 'float64', fc.float(finite), same],
  () => ['double', 'float64', fc.double(finite), same],
  () => ['string', 'string', text, same],
  () => ['bytes', 'bytes', blob, (v: Buffer) => new Uint8Array(v)],
  () => [enumSchema(), 'string', fc.constantFrom('A', 'B'), same],
];

const enumSchema = (): object => ({ type: 'enum', name: `E${names++}`, symbols: ['A', 'B'] });

function floorThousandth(micro: bigint): number {
  return Number(micro >= 0n ? micro / 1000n : -((999n - micro) / 1000n));
}

const scalar = fc.constantFrom(...scalars).map((make): Case => {
  const [schema, kind, value, convert] = make();
  return { schema, type: { kind } as FieldType, nullable: false, value, convert };
});

function listOf(item: Case): Case {
  return {
    schema: { type: 'array', items: item.schema },
    type: { kind: 'list', item: item.type },
    nullable: false,
    value: fc.array(item.value, { maxLength: 5 }),
    convert: (values: never[]) => values.map(item.convert),
  };
}

function mapOf(item: Case): Case {
  return {
    schema: { type: 'map', values: item.schema },
    type: { kind: 'map', value: item.type },
    nullable: false,
    value: fc.dictionary(fc.string({ maxLength: 5 }), item.value, { maxKeys: 4 }),
    convert: (values: Record<string, never>) =>
      Object.fromEntries(Object.entries(values).map(([key, v]) => [key, item.convert(v)])),
  };
}

function structOf(members: readonly Case[]): Case {
  const named = members.map((member, i) => ({ name: `f${i}`, member }));
  return {
    schema: {
      type: 'record',
      name: `R${names++}`,
      fields: named.map(({ name, member }) => ({ name, type: member.schema })),
    },
    type: {
      kind: 'struct',
      fields: named.map(({ name, member }) => field(name, member.type, member.nullable)),
    },
    nullable: false,
    value: fc.record(Object.fromEntries(named.map(({ name, member }) => [name, member.value]))),
    convert: (values: Record<string, never>) =>
      Object.fromEntries(
        named.map(({ name, member }) => [name, member.convert(values[name] as never)]),
      ),
  };
}

function nullableOf(inner: Case): Case {
  return {
    ...inner,
    schema: ['null', inner.schema],
    nullable: true,
    value: fc.option(inner.value),
    convert: (value: never) => (value === null ? null : inner.convert(value)),
  };
}

const { any: nested } = fc.letrec<{ any: Case }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    tie('any').map(listOf),
    tie('any').map(mapOf),
    fc.array(tie('any'), { maxLength: 4 }).map(structOf),
  ),
}));

const column = fc
  .tuple(nested, fc.boolean())
  .map(([inner, isNullable]) => (isNullable ? nullableOf(inner) : inner));

const tables = fc
  .array(fc.tuple(column, fc.boolean()), { minLength: 1, maxLength: 8 })
  .chain((columns) => {
    const row = fc.record(Object.fromEntries(columns.map(([c], i) => [`c${i}`, c.value])));
    return fc.record({
      columns: fc.constant(columns),
      rows: fc.array(row, { minLength: 1, maxLength: 4 }),
    });
  });

test('any record of any schema is read as avsc wrote it; what is not asked for is passed over', () => {
  fc.assert(
    fc.property(tables, ({ columns, rows: written }) => {
      const schema = record(columns.map(([c], i) => ({ name: `c${i}`, type: c.schema })));
      const asked = columns.flatMap(([c, isAsked], i) => (isAsked ? [{ c, name: `c${i}` }] : []));
      const fields = asked.map(({ c, name }) => field(name, c.type, c.nullable));
      const messages = written.map((row) => encode(schema, row));
      const { rows, errors } = decode(schema, fields, messages);
      expect(errors).toEqual([]);
      expect(rows).toEqual(
        written.map((row) =>
          Object.fromEntries(asked.map(({ c, name }) => [name, c.convert(row[name] as never)])),
        ),
      );
    }),
    { numRuns: 400 },
  );
});
