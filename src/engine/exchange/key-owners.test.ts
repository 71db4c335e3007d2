import { describe, expect, it } from 'vitest';
import { encodeKey } from '../../kernel/key-encoding.ts';
import { hashBytes } from '../../kernel/hash.ts';
import { keyGroupOf, keyGroupsOf } from '../../kernel/key-group.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import type { StreamNode } from '../../plan/plan.ts';
import { batchOf } from '../../testing/batches.ts';
import { columnNode } from '../../testing/plan-nodes.ts';
import { hashKeyText, nullKeyHash } from './hash-key-text.ts';
import { KeyOwners } from './key-owners.ts';

const text: Field = { name: 't', type: { kind: 'string' }, nullable: true };
const id: Field = { name: 'i', type: { kind: 'int64' }, nullable: true };
const ts: Field = { name: 'ts', type: { kind: 'timestamp' }, nullable: false };
const fields = [text, id, ts];
const stream = { name: 's', fields, eventTime: { field: 'ts' } } as unknown as StreamNode;

function owners(key: readonly Field[], rows: readonly Record<string, Value>[]): KeyOwners {
  const parts = key.map((field) => ({ ...field, value: columnNode(field) }));
  const found = new KeyOwners(fields, { key: parts, views: [0], usedFields: [] }, 5);
  const timed = rows.map((row, i) => ({
    row: { split: 0, offset: i, row: { ...row, ts: i }, arrivalMs: 0 },
    watermarkMs: 0,
  }));
  found.assign(batchOf(stream, timed));
  return found;
}

function ownerOf(key: readonly Field[], row: Record<string, Value>): number {
  const bytes = encodeKey(key, row);
  const group = keyGroupOf(hashBytes(bytes, 0, bytes.length));
  return [0, 1, 2, 3, 4].findIndex((subtask) => {
    const { first, end } = keyGroupsOf(subtask, 5);
    return first <= group && group < end;
  });
}

describe('the hash of a text that is a key', () => {
  it('is that of the encoded key, at every length', () => {
    for (let length = 0; length < 300; length++) {
      const value = 'äxyz0123'.repeat(40).slice(0, length);
      const bytes = encodeKey([text], { t: value });
      const lying = new TextEncoder().encode(`--${value}--`);
      const found = hashKeyText(2, lying, 2, lying.length - 2);
      expect(found, value).toBe(hashBytes(bytes, 0, bytes.length));
    }
    const none = encodeKey([text], { t: null });
    expect(nullKeyHash).toBe(hashBytes(none, 0, none.length));
  });
});

describe('owners of rows', () => {
  const random = seededRandom(11);
  const rows = Array.from({ length: 3000 }, (_, i) => ({
    t: i % 50 === 0 ? null : `user_${Math.floor(random.next() * 500)}`,
    i: i % 70 === 0 ? null : BigInt(Math.floor(random.next() * 100)),
  }));

  it.each([[[text]], [[id]], [[text, id]], [[]]])('follow from the key %j', (key) => {
    const found = owners(key, rows);
    expect([...found.owners.subarray(0, rows.length)]).toEqual(
      rows.map((row) => ownerOf(key, row)),
    );
  });

  it('come with the hottest keys', () => {
    const hot = rows.map((row, i) => (i % 2 === 0 ? { ...row, t: 'hot' } : row));
    const [first] = owners([text], hot).hotKeys.top(3);
    expect(first?.key).toEqual(encodeKey([text], { t: 'hot' }));
    expect(first?.share).toBeCloseTo(0.5, 0.1);
  });
});
