import { readRecordsBatch, Reader } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../kernel/random.ts';
import { type ByteRange, nothing, RecordBatch } from './record-batch.ts';

const rangeOf = (text: string): ByteRange => {
  const bytes = Buffer.from(`..${text}.`);
  return { bytes, start: 2, end: bytes.length - 1 };
};

describe('a batch of records', () => {
  it('is read by the client library as it was written', () => {
    const random = seededRandom(7);
    const batch = new RecordBatch(64);
    const expected = Array.from({ length: 300 }, (_, i) => {
      const key = i % 11 === 3 ? null : 'k'.repeat(Math.floor(random.next() * 80));
      const value = i % 17 === 5 ? null : `é${'v'.repeat(Math.floor(random.next() * 20_000))}`;
      const timestampMs = Date.UTC(2026, 0, 1) + Math.floor((random.next() - 0.3) * 1e10);
      const headers = i % 5 === 0 ? [{ name: Buffer.from('h'), value: null }] : [];
      const rangeOrNone = (text: string | null) => (text === null ? nothing : rangeOf(text));
      batch.append(rangeOrNone(key), rangeOrNone(value), timestampMs, headers);
      return { key, value, timestampMs, headers: headers.length };
    });
    const sender = { producerId: 4711n, producerEpoch: 3, sequence: 99, isTransactional: true };
    const bytes = batch.seal(sender);
    const read = readRecordsBatch(Reader.from(Buffer.from(bytes)));
    const { firstTimestamp, maxTimestamp, producerId, producerEpoch, firstSequence } = read;
    expect({ producerId, producerEpoch, firstSequence }).toEqual({
      producerId: 4711n,
      producerEpoch: 3,
      firstSequence: 99,
    });
    expect(read.attributes).toBe(16);
    expect(Number(maxTimestamp)).toBe(Math.max(...expected.map((r) => r.timestampMs)));
    expect(batch.count).toBe(300);
    const records = read.records.map(({ key, value, timestampDelta, headers }) => ({
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      timestampMs: Number(firstTimestamp + timestampDelta),
      headers: headers.length,
    }));
    expect(records).toEqual(expected);
    expect(batch.seal({ ...sender, sequence: 7 })).toEqual(bytes);
  });
});
