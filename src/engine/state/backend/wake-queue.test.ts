import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../kernel/random.ts';
import { quantumMax, WakeQueue } from './wake-queue.ts';

/** Plays pushes and takes against a list; times within `spread` of a moving now. */
function play(seed: number, spread: number): void {
  const random = seededRandom(seed);
  const queue = new WakeQueue();
  let expected: { time: number; hash: number }[] = [];
  let now = (random.next() - 0.3) * spread;
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 30; i++) {
      const time = now + (random.next() ** 3 - 0.02) * spread;
      const hash = Math.floor(random.next() * 2 ** 32);
      const queued = queue.push(time, hash);
      expect(queued).toBeLessThanOrEqual(time);
      expect(queued).toBeGreaterThan(time - (spread < 2 ** 33 ? 1 : quantumMax));
      expected.push({ time: queued, hash });
    }
    now += random.next() * spread * 0.1;
    let last = Number.NEGATIVE_INFINITY;
    for (;;) {
      const earliest = Math.min(Number.POSITIVE_INFINITY, ...expected.map(({ time }) => time));
      expect(queue.lowerBound()).toBeLessThanOrEqual(earliest);
      const isDue = queue.take(now);
      expect(isDue).toBe(earliest <= now);
      if (!isDue) break;
      expect(queue.time).toBe(earliest);
      expect(queue.time).toBeGreaterThanOrEqual(last);
      last = queue.time;
      const at = expected.findIndex((e) => e.time === queue.time && e.hash === queue.hash);
      expect(at).toBeGreaterThanOrEqual(0);
      expected = expected.filter((_, i) => i !== at);
    }
    expect(queue.lowerBound()).toBeGreaterThan(now);
    expect(queue.size).toBe(expected.length);
  }
}

describe('WakeQueue', () => {
  it.each([
    ['a second', 1000],
    ['an hour', 3_600_000],
    ['a month', 30 * 86_400_000],
    ['thirty years', 30 * 365 * 86_400_000],
    ['all of time', 8e15],
  ])('gives times in order, none early, none late: times within %s', (_, spread) => {
    for (let seed = 1; seed <= 2; seed++) play(seed, spread);
  });

  it('gives back the memory of what was taken', () => {
    const queue = new WakeQueue();
    for (let i = 0; i < 100_000; i++) queue.push(i * 36, i);
    const full = queue.byteLength;
    expect(full / 100_000).toBeLessThan(13);
    while (queue.take(Number.POSITIVE_INFINITY));
    expect(queue.size).toBe(0);
    expect(queue.lowerBound()).toBe(Number.POSITIVE_INFINITY);
    expect(queue.byteLength).toBeLessThan(full / 10);
  });
});
