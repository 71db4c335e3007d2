import { describe, expect, it } from 'vitest';
import { hashBytes } from './hash.ts';

const hashText = (text: string): number => {
  const bytes = new TextEncoder().encode(`xx${text}yy`);
  return hashBytes(bytes, 2, bytes.length - 2);
};

describe('hashBytes', () => {
  it.each([
    ['', 0],
    ['a', 0x3c2569b2],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('is murmur3_x86_32 of %j', (text, expected) => {
    expect(hashText(text)).toBe(expected);
  });

  it('reads bytes that end in zero', () => {
    expect(hashBytes(Uint8Array.of(0), 0, 1)).toBe(0x514e28b7);
    expect(hashBytes(Uint8Array.of(0, 0, 0, 0), 0, 4)).toBe(0x2362f9de);
  });
});
