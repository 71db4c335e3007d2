import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Field, FieldType, Value } from '../kernel/types/field-type.ts';
import { columnForField, ensureRows } from './column-builder.ts';
import { JsonBuffer } from './json-buffer.ts';
import { createRowJsonWriter } from './packed-row-json.ts';
import { createRowReader } from './packed-row-reader.ts';
import { createRowPacker, packRows } from './packed-row-writer.ts';
import {
  asOfMsOf,
  eventTimeMsOf,
  isNewerThan,
  isPackedRow,
  seqOf,
  viewOfBytes,
} from './packed-row.ts';
import { putValue } from './put-value.ts';
import type { VectorBatch } from './vector-batch.ts';

type Row = readonly Value[];

function vectors(fields: readonly Field[], rows: readonly Row[]): VectorBatch {
  const columns = fields.map((field) => columnForField(field));
  for (const [i, column] of columns.entries()) {
    ensureRows(column, rows.length);
    const type = fields[i]?.type;
    if (type === undefined) continue;
    for (const [r, row] of rows.entries()) putValue(column, type, r, row[i] ?? null);
  }
  const count = rows.length;
  return {
    view: 'v',
    rowCount: count,
    keyData: new Uint8Array(0),
    keyStarts: new Int32Array(count),
    keyEnds: new Int32Array(count),
    keySlots: new Int32Array(count),
    eventTimeMs: new Float64Array(count).fill(1500.5),
    asOfMs: new Float64Array(count).fill(2000),
    seq: new Float64Array(count).fill(7),
    arrivalTimeMs: new Float64Array(count),
    fields,
    columns,
  };
}

function field(type: FieldType, name = 'f'): Field {
  return { name, type, nullable: true };
}

const scalar = (kind: 'float64'): FieldType => ({ kind });
const instantMax = 8.64e15;
const doubles = fc.double({ noNaN: false });
const texts = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed());

/** A type with values that fit it. */
const typedValues: fc.Arbitrary<readonly [FieldType, Value]> = fc.letrec<{
  typed: readonly [FieldType, Value];
}>((tie) => ({
  typed: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean().map((v) => [{ kind: 'bool' }, v] as const),
    fc.integer().map((v) => [{ kind: 'int32' }, v] as const),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .map((v) => [{ kind: 'int64' }, v] as const),
    fc.maxSafeNat().map((v) => [{ kind: 'count' }, v] as const),
    doubles.map((v) => [scalar('float64'), v] as const),
    texts.map((v) => [{ kind: 'string' }, v] as const),
    fc.uint8Array().map((v) => [{ kind: 'bytes' }, v] as const),
    fc
      .integer({ min: -instantMax, max: instantMax })
      .map((v) => [{ kind: 'timestamp' }, v] as const),
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((v) => [{ kind: 'date' }, v.toISOString().slice(0, 10)] as const),
    fc
      .bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
      .map((v) => [{ kind: 'decimal', precision: 18, scale: 0 }, String(v)] as const),
    fc
      .bigInt({ min: -(10n ** 37n), max: 10n ** 37n })
      .map((v) => [{ kind: 'decimal', precision: 38, scale: 0 }, String(v)] as const),
    fc
      .tuple(tie('typed'), fc.array(fc.boolean()))
      .map(
        ([[item, v], shown]) => [{ kind: 'list', item }, shown.map((s) => (s ? v : null))] as const,
      ),
    fc
      .tuple(tie('typed'), fc.array(texts))
      .map(
        ([[value, v], names]) =>
          [{ kind: 'map', value }, Object.fromEntries(names.map((n) => [n, v]))] as const,
      ),
    fc.tuple(tie('typed'), tie('typed')).map(
      ([[a, v], [b]]) =>
        [
          { kind: 'struct', fields: [field(a, 'a'), field(b, 'b')] },
          { a: v, b: null },
        ] as const,
    ),
  ) as fc.Arbitrary<readonly [FieldType, Value]>,
})).typed;

/** What JSON text of a value parses to, with integers as bigint. */
function parseExact(text: string): unknown {
  return JSON.parse(text, (_, v: unknown, context?: { source: string }) =>
    typeof v === 'number' && context !== undefined && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : v,
  );
}

function expectedJson(type: FieldType, value: Value): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'int32':
    case 'int64':
    case 'count':
      return BigInt(value as number | bigint);
    case 'timestamp':
      return BigInt(Math.floor(Number(value) / 1000));
    case 'float64':
      return Number.isFinite(value) ? value : null;
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'list':
      return (value as Value[]).map((item) => expectedJson(type.item, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          expectedJson(type.value, item as Value),
        ]),
      );
    case 'struct':
      return Object.fromEntries(
        type.fields.map((f) => [
          f.name,
          expectedJson(f.type, (value as Record<string, Value>)[f.name] ?? null),
        ]),
      );
    default:
      return value;
  }
}

function jsonOf(fields: readonly Field[], row: Uint8Array, index: number): string {
  const target = new JsonBuffer(4);
  createRowJsonWriter(fields, 'seconds').write(target, row, viewOfBytes(row), index);
  return target.bytes.toString('utf8', 0, target.length);
}

describe('a packed row', () => {
  it('gives back every value of every type, and null', () => {
    fc.assert(
      fc.property(fc.array(typedValues, { minLength: 1, maxLength: 20 }), (typed) => {
        const fields = typed.map(([type], i) => field(type, `f${i}`));
        const batch = vectors(fields, [typed.map(([, v]) => v), typed.map(() => null)]);
        const [full, empty] = packRows(batch, [0, 1]);
        const reader = createRowReader(fields);
        if (full === undefined || empty === undefined) throw new Error('no rows');
        for (const [i, [, v]] of typed.entries()) {
          expect(reader.value(full, i)).toEqual(v);
          expect(reader.value(empty, i)).toBeNull();
        }
      }),
    );
  });

  it('becomes JSON text that parses to the same values', () => {
    fc.assert(
      fc.property(typedValues, ([type, value]) => {
        const fields = [field(type)];
        const [row] = packRows(vectors(fields, [[value]]), [0]);
        if (row === undefined) throw new Error('no row');
        expect(parseExact(jsonOf(fields, row, 0))).toEqual(expectedJson(type, value));
      }),
    );
  });

  it('carries its times and version, wherever its bytes lie', () => {
    const packer = createRowPacker(16);
    const batch = vectors([field({ kind: 'string' })], [['x'], ['yy']]);
    packer.pack(batch, 0);
    const start = packer.pack(batch, 1);
    const row = packer.bytes.subarray(start, packer.length);

    expect([asOfMsOf(row), seqOf(row), eventTimeMsOf(row)]).toEqual([2000, 7, 1500.5]);
    expect(isPackedRow(row, 1)).toBe(true);
    expect(isPackedRow(row, 2)).toBe(false);
    expect(isPackedRow(row.subarray(1), 1)).toBe(false);
    expect(isPackedRow(new Uint8Array(0), 0)).toBe(false);
    expect(createRowReader(batch.fields).values(row)).toEqual({ f: 'yy' });
  });

  it('is replaced only by a greater (as_of, seq)', () => {
    const [row] = packRows(vectors([], [[]]), [0]);
    if (row === undefined) throw new Error('no row');
    expect(isNewerThan({ asOfMs: 2000, seq: 7 }, row)).toBe(false);
    expect(isNewerThan({ asOfMs: 2000, seq: 8 }, row)).toBe(true);
    expect(isNewerThan({ asOfMs: 1999, seq: 99 }, row)).toBe(false);
    expect(isNewerThan({ asOfMs: 2001, seq: 1 }, row)).toBe(true);
  });
});

describe('JSON of a packed row', () => {
  it.each([
    [{ kind: 'float64' }, 1, '1.0'],
    [{ kind: 'float64' }, -0, '-0.0'],
    [{ kind: 'float64' }, 1e15, '1000000000000000.0'],
    [{ kind: 'float64' }, 1e21, '1e+21'],
    [{ kind: 'float64' }, 0.1, '0.1'],
    [{ kind: 'float32' }, Math.fround(0.1), '0.10000000149011612'],
    [{ kind: 'int64' }, 9007199254740993n, '9007199254740993'],
    [{ kind: 'int64' }, -(2n ** 63n), '-9223372036854775808'],
    [{ kind: 'count' }, 1234567, '1234567'],
    [{ kind: 'timestamp' }, 1795132800999, '1795132800'],
    [{ kind: 'timestamp' }, -1, '-1'],
    [{ kind: 'bytes' }, Uint8Array.of(6, 0, 255), '"BgD/"'],
    [{ kind: 'string' }, 'a"\\\u0001\n日', '"a\\"\\\\\\u0001\\n日"'],
    [{ kind: 'json' }, '{"a":1}', '"{\\"a\\":1}"'],
    [{ kind: 'decimal', precision: 10, scale: 2 }, '12.50', '"12.50"'],
    [{ kind: 'float64' }, Number.NaN, 'null'],
    [{ kind: 'list', item: { kind: 'float64' } }, [1, Number.NaN], '[1.0,null]'],
    [{ kind: 'map', value: { kind: 'count' } }, { a: 1, null: 2 }, '{"a":1,"null":2}'],
  ] as const)('%j %s is %s', (type, value, text) => {
    const fields = [field(type)];
    const [row] = packRows(vectors(fields, [[value as Value]]), [0]);
    if (row === undefined) throw new Error('no row');
    expect(jsonOf(fields, row, 0)).toBe(text);
  });

  it('counts what JSON cannot hold', () => {
    const fields = [
      field({ kind: 'float64' }),
      field({ kind: 'list', item: { kind: 'float64' } }, 'l'),
    ];
    const [row] = packRows(vectors(fields, [[Number.POSITIVE_INFINITY, [Number.NaN]]]), [0]);
    if (row === undefined) throw new Error('no row');
    const writer = createRowJsonWriter(fields, 'seconds');
    const target = new JsonBuffer();

    expect(writer.write(target, row, viewOfBytes(row), 0)).toBe(false);
    expect(writer.write(target, row, viewOfBytes(row), 1)).toBe(true);
    expect(writer.notFiniteCount()).toBe(2);
  });
});
