// Which fields a record has had so far: one bit per field, in words of thirty, so that a word
// stays a small integer.

const fieldsPerWord = 30;

/** Which word and bit a field has in the set of fields seen. */
export function seenBit(index: number): { readonly word: number; readonly bit: number } {
  return { word: Math.floor(index / fieldsPerWord), bit: 1 << (index % fieldsPerWord) };
}

/** Words that a set over this many fields takes; at least one. */
export function seenWordCount(fieldCount: number): number {
  return Math.max(1, Math.ceil(fieldCount / fieldsPerWord));
}

/** The value of a word when every field of it is there. */
export function allSeen(fieldCount: number, word: number): number {
  const inWord = Math.max(0, Math.min(fieldsPerWord, fieldCount - word * fieldsPerWord));
  return 2 ** inWord - 1;
}
