import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { PagePool } from './page-pool.ts';
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
    const arena = new RegionArena(new PagePool());
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
    const pool = new PagePool();
    const arena = new RegionArena(pool);
    let regions = Array.from({ length: 5000 }, () => takeMarked(arena, 12, 1));
    for (const length of [20, 36, 68, 132, 248]) {
      regions = regions.map((old) => {
        const larger = takeMarked(arena, length, 2);
        arena.give(old.length, old.page, old.offset);
        return larger;
      });
    }
    expect(arena.used).toBe(5000 * 248);
    expect(arena.byteLength + pool.spareBytes).toBeLessThan(5000 * 248 * 8 * 1.15);
  });

  it('empties pages that hold little, for regions of another length', () => {
    const random = seededRandom(3);
    const pool = new PagePool();
    const arena = new RegionArena(pool);
    const all = Array.from({ length: 20_000 }, (_, i) => takeMarked(arena, 50, i + 1));
    const kept = all.filter((region) => {
      if (random.next() < 0.1) return true;
      arena.give(region.length, region.page, region.offset);
      return false;
    });
    const { byteLength } = arena;
    expect(arena.slackBytes).toBeGreaterThan(byteLength * 0.8);
    const moved = kept.map((region) => {
      const { length, page, offset } = region;
      if (!arena.moveFromSparse(length, page, offset)) return region;
      return { ...region, page: arena.page, offset: arena.offset };
    });
    expect(arena.slackBytes).toBeLessThan(byteLength * 0.02);
    const others = Array.from({ length: 7000 }, (_, i) => takeMarked(arena, 120, -i - 1));
    expect(arena.byteLength + pool.spareBytes).toBe(byteLength);
    expect([...moved, ...others].every((region) => isIntact(arena, region))).toBe(true);
  });

  it('leaves pages to other arenas of the pool', () => {
    const random = seededRandom(5);
    const pool = new PagePool();
    const arenas = [new RegionArena(pool), new RegionArena(pool)] as const;
    const regions: [Region[], Region[]] = [[], []];
    let most = 0;
    for (let step = 0; step < 40_000; step++) {
      // One grows while the other shrinks, in turns.
      const growing = Math.floor(step / 8000) % 2 === 0 ? 0 : 1;
      const other = growing === 0 ? 1 : 0;
      if (random.next() < 0.9) {
        regions[growing].push(takeMarked(arenas[growing], 60 + growing, step + 1));
      }
      const [gone] = regions[other].splice(-1);
      if (gone !== undefined) arenas[other].give(gone.length, gone.page, gone.offset);
      most = Math.max(most, regions[0].length + regions[1].length);
    }
    const bytes = arenas[0].byteLength + arenas[1].byteLength + pool.spareBytes;
    expect(bytes).toBeLessThan(most * 61 * 8 * 1.1);
    for (const of of [0, 1] as const) {
      expect(regions[of].every((region) => isIntact(arenas[of], region))).toBe(true);
    }
  });
});
