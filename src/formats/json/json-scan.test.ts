import { expect, test } from 'vitest';
import { scanString } from './json-scan.ts';

function scan(text: readonly number[], from: number): number {
  const bytes = Uint8Array.from(text);
  return scanString(bytes, new DataView(bytes.buffer), from);
}

test('a string ends at its first byte that does not stand for itself, wherever that lies', () => {
  for (let length = 0; length < 10; length++) {
    for (let byte = 0; byte < 256; byte++) {
      // The byte behind the first one that counts borrows from the sums of a word.
      const text = [0x5b, ...new Array<number>(length).fill(0x7f), byte, 0x23, 0x22, 0x0a];
      const isPlain = byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c;
      const expected = byte === 0x22 ? 1 + length : isPlain ? 3 + length : -1;
      expect(scan(text, 1), `byte ${byte} behind ${length} others`).toBe(expected);
    }
  }
});

test('letters of several bytes are passed', () => {
  const text = [...new TextEncoder().encode('ab€ü😀cd"e\n')];
  expect(scan(text, 0)).toBe(text.indexOf(0x22));
});
