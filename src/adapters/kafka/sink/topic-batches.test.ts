import { describe, expect, it } from 'vitest';
import { type ByteRange, nothing } from './record-batch.ts';
import { PartitionQueue, TopicBatches } from './topic-batches.ts';

const rangeOf = (text: string): ByteRange => {
  const bytes = Buffer.from(text);
  return { bytes, start: 0, end: bytes.length };
};

describe('records on their way to a topic', () => {
  it('go to the partition of their key, and in turn without one', () => {
    const topic = new TopicBatches('t', 3);
    for (let i = 0; i < 30; i++) topic.append(rangeOf('same'), nothing, i);
    const counts = () => topic.partitions.map((queue) => queue.next(false)?.count ?? 0);
    expect(counts().toSorted((a, b) => a - b)).toEqual([0, 0, 30]);
    const others = new TopicBatches('t', 3);
    for (let i = 0; i < 30; i++) others.append(nothing, rangeOf('v'), i);
    expect(others.partitions.map((queue) => queue.next(false)?.count)).toEqual([10, 10, 10]);
  });

  it('are cut into batches that a broker takes', () => {
    const topic = new TopicBatches('t', 1);
    const value = rangeOf('v'.repeat(300_000));
    for (let i = 0; i < 10; i++) topic.append(nothing, value, i);
    const [queue] = topic.partitions as readonly [PartitionQueue];
    queue.close();
    expect(queue.batches.map(({ count }) => count)).toEqual([3, 3, 3, 1]);
    for (const { byteCount } of queue.batches) expect(byteCount).toBeLessThan(1_048_588);
  });

  it('behind a cut are held back, those before it may go', () => {
    const queue = new PartitionQueue('t', 0);
    queue.batchFor(10).append(nothing, rangeOf('before'), 1);
    queue.cut();
    queue.batchFor(10).append(nothing, rangeOf('after'), 2);
    expect(queue.next(true)).toBeNull();
    queue.allowedCount = queue.cutCount;
    const before = queue.next(true);
    expect(before?.count).toBe(1);
    queue.acknowledge();
    expect([queue.cutCount, queue.allowedCount, queue.nextSequence]).toEqual([0, 0, 1]);
    expect(queue.next(true)).toBeNull();
    expect(queue.next(false)).not.toBe(before);
  });

  it('have sequence numbers that begin anew after the greatest', () => {
    const queue = new PartitionQueue('t', 0);
    queue.nextSequence = 2 ** 31 - 1;
    queue.batchFor(10).append(nothing, nothing, 1);
    queue.batchFor(10).append(nothing, nothing, 1);
    queue.close();
    queue.acknowledge();
    expect(queue.nextSequence).toBe(1);
  });
});
