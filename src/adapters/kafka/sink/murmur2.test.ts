import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './murmur2.ts';

describe("the hash of Kafka's partitions", () => {
  // From UtilsTest of Kafka's Java client.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is what Java says', (text, expected) => {
    const bytes = Buffer.from(text);
    expect(murmur2(bytes)).toBe(expected);
    const inside = Buffer.concat([Buffer.from('xy'), bytes, Buffer.from('z')]);
    expect(murmur2(inside, 2, 2 + bytes.length)).toBe(expected);
  });

  it('without its sign gives the partition', () => {
    expect(partitionOf(-1, 3)).toBe(0x7fffffff % 3);
    expect(partitionOf(-2147483648, 7)).toBe(0);
    expect(partitionOf(10, 4)).toBe(2);
  });
});
