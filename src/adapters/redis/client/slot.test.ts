import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { slotTags } from '../layout/key-names.ts';
import { slotOf } from './slot.ts';

it('finds the slots that Redis finds', () => {
  // CLUSTER KEYSLOT of redis-server 7.0.15.
  expect(slotOf('123456789')).toBe(12_739);
  expect(slotOf('foo')).toBe(12_182);
  expect(slotOf('foo{bar}')).toBe(slotOf('bar'));
  expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'));
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'));
  expect(slotOf(Buffer.from('foo'))).toBe(12_182);
});

it('knows a text of every slot', () => {
  for (const slot of [0, 1, 8191, 16_383]) expect(slotOf(slotTags(slot))).toBe(slot);
});
