// Line feeds that JSON allows between the parts of a record. The scanners take a line feed for the
// end of what they scan, so a message of several lines is made one line, where it lies.

/** Puts spaces for line feeds outside of strings; the bytes as they were, or null without any. */
export function joinLines(bytes: Uint8Array, begin: number, end: number): Uint8Array | null {
  let original: Uint8Array | null = null;
  let isText = false;
  for (let p = begin; p < end; p++) {
    const c = bytes[p];
    if (c === 0x22) isText = !isText;
    else if (c === 0x5c && isText) p++;
    else if (c === 10 && !isText) {
      original ??= bytes.slice(begin, end);
      bytes[p] = 0x20;
    }
  }
  return original;
}
