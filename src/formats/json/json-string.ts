// Escapes of JSON strings, decoded in place: the decoded text is never longer than the escaped one.
import { Buffer } from 'node:buffer';
import { writeCodePoint } from '../../columns/decode/utf8.ts';
import { hexValue } from './json-scan.ts';

const controlEscapes: Readonly<Record<number, number>> = {
  0x62: 8,
  0x66: 12,
  0x6e: 10,
  0x72: 13,
  0x74: 9,
};

/**
 * Decodes the escapes of the scanned string `bytes[start .. end)` where it stands; returns the new
 * end. It must not hold half of a surrogate pair, which UTF-8 cannot express.
 */
export function unescapeInPlace(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  let p = start;
  while (p < end) {
    const c = bytes[p] as number;
    if (c !== 0x5c) {
      bytes[to++] = c;
      p++;
      continue;
    }
    const letter = bytes[p + 1] as number;
    if (letter !== 0x75) {
      bytes[to++] = controlEscapes[letter] ?? letter;
      p += 2;
      continue;
    }
    let unit = hexValue(bytes, p + 2);
    p += 6;
    if (unit >= 0xd800 && unit < 0xdc00) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + hexValue(bytes, p + 2) - 0xdc00;
      p += 6;
    }
    to = writeCodePoint(bytes, to, unit);
  }
  return to;
}

/** True when a \\u escape stands for half of a surrogate pair without its other half. */
export function hasLoneSurrogate(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  while (p < end) {
    if (bytes[p] !== 0x5c) {
      p++;
      continue;
    }
    if (bytes[p + 1] !== 0x75) {
      p += 2;
      continue;
    }
    const unit = hexValue(bytes, p + 2);
    p += 6;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit >= 0xdc00 || p + 6 > end) return true;
    if (bytes[p] !== 0x5c || bytes[p + 1] !== 0x75) return true;
    const low = hexValue(bytes, p + 2);
    if (low < 0xdc00 || low > 0xdfff) return true;
    p += 6;
  }
  return false;
}

/** The string as JavaScript text, escapes decoded; the bytes stay as they are. */
export function unescapeText(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  return JSON.parse(`"${raw.toString()}"`) as string;
}
