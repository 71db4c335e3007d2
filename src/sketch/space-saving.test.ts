import { describe, expect, it } from 'vitest';
import { hashBytes } from '../kernel/hash.ts';
import { seededRandom } from '../kernel/random.ts';
import { SpaceSaving } from './space-saving.ts';

const utf8 = new TextEncoder();
const text = new TextDecoder();

function add(sketch: SpaceSaving, key: string, weight = 1): void {
  const bytes = utf8.encode(`--${key}--`);
  const range = { start: 2, end: bytes.length - 2 };
  sketch.add(bytes, { ...range, hash: hashBytes(bytes, range.start, range.end) }, weight);
}

describe('the most frequent keys', () => {
  it('are exact while there are counters', () => {
    const sketch = new SpaceSaving(4);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) add(sketch, key);
    const found = sketch.top(2).map(({ key, share }) => [text.decode(key), share]);
    expect(found).toEqual([
      ['a', 0.5],
      ['b', 1 / 3],
    ]);
  });

  it('hold every key above 1 / capacity, with bounds that hold its true share', () => {
    const sketch = new SpaceSaving(20);
    const random = seededRandom(3);
    const counts = new Map<string, number>();
    const total = 20_000;
    for (let i = 0; i < total; i++) {
      const key =
        random.next() < 0.3
          ? 'hot'
          : random.next() < 0.1
            ? 'warm'
            : `cold_${Math.floor(random.next() * 5000)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      add(sketch, key);
    }
    const top = sketch.top(20);
    expect(top.slice(0, 2).map(({ key }) => text.decode(key))).toEqual(['hot', 'warm']);
    for (const { key, share, shareMin } of top) {
      const truth = (counts.get(text.decode(key)) as number) / total;
      expect(share).toBeGreaterThanOrEqual(truth);
      expect(shareMin).toBeLessThanOrEqual(truth);
    }
  });

  it('fade when what was added before counts half', () => {
    const sketch = new SpaceSaving(8);
    add(sketch, 'old', 100);
    sketch.halve();
    sketch.halve();
    add(sketch, 'new', 75);
    expect(sketch.top(1).map(({ key, share }) => [text.decode(key), share])).toEqual([
      ['new', 0.75],
    ]);
  });
});
