import { Buffer } from 'node:buffer';
import { crc32c, createRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AbortedTransaction } from './aborted-filter.ts';
import { RecordSet } from './record-set.ts';

interface Batch {
  readonly offset: number;
  readonly values: readonly (string | null)[];
  readonly producerId?: number;
  readonly attributes?: number;
}

const transactional = 0x10;
const logAppend = 0x08;
const firstMs = 1_700_000_000_000;

/** Bytes of a batch as the client library writes it, at an offset. */
function batchOf({ offset, values, producerId = -1, attributes = 0 }: Batch): Buffer {
  const records = values.map((value, i) => ({
    topic: 't',
    partition: 0,
    key: Buffer.from(`key ${offset + i}`),
    value: value === null ? (null as unknown as Buffer) : Buffer.from(value),
    timestamp: BigInt(firstMs + i * 1000),
    headers: new Map([[Buffer.from('trace'), Buffer.from(`${offset + i}`)]]),
  }));
  const bytes = Buffer.from(createRecordsBatch(records, {}).buffer);
  bytes.writeBigInt64BE(BigInt(offset), 0);
  bytes.writeInt16BE(attributes, 21);
  bytes.writeBigInt64BE(BigInt(producerId), 43);
  return withChecksum(bytes);
}

function withChecksum(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)) >>> 0, 17);
  return bytes;
}

/** The end of a producer's transaction: a control record whose key says which. */
function markerOf(offset: number, producerId: number, isAbort: boolean): Buffer {
  const bytes = batchOf({ offset, values: ['x'], producerId, attributes: transactional | 0x20 });
  const key = bytes.indexOf('key ');
  bytes.writeInt16BE(0, key);
  bytes.writeInt16BE(isAbort ? 0 : 1, key + 2);
  return withChecksum(bytes);
}

interface ReadOptions {
  readonly fetchOffset?: number;
  readonly aborted?: readonly AbortedTransaction[];
  readonly isCommitted?: boolean;
  readonly countMin?: number;
}

interface ReadBack {
  readonly rows: readonly (readonly [offset: number, value: string | null])[];
  readonly nextOffset: number;
  readonly set: RecordSet;
}

function readAll(parts: readonly Buffer[], options: ReadOptions = {}): ReadBack {
  const { fetchOffset = 0, aborted = [], isCommitted = true, countMin = 1000 } = options;
  const set = new RecordSet('t-0', () => {
    throw new Error('nothing is compressed');
  });
  const rows: (readonly [number, string | null])[] = [];
  set.begin({ bytes: new Uint8Array(Buffer.concat(parts)), fetchOffset, aborted, isCommitted });
  while (!set.isOver) {
    set.read(countMin);
    for (let i = 0; i < set.count; i++) {
      const start = set.bounds[2 * i] as number;
      const end = set.bounds[2 * i + 1];
      const value = start < 0 ? null : Buffer.from(set.bytes.subarray(start, end)).toString();
      rows.push([set.offsets[i] as number, value]);
    }
  }
  return { rows, nextOffset: set.nextOffset, set };
}

const offsetsOf = ({ rows }: ReadBack): readonly number[] => rows.map(([offset]) => offset);

describe('records of a fetched piece', () => {
  test('are found with their offsets; a part of a batch at the end is left', () => {
    const parts = [
      batchOf({ offset: 5, values: ['a', null, ''] }),
      batchOf({ offset: 20, values: ['b'] }),
      batchOf({ offset: 21, values: ['never'] }).subarray(0, 70),
    ];
    const read = readAll(parts);
    expect(read.rows).toEqual([
      [5, 'a'],
      [6, null],
      [7, ''],
      [20, 'b'],
    ]);
    expect(read.nextOffset).toBe(21);
  });

  test('begin at the offset that was asked for, though the batch begins before it', () => {
    const read = readAll([batchOf({ offset: 5, values: ['a', 'b', 'c'] })], { fetchOffset: 7 });
    expect(read.rows).toEqual([[7, 'c']]);
  });

  test('are the same in steps of any size', () => {
    const count = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.array(count, { maxLength: 8 }), count, (sizes, countMin) => {
        let offset = 0;
        const parts = sizes.map((size) => {
          const values = Array.from({ length: size }, (_, i) => `v${offset + i}`);
          const bytes = batchOf({ offset, values });
          offset += size;
          return bytes;
        });
        expect(readAll(parts, { countMin }).rows).toEqual(readAll(parts).rows);
        expect(readAll(parts).rows).toHaveLength(offset);
      }),
      { numRuns: 30 },
    );
  });

  test('have key, time and headers for those who ask', () => {
    const own = readAll([batchOf({ offset: 5, values: ['a', 'b'] })]).set;
    expect(own.originOf(6)).toEqual({
      key: new Uint8Array(Buffer.from('key 6')),
      timestampMs: firstMs + 1000,
      headers: [['trace', new Uint8Array(Buffer.from('6'))]],
    });
    expect(own.originOf(7)).toBeNull();
    const appended = batchOf({ offset: 5, values: ['a', 'b', 'c'], attributes: logAppend });
    expect(readAll([appended]).set.originOf(5)?.timestampMs).toBe(firstMs + 2000);
  });

  test.each([
    ['a bit that flipped', 70, 1, /checksum/],
    ['a format that is older', 16, 3, /format 1, not 2/],
  ])('%s stops everything', (_, position, flip, message) => {
    const bytes = batchOf({ offset: 3, values: ['abc', 'def'] });
    bytes[position] = (bytes[position] as number) ^ flip;
    expect(() => readAll([bytes])).toThrow(message);
  });

  test.each([
    [65, 0x7f],
    [61, 0x7f],
    [57, 0x01],
  ])('a length that cannot be, at byte %i, stops everything', (position, value) => {
    const bytes = batchOf({ offset: 3, values: ['abc', 'def'] });
    bytes[position] = value;
    expect(() => readAll([withChecksum(bytes)])).toThrow(/broken record|says that it has/);
  });
});

describe('aborted transactions', () => {
  const one = 41;
  const two = 42;
  const sent = (offset: number, producerId: number): Buffer =>
    batchOf({ offset, values: ['x', 'y'], producerId, attributes: transactional });

  test('several of one producer in one piece, between committed ones and others', () => {
    const parts = [
      sent(0, one),
      markerOf(2, one, true),
      sent(3, one),
      sent(5, two),
      markerOf(7, one, false),
      sent(8, one),
      markerOf(10, two, true),
      markerOf(11, one, true),
      sent(12, two),
      markerOf(14, two, false),
      batchOf({ offset: 15, values: ['plain'] }),
    ];
    const aborted = [
      { producerId: two, firstOffset: 5 },
      { producerId: one, firstOffset: 0 },
      { producerId: one, firstOffset: 8 },
    ];
    const read = readAll(parts, { aborted });
    expect(offsetsOf(read)).toEqual([3, 4, 12, 13, 15]);
    expect(read.nextOffset).toBe(16);
    const everything = readAll(parts, { aborted, isCommitted: false });
    expect(offsetsOf(everything)).toEqual([0, 1, 3, 4, 5, 6, 8, 9, 12, 13, 15]);
  });

  test('whose end is in a later piece, which names it again', () => {
    const aborted = [{ producerId: one, firstOffset: 0 }];
    expect(offsetsOf(readAll([sent(0, one), sent(2, two)], { aborted }))).toEqual([2, 3]);
    const later = [sent(4, one), markerOf(6, one, true), sent(7, one)];
    expect(offsetsOf(readAll(later, { aborted, fetchOffset: 4 }))).toEqual([7, 8]);
  });

  test('at the end of a piece still move the position', () => {
    const aborted = [{ producerId: one, firstOffset: 1 }];
    const parts = [batchOf({ offset: 0, values: ['a'] }), sent(1, one), markerOf(3, one, true)];
    const read = readAll(parts, { aborted, countMin: 1 });
    expect(offsetsOf(read)).toEqual([0]);
    expect(read.nextOffset).toBe(4);
  });
});
