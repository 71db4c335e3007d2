import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('crc32c', () => {
  it('gives the published values', () => {
    expect(crc32c(text('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it('is the same in one go, in pieces, and at any place in memory', () => {
    const data = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 255);
    const whole = crc32c(data);
    for (let cut = 0; cut <= 100; cut++) {
      expect(crc32c(data, cut, 100, crc32c(data, 0, cut))).toBe(whole);
    }
    const moved = new Uint8Array(120);
    moved.set(data, 13);
    expect(crc32c(moved, 13, 113)).toBe(whole);
  });

  it('is the same of long stretches as of their pieces', () => {
    const data = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 37 + (i >> 8)) & 255);
    for (const length of [511, 512, 513, 527, 528, 1000, 49_151, 49_152, 49_153, 150_007]) {
      for (const start of [0, 1, 13]) {
        let inPieces = 7;
        for (let at = start; at < start + length; at += 100) {
          inPieces = crc32c(data, at, Math.min(start + length, at + 100), inPieces);
        }
        expect(crc32c(data, start, start + length, 7)).toBe(inPieces);
      }
    }
  });

  it('notices every flipped bit', () => {
    const data = Uint8Array.from({ length: 41 }, (_, i) => (i * 91) & 255);
    const whole = crc32c(data);
    for (let bit = 0; bit < data.length * 8; bit++) {
      const broken = data.slice();
      broken[bit >> 3] = (broken[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(crc32c(broken)).not.toBe(whole);
    }
  });
});
