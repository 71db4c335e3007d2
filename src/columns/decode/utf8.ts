// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.

/** Bytes of the valid multi-byte sequence at `p` (2, 3 or 4); 0 when there is none. */
export function utf8SequenceLength(bytes: Uint8Array, p: number): number {
  const first = bytes[p] as number;
  const second = bytes[p + 1] as number;
  if ((second & 0xc0) !== 0x80) return 0;
  if (first < 0xe0) return first >= 0xc2 ? 2 : 0;
  if (((bytes[p + 2] as number) & 0xc0) !== 0x80) return 0;
  if (first < 0xf0) {
    if (first === 0xe0 && second < 0xa0) return 0;
    return first === 0xed && second > 0x9f ? 0 : 3;
  }
  if (((bytes[p + 3] as number) & 0xc0) !== 0x80) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first > 0xf4 || (first === 0xf4 && second > 0x8f)) return 0;
  return 4;
}

/** Writes a code point (not a surrogate) as UTF-8; returns the position after it. */
export function writeCodePoint(target: Uint8Array, at: number, codePoint: number): number {
  let p = at;
  if (codePoint < 0x80) {
    target[p++] = codePoint;
    return p;
  }
  if (codePoint < 0x800) {
    target[p++] = 0xc0 | (codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      target[p++] = 0xe0 | (codePoint >> 12);
    } else {
      target[p++] = 0xf0 | (codePoint >> 18);
      target[p++] = 0x80 | ((codePoint >> 12) & 0x3f);
    }
    target[p++] = 0x80 | ((codePoint >> 6) & 0x3f);
  }
  target[p++] = 0x80 | (codePoint & 0x3f);
  return p;
}

/** The first position in `[start, end)` that is not valid UTF-8, or -1. */
export function invalidUtf8At(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end) {
    if ((bytes[p] as number) < 0x80) {
      p++;
      continue;
    }
    const length = utf8SequenceLength(bytes, p);
    if (length === 0 || p + length > end) return p;
    p += length;
  }
  return -1;
}
