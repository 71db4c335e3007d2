import { expect, test } from 'vitest';
import { seededRandom } from '../../../kernel/random.ts';
import { PagePool } from '../page-pool.ts';
import { capAt, countAt, SlotRings, stride } from './slot-rings.ts';

/** Slots of a key with what their cells hold. */
function contents(rings: SlotRings, at: number): [number, number][] {
  const count = rings.heads[at + capAt] === 0 ? 0 : (rings.heads[at + countAt] as number);
  const page = count === 0 ? new Float64Array(0) : rings.pageOf(at);
  return Array.from({ length: count }, (_, i) => [
    rings.slotOf(at, i),
    page[rings.cellOf(at, i)] as number,
  ]);
}

test.each([
  ['one byte tells slots apart', 61],
  ['two bytes', 1441],
  ['four bytes', 70_000],
])('slots come in any order and leave from the front: %s', (_, span) => {
  const random = seededRandom(span);
  const rings = new SlotRings(Float64Array.of(0, Number.NaN), span, new PagePool());
  rings.ensure(2);
  const at = stride;
  let known = new Map<number, number>();
  let now = 2 ** 33 - 5;
  for (let i = 0; i < 500; i++) {
    const pick = random.next();
    if (pick < 0.1) now += Math.floor(random.next() * span * 0.6);
    const n = now - Math.floor(random.next() ** 4 * span * 1.2);
    const last = Math.max(...known.keys());
    const cell = rings.cover(at, n);
    expect(cell < 0).toBe(last - n >= span);
    if (cell < 0) continue;
    const page = rings.pageOf(at);
    page[cell] = (page[cell] as number) + 1;
    known.set(n, (known.get(n) ?? 0) + 1);
    const from = pick > 0.9 ? n - Math.floor(span / 2) : n - span + 1;
    known = new Map([...known].filter(([slot]) => slot >= (pick > 0.9 || n > last ? from : -1)));
    if (pick > 0.9) rings.dropBefore(at, from);
    expect(contents(rings, at)).toEqual([...known].sort(([a], [b]) => a - b));
  }
  rings.give(at);
  expect(rings.liveBytes).toBe(0);
});

test('rings move out of pages that hold little, and stay as they are', () => {
  const random = seededRandom(8);
  const rings = new SlotRings(Float64Array.of(0, Number.NaN), 61, new PagePool());
  const keys = 20_000;
  rings.ensure(keys);
  for (let key = 0; key < keys; key++) {
    for (let n = 0; n < 1 + Math.floor(random.next() * 12); n++) {
      const cell = rings.cover(key * stride, 1_000_255 + n * 2);
      rings.pageOf(key * stride)[cell] = key + n;
    }
  }
  for (let key = 0; key < keys; key++) if (random.next() < 0.9) rings.give(key * stride);
  const all = (): unknown =>
    Array.from({ length: keys }, (_, key) => contents(rings, key * stride));
  const before = all();
  const slack = rings.slackBytes;
  for (let key = 0; key < keys; key++) rings.tidy(key * stride);
  expect(all()).toEqual(before);
  expect(rings.slackBytes).toBeLessThan(slack * 0.4);
});
