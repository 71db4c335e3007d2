import { describe, expect, it } from 'vitest';
import type { Field } from '../../../kernel/types/field-type.ts';
import { vectorBatch } from '../../../testing/vectors.ts';
import { RowEncoder } from './row-encoder.ts';

const field = (
  name: string,
  kind: 'string' | 'int64' | 'float64' | 'timestamp' | 'json',
): Field => ({
  name,
  type: { kind },
  nullable: true,
});
const key = [{ ...field('user_id', 'string'), nullable: false }, field('item', 'int64')];
const features = [field('sum "x"', 'float64'), field('n', 'int64'), field('at', 'timestamp')];
const view = {
  view: 'spend',
  key,
  features: [...features, field('doc', 'json')],
  fingerprint: '1',
};
const startMs = Date.UTC(2026, 0, 1);

function encoded(rows: Parameters<typeof vectorBatch>[1], of = view): string[][] {
  const encoder = new RowEncoder(of);
  const batch = vectorBatch(of, rows);
  return rows.map((_, row) => {
    encoder.encode(batch, row);
    const parts = [encoder.key, encoder.value];
    return parts.map(({ bytes, start, end }) => Buffer.from(bytes).toString('utf8', start, end));
  });
}

describe('a row as a record', () => {
  it('is JSON with key, times, features and version; no digit is lost', () => {
    const first = {
      key: { user_id: 'é"1', item: 9007199254740993n },
      values: { 'sum "x"': 1.5, n: 9007199254740993n, at: startMs, doc: '{"a":[1]}' },
      asOfMs: startMs + 1,
      seq: 7,
    };
    const second = {
      ...first,
      key: { user_id: 'b', item: null },
      values: {},
      eventTimeMs: startMs,
    };
    expect(encoded([first, second, first])).toEqual([
      [
        '{"user_id":"é\\"1","item":9007199254740993}',
        '{"user_id":"é\\"1","item":9007199254740993,"event_time":"2026-01-01T00:00:00.001Z","as_of":"2026-01-01T00:00:00.001Z","sum \\"x\\"":1.5,"n":9007199254740993,"at":"2026-01-01T00:00:00Z","doc":{"a":[1]},"_seq":7}',
      ],
      [
        '{"user_id":"b","item":null}',
        '{"user_id":"b","item":null,"event_time":"2026-01-01T00:00:00Z","as_of":"2026-01-01T00:00:00.001Z","sum \\"x\\"":null,"n":null,"at":null,"doc":null,"_seq":7}',
      ],
      expect.anything(),
    ]);
  });

  it('has an empty object as its key when the view has none', () => {
    const rows = [{ key: {}, values: { n: 1n }, asOfMs: startMs, seq: 1 }];
    const global = { ...view, key: [], features: [field('n', 'int64')] };
    expect(encoded(rows, global)).toEqual([
      ['{}', '{"event_time":"2026-01-01T00:00:00Z","as_of":"2026-01-01T00:00:00Z","n":1,"_seq":1}'],
    ]);
  });
});
