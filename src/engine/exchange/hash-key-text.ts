// The hash of a key that is one text, without encoding it first: `hashBytes` of its tag, its length
// as u32 and its bytes (`kernel/key-encoding.ts`), read where the text lies. The key's group depends
// on it, so a test compares the two over all lengths of a block.
import { keyTagNull } from '../../kernel/key-encoding.ts';
import { hashBytes } from '../../kernel/hash.ts';

/** The hash of a key whose only part is null. */
export const nullKeyHash = hashBytes(Uint8Array.of(keyTagNull), 0, 1);

export function hashKeyText(tag: number, data: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let h = mixed(0, tag | (length << 8));
  let at = start;
  // The block that the length's last byte begins.
  let block = length >>> 24;
  if (length >= 3) {
    block |= ((data[at] as number) << 8) | ((data[at + 1] as number) << 16);
    h = mixed(h, block | ((data[at + 2] as number) << 24));
    at += 3;
    for (const blocks = end - 3; at < blocks; at += 4) {
      const next =
        (data[at] as number) |
        ((data[at + 1] as number) << 8) |
        ((data[at + 2] as number) << 16) |
        ((data[at + 3] as number) << 24);
      h = mixed(h, next);
    }
    block = 0;
    for (let shift = 0; at < end; at++, shift += 8) block |= (data[at] as number) << shift;
  } else {
    for (let shift = 8; at < end; at++, shift += 8) block |= (data[at] as number) << shift;
  }
  h ^= scrambled(block);
  h ^= length + 5;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function scrambled(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function mixed(hash: number, block: number): number {
  const h = hash ^ scrambled(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}
