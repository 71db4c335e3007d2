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
const fields = [field('a', { kind: 'int32' }), field('s', { kind: 'string' }, true)];

interface Decoded {
  readonly rows: Record<string, Value>[];
  readonly offsets: number[];
  readonly errors: readonly RecordError[];
}

/** Messages one behind the other as in a record set, a byte between each two; null has no value. */
function decodeMessages(messages: readonly (string | null)[], rowFields = fields): Decoded {
  const parts: number[] = [];
  const bounds = new Int32Array(messages.length * 2);
  for (const [i, message] of messages.entries()) {
    bounds[2 * i] = message === null ? -1 : parts.length;
    if (message !== null) parts.push(...new TextEncoder().encode(message));
    bounds[2 * i + 1] = parts.length;
    parts.push(0x7d);
  }
  const bytes = Uint8Array.from(parts);
  const offsets = Float64Array.from(messages, (_, i) => 100 + 2 * i);
  const decoder = jsonFormat.createMessageDecoder?.({ fields: rowFields }, {});
  if (decoder === undefined) throw new Error('no decoder of messages');
  const input = { bytes, bounds, offsets, from: 0, count: messages.length };
  const { batch, errors, consumed } = decoder.decode(input);
  expect(consumed).toBe(messages.length);
  const rows = Array.from({ length: batch.rowCount }, (_, row) =>
    readRow(batch.columns, rowFields, row),
  );
  return { rows, offsets: [...batch.offsets.subarray(0, batch.rowCount)], errors };
}

const textOf = (error: RecordError | undefined): string => new TextDecoder().decode(error?.bytes);

describe('a message', () => {
  test('is one record; rows keep the offsets of their messages', () => {
    const { rows, offsets, errors } = decodeMessages([
      '{"a":1,"s":"x"}',
      ' {"a":2} \r',
      '{"s":"q\\"\\n","a":3}',
    ]);
    expect(rows).toEqual([
      { a: 1, s: 'x' },
      { a: 2, s: null },
      { a: 3, s: 'q"\n' },
    ]);
    expect(offsets).toEqual([100, 102, 104]);
    expect(errors).toEqual([]);
  });

  test('may have several lines, as JSON allows, but not two records', () => {
    const { rows, offsets, errors } = decodeMessages([
      '{\n  "a": 1,\n  "s": "x"\n}\n',
      '\n{"a":2}',
      '{"a":3}\n{"a":4}',
      '{"a":5,"s":"\n"}',
      '{"a":6}\n',
    ]);
    expect(rows).toEqual([
      { a: 1, s: 'x' },
      { a: 2, s: null },
      { a: 6, s: null },
    ]);
    expect(offsets).toEqual([100, 102, 108]);
    expect(errors.map(({ offset, code }) => [offset, code])).toEqual([
      [104, 'MR_DATA_MALFORMED'],
      [106, 'MR_DATA_MALFORMED'],
    ]);
    expect(errors.map(textOf)).toEqual(['{"a":3}\n{"a":4}', '{"a":5,"s":"\n"}']);
  });

  test.each([
    ['', 'MR_DATA_MALFORMED'],
    ['{"a":1', 'MR_DATA_MALFORMED'],
    ['{"a":1}}', 'MR_DATA_MALFORMED'],
    ['{"a":', 'MR_DATA_MALFORMED'],
    ['{"a":1,"s":"', 'MR_DATA_MALFORMED'],
    ['{"a":1.5}', 'MR_DATA_TYPE'],
    ['{"s":"x"}', 'MR_DATA_MISSING_FIELD'],
    ['[1]', 'MR_DATA_MALFORMED'],
  ])('that is %j is an error with its bytes, and the next is read', (text, code) => {
    const { rows, errors } = decodeMessages([text, '{"a":7}']);
    expect(rows).toEqual([{ a: 7, s: null }]);
    expect(errors).toMatchObject([{ code, offset: 100 }]);
    expect(textOf(errors[0])).toBe(text);
  });

  test('without a value is an error of its own', () => {
    const { rows, errors } = decodeMessages([null, '{"a":7}', null]);
    expect(rows).toEqual([{ a: 7, s: null }]);
    expect(errors.map(({ code, offset }) => [code, offset])).toEqual([
      ['MR_DATA_NO_VALUE', 100],
      ['MR_DATA_NO_VALUE', 104],
    ]);
  });

  test('takes defaults', () => {
    const withDefault = [
      { ...field('a', { kind: 'int32' }), default: 7 },
      { ...field('s', { kind: 'string' }), default: 'none' },
    ];
    expect(decodeMessages(['{}', '{"a":1,"s":"x"}'], withDefault).rows).toEqual([
      { a: 7, s: 'none' },
      { a: 1, s: 'x' },
    ]);
  });
});

test('any records with any white space between their parts are read as JSON.parse reads them', () => {
  const record = fc.record({ a: fc.integer({ min: -9, max: 9 }), s: fc.string({ maxLength: 6 }) });
  const space = fc.constantFrom('', ' ', '\n', '\r\n', '\t');
  const message = fc
    .tuple(record, space, space)
    .map(([{ a, s }, x, y]) => `${y}{${x}"a":${y}${a}${x},"s"${y}:${JSON.stringify(s)}${x}}${y}`);
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
      const { rows, errors } = decodeMessages(messages);
      expect(errors).toEqual([]);
      expect(rows).toEqual(messages.map((text) => JSON.parse(text) as unknown));
    }),
  );
});
