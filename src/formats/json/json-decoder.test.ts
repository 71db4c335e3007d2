import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRow } from '../../columns/read-value.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { jsonFormat } from './json-format.ts';

const field = (name: string, type: FieldType, nullable = false): Field => ({
  name,
  type,
  nullable,
});
const text = { kind: 'string' } as const;

function decodeAll(
  fields: readonly Field[],
  input: string | Uint8Array,
  options: Record<string, unknown> = {},
): { rows: Record<string, Value>[]; errors: RecordError[]; offsets: number[] } {
  const decoder = jsonFormat.createDecoder({ fields }, options);
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input.slice();
  const rows: Record<string, Value>[] = [];
  const errors: RecordError[] = [];
  const offsets: number[] = [];
  let start = 0;
  for (;;) {
    const decoded = decoder.decode({
      bytes,
      start,
      end: bytes.length,
      baseOffset: 0,
      rowCountMax: 3,
      last: true,
    });
    errors.push(...decoded.errors);
    for (let row = 0; row < decoded.batch.rowCount; row++) {
      rows.push(readRow(decoded.batch.columns, fields, row));
      offsets.push(decoded.batch.offsets[row] as number);
    }
    if (decoded.consumed === 0) break;
    start += decoded.consumed;
  }
  expect(start).toBe(bytes.length);
  return { rows, errors, offsets };
}

function onlyError(fields: readonly Field[], line: string | Uint8Array): RecordError {
  const { rows, errors } = decodeAll(fields, line);
  expect(rows).toEqual([]);
  expect(errors).toHaveLength(1);
  return errors[0] as RecordError;
}

describe('values', () => {
  test('every type of field is read from its usual form', () => {
    const fields = [
      field('s', text),
      field('b', { kind: 'bool' }),
      field('i', { kind: 'int32' }),
      field('l', { kind: 'int64' }),
      field('f', { kind: 'float32' }),
      field('d', { kind: 'float64' }),
      field('t', { kind: 'timestamp' }),
      field('day', { kind: 'date' }),
      field('m', { kind: 'decimal', precision: 10, scale: 2 }),
      field('w', { kind: 'decimal', precision: 30, scale: 3 }),
      field('y', { kind: 'bytes' }),
      field('j', { kind: 'json' }),
      field('xs', { kind: 'list', item: { kind: 'int64' } }),
      field('kv', { kind: 'map', value: { kind: 'float64' } }),
      field('o', { kind: 'struct', fields: [field('a', text), field('b', text, true)] }),
    ];
    const line =
      '{"s":"héllo","b":true,"i":-7,"l":9007199254740993,"f":0.1,"d":1e-3,"t":1700000000123,' +
      '"day":"2024-02-29","m":"12.5","w":123456789012345678901234567.125,"y":"AQL/","j":{"x": [1]},' +
      '"xs":[1,9007199254740993],"kv":{"a":1.5},"o":{"a":"q"}}';
    expect(decodeAll(fields, line).rows).toEqual([
      {
        s: 'héllo',
        b: true,
        i: -7,
        l: 9007199254740993n,
        f: Math.fround(0.1),
        d: 0.001,
        t: 1700000000123,
        day: '2024-02-29',
        m: '12.50',
        w: '123456789012345678901234567.125',
        y: new Uint8Array([1, 2, 255]),
        j: '{"x": [1]}',
        xs: [1n, 9007199254740993n],
        kv: { a: 1.5 },
        o: { a: 'q', b: null },
      },
    ]);
  });
});
