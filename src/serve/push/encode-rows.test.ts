import { describe, expect, it } from 'vitest';
import type { Field } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { encodeRows } from './encode-rows.ts';
import type { DataFrame } from './data-frame.ts';
import { RowProblems } from './push-problems.ts';

const field = (name: string, type: Field['type'], nullable = true): Field => ({
  name,
  type,
  nullable,
});
const stream: StreamNode = {
  kind: 'stream',
  name: 's',
  uid: 'stream:s',
  fields: [
    field('k', { kind: 'string' }, false),
    field('big', { kind: 'int64' }),
    field('price', { kind: 'decimal', precision: 10, scale: 2 }),
    field('raw', { kind: 'bytes' }),
    field('any', { kind: 'json' }),
    field('on', { kind: 'date' }),
    field('flags', { kind: 'list', item: { kind: 'bool' } }),
    { ...field('channel', { kind: 'string' }, false), default: 'web' },
    field('ts', { kind: 'timestamp' }, false),
  ],
  eventTime: {
    field: 'ts',
    outOfOrdernessMs: 0,
    idleTimeoutMs: null,
    maxAheadMs: null,
    maxDriftMs: null,
  },
  idField: null,
  description: null,
};

const frame = (columns: Readonly<Record<string, readonly unknown[]>>): DataFrame => ({
  columns: new Map(Object.entries(columns)),
  rowCount: Object.values(columns)[0]?.length ?? 0,
});

describe('rows of a request as records', () => {
  it('are JSON of one line with every type as the stream has it', () => {
    const df = frame({
      k: ['a\nb'],
      big: ['9007199254740993'],
      price: ['1.50'],
      raw: ['AP8='],
      any: [{ a: [1, 'x\n'] }],
      on: ['2026-01-02'],
      flags: [[true, null]],
      ts: ['2026-01-01 00:00:00.25'],
      unknown: [1],
    });
    const [record] = encodeRows(stream, df, ['k', 'big']);
    expect(Buffer.from(record?.json ?? []).toString()).toBe(
      '{"k":"a\\nb","big":9007199254740993,"price":"1.50","raw":"AP8=","any":{"a":[1,"x\\n"]},' +
        '"on":"2026-01-02","flags":[true,null],"ts":1767225600250}',
    );
    expect(Buffer.from(record?.key ?? []).toString()).toBe('["a\\nb",9007199254740993]');
    expect(record?.eventTimeMs).toBe(1_767_225_600_250);
  });

  it('are all refused for one that does not fit, with every problem', () => {
    const df = frame({
      k: ['a', null, 'c'],
      big: [1, 2.5, '9223372036854775808'],
      ts: [0, 0, 'yesterday'],
    });
    try {
      encodeRows(stream, df, []);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RowProblems);
      const { rows, message } = error as RowProblems;
      expect(rows.map(({ row, field: name }) => [row, name])).toEqual([
        [1, 'k'],
        [1, 'big'],
        [2, 'big'],
        [2, 'ts'],
      ]);
      expect(message).toContain('2 rows do not fit stream "s": row 1:');
    }
  });

  it('need the columns that are neither nullable nor have a default', () => {
    expect(() => encodeRows(stream, frame({ k: ['a'], time: [1] }), [])).toThrow(
      'no column "ts", which stream "s" needs',
    );
  });
});
