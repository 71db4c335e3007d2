// Which partition a key belongs to, as Java's producer decides it: the hash murmur2 of the key's bytes
// without its sign, modulo the number of partitions.

const seed = 0x9747b28c;
const m = 0x5bd1e995;

/** Kafka's murmur2 of `bytes[start .. end)`, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  let h = seed ^ length;
  let at = start;
  for (const whole = start + (length & ~3); at < whole; at += 4) {
    let k =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = end - at;
  if (rest === 3) h ^= (bytes[at + 2] as number) << 16;
  if (rest >= 2) h ^= (bytes[at + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (bytes[at] as number), m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

/** The partition of a key, from its hash. */
export function partitionOf(hash: number, partitionCount: number): number {
  return (hash & 0x7fffffff) % partitionCount;
}
