import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyTable } from './key-table.ts';

const utf8 = new TextEncoder();

function slotOf(table: KeyTable, key: string): number {
  const bytes = utf8.encode(key);
  return table.findOrInsert(bytes, 0, bytes.length);
}

function textOf(table: KeyTable, slot: number): string {
  const bytes = table.data.subarray(table.bounds[slot * 2], table.bounds[slot * 2 + 1]);
  return new TextDecoder().decode(bytes);
}

describe('a table of keys', () => {
  it('gives equal keys the same slot while the index grows', () => {
    const table = new KeyTable();
    const slots = Array.from({ length: 5000 }, (_, i) => slotOf(table, `user-${i}`));
    expect(new Set(slots).size).toBe(5000);
    expect(slots.map((_, i) => slotOf(table, `user-${i}`))).toEqual(slots);
    expect(textOf(table, slots[4321] as number)).toBe('user-4321');
  });

  it('has a place for the key without bytes', () => {
    const table = new KeyTable();
    expect(slotOf(table, '')).toBe(slotOf(table, ''));
    expect(table.size).toBe(1);
  });

  it('does what a map does, whatever is inserted and freed', () => {
    const step = fc.record({ key: fc.nat(40), isFreed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new KeyTable();
        const expected = new Map<string, number>();
        for (const { key, isFreed } of steps) {
          const text = `${'k'.repeat(key)}${key}`;
          const known = expected.get(text);
          if (isFreed && known !== undefined) {
            table.free(known);
            expected.delete(text);
          } else expected.set(text, slotOf(table, text));
        }
        expect(table.size).toBe(expected.size);
        for (const [text, slot] of expected) {
          expect(slotOf(table, text)).toBe(slot);
          expect(textOf(table, slot)).toBe(text);
        }
      }),
    );
  });

  it('resolves a block of keys as one by one', () => {
    const table = new KeyTable();
    const data = utf8.encode('aabbaacc');
    const starts = Int32Array.of(0, 2, 4, 6);
    const slots = new Int32Array(6);
    table.resolve(data, { starts, ends: starts.map((at) => at + 2), count: 4 }, slots, 1);
    expect([...slots]).toEqual([0, 0, 1, 0, 2, 0]);
  });
});

describe('a table that grows while keys come and go', () => {
  it('finds every key at every step of a growth, and no other', () => {
    const table = new KeyTable();
    const expected = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const text = `key-${i}`;
      expected.set(text, slotOf(table, text));
      if (i % 3 !== 2) continue;
      const gone = `key-${i - 2}`;
      table.free(expected.get(gone) as number);
      expected.delete(gone);
      const bytes = utf8.encode(gone);
      expect(table.find(bytes, 0, bytes.length)).toBe(-1);
    }
    expect(table.size).toBe(expected.size);
    for (const [text, slot] of expected) {
      expect(slotOf(table, text)).toBe(slot);
      expect(textOf(table, slot)).toBe(text);
    }
  });

  it('gives the room of keys that are gone to others', () => {
    const table = new KeyTable();
    for (let i = 0; i < 100_000; i++) table.free(slotOf(table, `key-${i}`));
    expect(table.slotCount).toBe(1);
    expect(table.byteLength).toBeLessThan(100_000);
  });
});
