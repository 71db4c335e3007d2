import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { RegionArena } from './region-arena.ts';

interface Region {
  readonly length: number;
  readonly page: number;
  readonly offset: number;
  readonly mark: number;
}

function takeMarked(arena: RegionArena, length: number, mark: number): Region {
  arena.take(length);
  const { page, offset } = arena;
  arena.pages[page]?.fill(mark, offset, offset + length);
  return { length, page, offset, mark };
}

function isIntact(arena: RegionArena, { page, offset, length, mark }: Region): boolean {
  const numbers = arena.pages[page]?.subarray(offset, offset + length) ?? [];
  return numbers.length === length && numbers.every((number) => number === mark);
}

describe('an arena of regions', () => {
  it('never gives one number to two regions, whatever is taken and given back', () => {
    const random = seededRandom(11);
    const arena = new RegionArena();
    const regions: Region[] = [];
    const lengths = [3, 12, 20, 248, 5000, 20_000];
    for (let step = 0; step < 4000; step++) {
      if (regions.length > 0 && random.next() < 0.5) {
        const [gone] = regions.splice(Math.floor(random.next() * regions.length), 1);
        if (gone === undefined) continue;
        expect(isIntact(arena, gone)).toBe(true);
        arena.give(gone.length, gone.page, gone.offset);
      } else {
        const length = lengths[Math.floor(random.next() * lengths.length)] ?? 1;
        regions.push(takeMarked(arena, length, step + 1));
      }
    }
    expect(regions.every((region) => isIntact(arena, region))).toBe(true);
    expect(arena.used).toBe(regions.reduce((sum, { length }) => sum + length, 0));
  });

  it('serves other lengths with the room of regions that all keys have outgrown', () => {
    const arena = new RegionArena();
    let regions = Array.from({ length: 5000 }, () => takeMarked(arena, 12, 1));
    for (const length of [20, 36, 68, 132, 248]) {
      regions = regions.map((old) => {
        const larger = takeMarked(arena, length, 2);
        arena.give(old.length, old.page, old.offset);
        return larger;
      });
    }
    expect(arena.used).toBe(5000 * 248);
    expect(arena.byteLength).toBeLessThan(5000 * 248 * 8 * 1.15);
  });
});
