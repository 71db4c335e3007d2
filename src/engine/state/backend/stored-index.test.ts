import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../kernel/random.ts';
import { emptyStoredEntry, StoredIndex } from './stored-index.ts';

interface Stored {
  hash: number;
  segment: number;
  ordinal: number;
  kind: number;
  queued: number;
}

function found(index: StoredIndex, hash: number): Stored[] {
  const entry = emptyStoredEntry();
  const all: Stored[] = [];
  for (let any = index.first(hash, entry); any; any = index.next(entry)) {
    all.push({ hash, ...entry });
  }
  return all.sort((a, b) => a.segment - b.segment || a.ordinal - b.ordinal);
}

describe('StoredIndex', () => {
  it('is a multimap from hashes to places, however keys come and go', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = seededRandom(seed);
      const index = new StoredIndex();
      const model: Stored[] = [];
      // Few groups and tables, and hashes that occur often: long runs, wrapped ends, equal hashes.
      const hashes = Array.from({ length: 60 }, () => Math.floor(random.next() * 2 ** 26));
      for (let step = 0; step < 600; step++) {
        const hash = hashes[Math.floor(random.next() * hashes.length)] as number;
        const own = model.filter((entry) => entry.hash === hash);
        const choice = random.next();
        if (choice < 0.5) {
          const place = { segment: step % 7, ordinal: step, kind: step % 3 };
          const entry = { hash, ...place, queued: Math.floor(random.next() * 2 ** 32) };
          index.insert(hash, entry);
          model.push(entry);
        } else if (choice < 0.85 && own.length > 0) {
          const entry = own[Math.floor(random.next() * own.length)] as Stored;
          const taken = emptyStoredEntry();
          expect(index.take(hash, entry.segment, entry.ordinal, taken)).toBe(true);
          expect({ hash, ...taken }).toEqual(entry);
          expect(index.take(hash, entry.segment, entry.ordinal, taken)).toBe(false);
          model.splice(model.indexOf(entry), 1);
        } else if (own.length > 0) {
          const entry = own[0] as Stored;
          const to = { segment: 9, ordinal: 100_000 + step };
          expect(index.move(hash, { ...entry }, to)).toBe(true);
          index.setQueued(hash, { ...entry, ...to }, step);
          Object.assign(entry, to, { queued: step });
        }
        const wanted = model.filter((entry) => entry.hash === hash);
        wanted.sort((a, b) => a.segment - b.segment || a.ordinal - b.ordinal);
        expect(found(index, hash)).toEqual(wanted);
      }
      expect(index.size).toBe(model.length);
      for (const { hash, segment, ordinal } of model) {
        expect(index.has(hash, segment, ordinal)).toBe(true);
      }
    }
  });

  it('needs at most 28 bytes a key once there are some', () => {
    const random = seededRandom(1);
    const index = new StoredIndex();
    const entry = emptyStoredEntry();
    let most = 0;
    for (let i = 0; i < 150_000; i++) {
      index.insert(Math.floor(random.next() * 2 ** 32), entry);
      if (i > 100_000 && i % 1000 === 0) most = Math.max(most, index.byteLength / index.size);
    }
    expect(most).toBeLessThan(28);
  });
});
