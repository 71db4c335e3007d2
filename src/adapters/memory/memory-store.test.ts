import { describe, expect, it } from 'vitest';
import { testOnlineStore } from '../../testing/conformance/online-store.ts';
import { vectorBatch } from '../../testing/vectors.ts';
import { memoryDeadLetters, memoryStore, memoryVectors } from './index.ts';

testOnlineStore('the memory store', { create: memoryStore });

describe('memory sinks', () => {
  it('keep every vector with its values and version', () => {
    const key = [{ name: 'id', type: { kind: 'int64' }, nullable: false }] as const;
    const features = [{ name: 'n', type: { kind: 'count' }, nullable: false }] as const;
    const sink = memoryVectors();
    const row = { key: { id: 1n }, values: { n: 2 }, asOfMs: 5, seq: 1, eventTimeMs: 4 };
    void sink.write(vectorBatch({ view: 'v', key, features }, [row, { ...row, seq: 2 }]));

    expect(sink.vectors.map(({ seq, values }) => [seq, values])).toEqual([
      [1, { n: 2 }],
      [2, { n: 2 }],
    ]);
    expect(sink.vectors[0]).toMatchObject({ view: 'v', asOfMs: 5, eventTimeMs: 4 });
  });

  it('keep dead letters', async () => {
    const sink = memoryDeadLetters();
    await sink.write([
      {
        code: 'MR_DATA_MALFORMED',
        category: 'deserialization',
        message: 'no JSON',
        offset: 3,
        bytes: Uint8Array.of(1),
        stream: 's',
        split: 'f',
        operatorUid: 'u',
        timestampMs: 0,
      },
    ]);
    expect(sink.letters).toHaveLength(1);
  });
});
