import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRow } from '../../columns/read-value.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { csvFormat } from './csv-format.ts';

const field = (name: string, type: FieldType, nullable = false): Field => ({
  name,
  type,
  nullable,
});
const text: FieldType = { kind: 'string' };

interface Decoded {
  readonly rows: Record<string, Value>[];
  readonly errors: RecordError[];
  readonly offsets: number[];
}

/** Feeds the bytes in pieces, as a file does: what is not consumed stands before the next piece. */
function decodeAll(
  fields: readonly Field[],
  input: string | Uint8Array,
  options: Record<string, unknown> = {},
  pieceBytes = 1 << 20,
): Decoded {
  const decoder = csvFormat.createDecoder({ fields }, options);
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input.slice();
  const decoded: Decoded = { rows: [], errors: [], offsets: [] };
  let start = 0;
  let end = 0;
  for (;;) {
    const last = end === bytes.length;
    const chunk = { bytes, start, end, baseOffset: 0, rowCountMax: 3, last };
    const { batch, errors, consumed } = decoder.decode(chunk);
    decoded.errors.push(...errors);
    for (let row = 0; row < batch.rowCount; row++) {
      decoded.rows.push(readRow(batch.columns, fields, row));
      decoded.offsets.push(batch.offsets[row] as number);
    }
    start += consumed;
    if (consumed > 0) continue;
    if (last) break;
    end = Math.min(bytes.length, end + pieceBytes);
  }
  expect(start).toBe(bytes.length);
  return decoded;
}

describe('values', () => {
  test('columns are matched by name, in any order, unknown ones ignored, and have their types', () => {
    const fields = [
      field('s', text),
      field('b', { kind: 'bool' }),
      field('i', { kind: 'int32' }),
      field('l', { kind: 'int64' }),
      field('d', { kind: 'float64' }),
      field('t', { kind: 'timestamp' }),
      field('day', { kind: 'date' }),
      field('m', { kind: 'decimal', precision: 10, scale: 2 }),
      field('y', { kind: 'bytes' }),
      field('j', { kind: 'json' }),
      field('xs', { kind: 'list', item: { kind: 'int64' } }),
    ];
    const csv =
      '\ufeffl,other,s,b,i,d,t,day,m,y,j,xs\r\n' +
      '9007199254740993,"ignored, ""really""","a ""b"",\nc",True,-7,1e-3,1700000000123,2024-02-29,12.5,AQL/,"{""x"": [1]}","[1,9007199254740993]"\r\n';
    expect(decodeAll(fields, csv).rows).toEqual([
      {
        s: 'a "b",\nc',
        b: true,
        i: -7,
        l: 9007199254740993n,
        d: 0.001,
        t: 1700000000123,
        day: '2024-02-29',
        m: '12.50',
        y: new Uint8Array([1, 2, 255]),
        j: '{"x": [1]}',
        xs: [1n, 9007199254740993n],
      },
    ]);
  });

  test('an empty cell is the default, else null, else an empty string; a quoted one is an empty string', () => {
    const fields = [
      field('a', text, true),
      field('b', text),
      { ...field('c', text), default: 'x' },
      { ...field('d', { kind: 'int32' }), default: 5 },
      field('e', { kind: 'float64' }, true),
      { ...field('f', text), default: 'absent' },
    ];
    expect(decodeAll(fields, 'a,b,c,d,e\n,,,,\n"","",y,6,1\n').rows).toEqual([
      { a: null, b: '', c: 'x', d: 5, e: null, f: 'absent' },
      { a: '', b: '', c: 'y', d: 6, e: 1, f: 'absent' },
    ]);
  });

  test('other delimiters, files without a header and other clocks are options', () => {
    const fields = [field('a', text), field('t', { kind: 'timestamp' })];
    expect(
      decodeAll(fields, 'x;1.5', { delimiter: ';', header: false, timestamp: 's' }).rows,
    ).toEqual([{ a: 'x', t: 1500 }]);
    const iso = decodeAll(fields, 'a\tt\nx\t2024-02-29T12:00:00.5+01:00', {
      delimiter: '\t',
      timestamp: 'iso',
    });
    expect(iso.rows).toEqual([{ a: 'x', t: Date.UTC(2024, 1, 29, 11, 0, 0, 500) }]);
  });

  test('records written by the rules come back whatever the pieces, quotes and line ends', () => {
    const fields = [field('a', text), field('b', text, true), field('n', { kind: 'int64' })];
    const cell = fc.stringMatching(/^[a,"\n\ré;😀 ]{0,8}$/u);
    const record = fc.record({
      a: cell,
      b: fc.option(fc.stringMatching(/^[a,"\n\ré]{1,8}$/u)),
      n: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    });
    const quoteCell = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (records, pieceBytes, end, closed) => {
          const lines = records.map(({ a, b, n }) =>
            [quoteCell(a), b === null ? '' : quoteCell(b), n].join(','),
          );
          const csv = ['a,b,n', ...lines].join(end) + (closed ? end : '');
          const { rows, errors } = decodeAll(fields, csv, {}, pieceBytes);
          expect(errors).toEqual([]);
          expect(rows).toEqual(records);
        },
      ),
    );
  });
});

describe('bad input', () => {
  const fields = [field('id', text), field('n', { kind: 'int32' })];

  test.each([
    ['x,12.5', 'MR_DATA_TYPE', '"n"'],
    ['x,abc', 'MR_DATA_TYPE', '"n" must be int32, not "abc"'],
    ['x, 1', 'MR_DATA_TYPE', '"n"'],
    ['x,3000000000', 'MR_DATA_RANGE', '"n"'],
    ['x,', 'MR_DATA_MISSING_FIELD', '"n" is empty'],
    ['x', 'MR_DATA_MALFORMED', '1 cells where the header has 2'],
    ['x,1,2', 'MR_DATA_MALFORMED', '3 cells'],
    ['a"b,1', 'MR_DATA_MALFORMED', 'quote'],
    ['"a"b,1', 'MR_DATA_MALFORMED', 'quote'],
    ['"a,1', 'MR_DATA_MALFORMED', 'never closed'],
  ])('%j is a dead letter and the next record is read', (line, code, message) => {
    const { rows, errors } = decodeAll(fields, `id,n\n${line}\ngood,1\n`);
    expect(rows).toEqual([{ id: 'good', n: 1 }]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code, offset: 5 });
    expect(errors[0]?.message).toContain(message);
    expect(new TextDecoder().decode(errors[0]?.bytes)).toBe(line);
  });

  test('not finite, not UTF-8 and too long are dead letters', () => {
    const float = [field('id', text), field('n', { kind: 'float64' })];
    expect(decodeAll(float, 'id,n\na,NaN\nb,-inf\n').errors.map(({ code }) => code)).toEqual([
      'MR_DATA_RANGE',
      'MR_DATA_RANGE',
    ]);
    const bytes = Uint8Array.from([...Buffer.from('id,n\n'), 0xff, 0x2c, 0x31, 0x0a]);
    expect(decodeAll(fields, bytes).errors[0]?.code).toBe('MR_DATA_UTF8');
    const long = `id,n\n${'x'.repeat(100_000)},1\ngood,1\n`;
    for (const pieceBytes of [1000, 1 << 20]) {
      const { rows, errors } = decodeAll(fields, long, { recordBytesMax: 5000 }, pieceBytes);
      expect(rows).toEqual([{ id: 'good', n: 1 }]);
      expect(errors[0]).toMatchObject({ code: 'MR_DATA_TOO_LONG', offset: 5 });
      expect(errors[0]?.bytes.length).toBeLessThanOrEqual(16_384);
    }
  });

  test('a field without a column refuses the file with the nearest name', () => {
    const decode = (): unknown =>
      decodeAll([...fields, field('amount', text, true)], 'id,n,amuont\n');
    expect(decode).toThrow(/no column "amount": did you mean "amuont"\?/);
    expect(() => decodeAll(fields, 'id,n,n\n')).toThrow(/two columns "n"/);
  });

  test('a file of nothing, or of a header only, has no rows', () => {
    expect(decodeAll(fields, '').rows).toEqual([]);
    expect(decodeAll(fields, 'id,n').rows).toEqual([]);
    expect(decodeAll(fields, '\n\nid,n\n\n\n').rows).toEqual([]);
  });
});
