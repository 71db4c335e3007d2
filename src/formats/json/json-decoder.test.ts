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

/** Feeds the bytes in pieces, as a file does: what is not consumed stands before the next piece. */
function decodeAll(
  fields: readonly Field[],
  input: string | Uint8Array,
  options: Record<string, unknown> = {},
  pieceBytes = 1 << 20,
): { rows: Record<string, Value>[]; errors: RecordError[]; offsets: number[] } {
  const decoder = jsonFormat.createDecoder({ fields }, options);
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input.slice();
  const rows: Record<string, Value>[] = [];
  const errors: RecordError[] = [];
  const offsets: number[] = [];
  let start = 0;
  let end = 0;
  for (;;) {
    const last = end === bytes.length;
    const chunk = { bytes, start, end, baseOffset: 0, rowCountMax: 3, last };
    const decoded = decoder.decode(chunk);
    errors.push(...decoded.errors);
    for (let row = 0; row < decoded.batch.rowCount; row++) {
      rows.push(readRow(decoded.batch.columns, fields, row));
      offsets.push(decoded.batch.offsets[row] as number);
    }
    start += decoded.consumed;
    if (decoded.consumed > 0) continue;
    if (last) break;
    end = Math.min(bytes.length, end + pieceBytes);
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

  test('keys come in any order, unknown ones are skipped, the last of equal ones counts', () => {
    const fields = [field('a', { kind: 'int32' }), field('b', text, true)];
    const lines = [
      '{"b":"x","a":1}',
      '{"a":2,"z":{"a":[1,{"b":"}"}],"q":"\\""},"b":"y"}',
      ' { "a" : 3 , "b" : null } \r',
      '{"a":4,"a":5,"b":"\\n","b":"z"}',
      '{"\\u0061":6,"b":"q","b":null}',
      '{"b":"\\u00e9\\ud83d\\ude00","a":-0}',
    ];
    expect(decodeAll(fields, lines.join('\n')).rows).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
      { a: 3, b: null },
      { a: 5, b: 'z' },
      { a: 6, b: null },
      { a: 0, b: 'é😀' },
    ]);
  });

  test('a missing field takes its default, else null', () => {
    const fields = [
      { ...field('a', text), default: 'none' },
      { ...field('b', { kind: 'int32' }), default: 7 },
      field('c', { kind: 'float64' }, true),
      { ...field('d', { kind: 'bytes' }), default: 'AQI=' },
      { ...field('e', { kind: 'list', item: { kind: 'int64' } }), default: [1] },
    ];
    expect(decodeAll(fields, '{}\n{"a":"x\\ty","d":"AA=="}\n{"c":null,"a":""}').rows).toEqual([
      { a: 'none', b: 7, c: null, d: new Uint8Array([1, 2]), e: [1n] },
      { a: 'x\ty', b: 7, c: null, d: new Uint8Array([0]), e: [1n] },
      { a: '', b: 7, c: null, d: new Uint8Array([1, 2]), e: [1n] },
    ]);
  });

  test('records with more fields than one word of flags are complete or not', () => {
    const fields = Array.from({ length: 70 }, (_, i) => field(`f${i}`, { kind: 'int32' }));
    const record = Object.fromEntries(fields.map(({ name }, i) => [name, i]));
    expect(decodeAll(fields, JSON.stringify(record)).rows).toEqual([record]);
    for (const missing of ['f0', 'f29', 'f30', 'f69']) {
      const { [missing]: _, ...rest } = record;
      expect(onlyError(fields, JSON.stringify(rest))).toMatchObject({
        code: 'MR_DATA_MISSING_FIELD',
        message: `"${missing}" is missing`,
      });
    }
  });

  test.each([
    ['ms', '1700000000123', 1700000000123],
    ['ms', '17e11', 1700000000000],
    ['s', '1700000000', 1700000000000],
    ['s', '1700000000.1239', 1700000000123],
    ['s', '-0.0001', -1],
    ['us', '1700000000123999', 1700000000123],
    ['us', '-1', -1],
    ['iso', '"2024-02-29T12:00:00Z"', Date.UTC(2024, 1, 29, 12)],
    ['iso', '"2024-02-29 12:00:00.1239+01:30"', Date.UTC(2024, 1, 29, 10, 30, 0, 123)],
  ])('a timestamp in %s: %s', (timestamp, json, ms) => {
    const fields = [field('t', { kind: 'timestamp' })];
    expect(decodeAll(fields, `{"t":${json}}`, { timestamp }).rows).toEqual([{ t: ms }]);
  });

  test('blank lines and a byte order mark are no records; offsets are those of the bytes', () => {
    const fields = [field('a', { kind: 'int32' })];
    const { rows, offsets } = decodeAll(fields, '\ufeff{"a":1}\n\n  \r\n{"a":2}\n \n{"a":3}');
    expect(rows).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(offsets).toEqual([3, 16, 26]);
    expect(decodeAll(fields, '').rows).toEqual([]);
  });
});

describe('against JSON.parse', () => {
  const fields = [
    field('s', text),
    field('n', { kind: 'float64' }, true),
    field('i', { kind: 'int64' }),
    field('b', { kind: 'bool' }, true),
    field('é"q', text, true),
    field('xs', { kind: 'list', item: text }, true),
  ];
  const spaces = fc.stringMatching(/^[ \t\r]{0,3}$/);
  const string = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', '\\', '\n', '/', '\u0001'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 12,
  });
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    fc.integer(),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => Number(x.toFixed(3)) + 0),
  );
  const record = fc.record({
    s: string,
    n: fc.option(number),
    i: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    b: fc.option(fc.boolean()),
    'é"q': fc.option(string),
    xs: fc.option(fc.array(string, { maxLength: 3 })),
  });
  /** Text of a string with every character escaped at random. */
  const escapes = (value: string, choice: number): string =>
    `"${[...value]
      .map((character, i) => {
        if ((choice >> (i % 16)) & 1) {
          return Array.from(character, (_, j) => character.charCodeAt(j))
            .concat(character.length === 2 ? [character.charCodeAt(1)] : [])
            .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
            .join('');
        }
        return JSON.stringify(character).slice(1, -1);
      })
      .join('')}"`;

  test('random records with random space, key order, escapes and unknown keys read the same', () => {
    const style = fc.record({
      order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
      spaces: fc.array(spaces, { minLength: 30, maxLength: 30 }),
      choice: fc.integer({ min: 0, max: 65535 }),
      extra: fc.jsonValue(),
      exponent: fc.boolean(),
    });
    const write = (
      value: Record<string, unknown>,
      s: typeof style extends fc.Arbitrary<infer T> ? T : never,
    ): string => {
      let at = 0;
      const space = (): string => s.spaces[at++ % s.spaces.length] as string;
      const json = (item: unknown): string => {
        if (typeof item === 'string') return escapes(item, s.choice);
        if (typeof item === 'bigint') return String(item);
        if (typeof item === 'number')
          return s.exponent ? item.toExponential() : JSON.stringify(item);
        if (Array.isArray(item))
          return `[${space()}${item.map(json).join(`${space()},${space()}`)}${space()}]`;
        return JSON.stringify(item);
      };
      const members = [...Object.entries(value), ['unknown', s.extra]] as [string, unknown][];
      const parts = s.order.map((i) => {
        const [name, item] = members[i] as [string, unknown];
        const text = name === 'unknown' ? JSON.stringify(item) : json(item);
        return `${space()}${escapes(name, s.choice)}${space()}:${space()}${text}${space()}`;
      });
      return `${space()}{${parts.join(',')}}${space()}`;
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(record, style), { maxLength: 6 }),
        fc.integer({ min: 1, max: 400 }),
        (records, pieceBytes) => {
          const lines = records.map(([value, s]) => write(value, s));
          for (const [i, line] of lines.entries()) {
            const reference = JSON.parse(line) as Record<string, unknown>;
            expect(reference['s']).toBe(records[i]?.[0].s);
          }
          const { rows, errors } = decodeAll(fields, lines.join('\n'), {}, pieceBytes);
          expect(errors).toEqual([]);
          expect(rows).toEqual(records.map(([value]) => value));
        },
      ),
      { numRuns: 300 },
    );
  });

  const fits = ({ s, i, n }: Record<string, unknown>): boolean =>
    typeof s === 'string' &&
    s.isWellFormed() &&
    Number.isSafeInteger(i) &&
    (n === null || n === undefined || Number.isFinite(n));

  test('a line is an error exactly when JSON.parse or the types refuse it, after any damage', () => {
    const valid = fc.record({ s: string, i: fc.integer(), n: fc.option(number) });
    const plain = [
      field('s', text),
      field('i', { kind: 'int64' }),
      field('n', { kind: 'float64' }, true),
    ];
    const damage = fc.record({
      at: fc.nat(200),
      remove: fc.nat(3),
      insert: fc.stringMatching(/^["\\{}[\],:0-9eE+.u a-z-]{0,3}$/),
    });
    fc.assert(
      fc.property(valid, damage, (value, { at, remove, insert }) => {
        const line = JSON.stringify(value);
        const damaged = [...line].toSpliced(at, remove, insert).join('');
        const { rows, errors } = decodeAll(plain, damaged);
        expect(rows.length + errors.length).toBe(damaged.trim() === '' ? 0 : 1);
        let reference: Record<string, unknown> | null = null;
        try {
          reference = JSON.parse(damaged) as Record<string, unknown>;
        } catch {
          reference = null;
        }
        if (reference === null) expect(rows).toEqual([]);
        // 1e-400 is 0 for JSON.parse, and no whole number.
        const underflows = /\de-/i.test(damaged);
        if (reference !== null && !underflows && fits(reference)) expect(rows).toHaveLength(1);
        if (rows[0] !== undefined && reference !== null) {
          expect(rows[0]['s']).toBe(reference['s']);
          expect(rows[0]['n']).toEqual(reference['n'] ?? null);
          expect(Number(rows[0]['i'])).toBe(Number(reference['i']) + 0);
        }
        if (errors[0] !== undefined)
          expect(new TextDecoder().decode(errors[0].bytes)).toBe(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  test('doubles are the nearest ones, however they are written', () => {
    const one = [field('n', { kind: 'float64' })];
    const texts = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,2})?$/);
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1 }), (numbers) => {
        const { rows } = decodeAll(one, numbers.map((n) => `{"n":${n}}`).join('\n'));
        expect(rows.map(({ n }) => n)).toEqual(numbers.map(Number));
      }),
      { numRuns: 500 },
    );
  });

  test('whole numbers keep every digit', () => {
    const one = [field('n', { kind: 'int64' })];
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 }),
        (numbers) => {
          const { rows } = decodeAll(one, numbers.map((n) => `{"n":${n}}`).join('\n'));
          expect(rows.map(({ n }) => n)).toEqual(numbers);
        },
      ),
    );
  });
});

describe('bad input', () => {
  const fields = [
    field('id', text),
    field('n', { kind: 'int64' }),
    field('x', { kind: 'float64' }, true),
  ];

  test.each([
    ['{"id":"a","n":1', 'MR_DATA_MALFORMED', 'ends where "," or "}" should stand'],
    ['{"id":"a","n":', 'MR_DATA_MALFORMED', 'ends before its value'],
    ['{"id":"a', 'MR_DATA_MALFORMED', 'ends inside a string'],
    ['{"id":"a","n":1}}', 'MR_DATA_MALFORMED', 'after its record'],
    ['{"id":"a","n":1} x', 'MR_DATA_MALFORMED', 'after its record'],
    ['{"id":"a","n":1,}', 'MR_DATA_MALFORMED', 'a name in quotes'],
    ['{"id":"a" "n":1}', 'MR_DATA_MALFORMED', '"," or "}"'],
    ['{"id" "a","n":1}', 'MR_DATA_MALFORMED', '":"'],
    ['{id:"a","n":1}', 'MR_DATA_MALFORMED', 'a name in quotes'],
    ['{"id":"\\x","n":1}', 'MR_DATA_MALFORMED', 'escape'],
    ['{"id":"a\tb","n":1}', 'MR_DATA_MALFORMED', 'control character'],
    ['{"id":"a","n":01}', 'MR_DATA_MALFORMED', ''],
    ['{"id":"a","n":1.}', 'MR_DATA_MALFORMED', 'point'],
    ['{"id":"a","n":1e}', 'MR_DATA_MALFORMED', 'exponent'],
    ['{"id":"a","n":NaN}', 'MR_DATA_MALFORMED', 'not JSON'],
    ['{"id":"a","n":1,"x":Infinity}', 'MR_DATA_MALFORMED', 'not JSON'],
    ['{"id":"a","n":1,"z":[1,]}', 'MR_DATA_MALFORMED', 'not JSON'],
    ['[1]', 'MR_DATA_MALFORMED', 'an object'],
    ['null', 'MR_DATA_MALFORMED', 'an object'],
    ['{"id":"a"}', 'MR_DATA_MISSING_FIELD', '"n" is missing'],
    ['{"id":null,"n":1}', 'MR_DATA_TYPE', '"id" must be string, not null'],
    ['{"id":5,"n":1}', 'MR_DATA_TYPE', '"id" must be string, not 5'],
    ['{"id":"a","n":"1"}', 'MR_DATA_TYPE', '"n" must be int64, not the string "1"'],
    ['{"id":"a","n":1.5}', 'MR_DATA_TYPE', '"n"'],
    ['{"id":"a","n":true}', 'MR_DATA_TYPE', '"n" must be int64, not true'],
    ['{"id":"a","n":{}}', 'MR_DATA_TYPE', '"n" must be int64, not an object'],
    ['{"id":"a","n":9223372036854775808}', 'MR_DATA_RANGE', '"n"'],
    ['{"id":"a","n":1e400}', 'MR_DATA_RANGE', '"n"'],
    ['{"id":"a","n":1,"x":1e400}', 'MR_DATA_RANGE', '"x"'],
    ['{"id":"\\ud800","n":1}', 'MR_DATA_UTF8', '"id"'],
  ])('%s is a dead letter with its bytes, and the next line is read', (line, code, message) => {
    const { rows, errors } = decodeAll(fields, `{"id":"0","n":0}\n${line}\n{"id":"1","n":1}\n`);
    expect(rows.map(({ id }) => id)).toEqual(['0', '1']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code, offset: 17 });
    expect(errors[0]?.message).toContain(message);
    expect(new TextDecoder().decode(errors[0]?.bytes)).toBe(line);
    expect(onlyError(fields, line)).toMatchObject({ code });
  });

  test.each([
    [{ kind: 'int32' }, '2147483648', 'MR_DATA_RANGE'],
    [{ kind: 'int32' }, '-2147483649', 'MR_DATA_RANGE'],
    [{ kind: 'float32' }, '1e39', 'MR_DATA_RANGE'],
    [{ kind: 'timestamp' }, '1e17', 'MR_DATA_RANGE'],
    [{ kind: 'timestamp' }, '1.5', 'MR_DATA_TYPE'],
    [{ kind: 'timestamp' }, '"2024-01-01T00:00:00Z"', 'MR_DATA_TYPE'],
    [{ kind: 'date' }, '"2023-02-29"', 'MR_DATA_TYPE'],
    [{ kind: 'date' }, '19000', 'MR_DATA_TYPE'],
    [{ kind: 'bool' }, '1', 'MR_DATA_TYPE'],
    [{ kind: 'bytes' }, '"***"', 'MR_DATA_TYPE'],
    [{ kind: 'decimal', precision: 4, scale: 2 }, '"12.345"', 'MR_DATA_RANGE'],
    [{ kind: 'decimal', precision: 4, scale: 2 }, '123.4', 'MR_DATA_RANGE'],
    [{ kind: 'decimal', precision: 4, scale: 2 }, '"abc"', 'MR_DATA_TYPE'],
    [{ kind: 'list', item: { kind: 'int32' } }, '[1,"2"]', 'MR_DATA_TYPE'],
    [{ kind: 'list', item: { kind: 'int32' } }, '{}', 'MR_DATA_TYPE'],
    [{ kind: 'map', value: { kind: 'float64' } }, '[]', 'MR_DATA_TYPE'],
    [{ kind: 'struct', fields: [field('a', text)] }, '{"b":1}', 'MR_DATA_MISSING_FIELD'],
  ] as [FieldType, string, string][])('%j refuses %s', (type, json, code) => {
    const error = onlyError([field('v', type)], `{"v":${json}}`);
    expect(error).toMatchObject({ code, category: 'schema_mismatch' });
    expect(error.message).toContain('"v');
  });

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a sequence cut short', [0xe2, 0x82]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('%s is not UTF-8, in a value, a key or a skipped field', (_, bad) => {
    for (const [before, after] of [
      ['{"id":"', '","n":1}'],
      ['{"id":"a","n":1,"z', '":1}'],
      ['{"id":"a","n":1,"z":"', '"}'],
    ] as const) {
      const line = Buffer.concat([Buffer.from(before), Uint8Array.from(bad), Buffer.from(after)]);
      const error = onlyError(fields, line);
      expect(error).toMatchObject({ code: 'MR_DATA_UTF8', category: 'deserialization' });
      expect(Buffer.from(error.bytes)).toEqual(line);
    }
  });

  test('a failed record keeps its bytes although another field of it had escapes', () => {
    const line = '{"id":"\\u0041\\n","n":"x"}';
    expect(new TextDecoder().decode(onlyError(fields, line).bytes)).toBe(line);
  });

  test('an integer above 2^53 is exact in int64 and the nearest double in float64', () => {
    const both = [field('i', { kind: 'int64' }), field('d', { kind: 'float64' })];
    const { rows } = decodeAll(both, '{"i":9007199254740993,"d":9007199254740993}');
    expect(rows).toEqual([{ i: 9007199254740993n, d: 9007199254740992 }]);
  });

  test.each([100, 1000, 1 << 20])(
    'a line over the limit is cut, in pieces of %d bytes',
    (pieceBytes) => {
      const long = `{"id":"${'x'.repeat(50_000)}","n":1}`;
      for (const end of ['', '\n', '\n{"id":"b","n":2}']) {
        const input = `{"id":"a","n":1}\n${long}${end}`;
        const { rows, errors } = decodeAll(fields, input, { recordBytesMax: 2000 }, pieceBytes);
        expect(rows).toHaveLength(end.length > 1 ? 2 : 1);
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatchObject({ code: 'MR_DATA_TOO_LONG', offset: 17 });
        expect(errors[0]?.message).toContain(`${long.length} bytes`);
        expect(errors[0]?.bytes.length).toBeLessThanOrEqual(16_384);
      }
    },
  );

  test('values nested deeper than any producer means are refused, not recursed into', () => {
    const line = `{"id":"a","n":1,"z":${'['.repeat(100_000)}}`;
    const error = onlyError(fields, line);
    expect(error.code).toBe('MR_DATA_MALFORMED');
    expect(error.message).toContain('deeper');
  });

  test('options that do not exist are refused', () => {
    expect(() => decodeAll(fields, '', { timestmap: 'iso' })).toThrow(/did you mean "timestamp"/);
    expect(() => decodeAll(fields, '', { timestamp: 'ns' })).toThrow(/ms, s, us, iso/);
  });
});
