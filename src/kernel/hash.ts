// The hash of keys: murmur3 (x86, 32 bit, seed 0) over bytes. Key groups and tables use it; it
// must never change, or state written before could not be found again.
// Source: Austin Appleby's public-domain MurmurHash3, as published; golden values in the test.

/** murmur3_x86_32 of `data[start .. end)` as an unsigned 32-bit number. */
export function hashBytes(data: Uint8Array, start: number, end: number): number {
  let h = 0;
  let i = start;
  for (const blocks = end - 3; i < blocks; i += 4) {
    let k =
      (data[i] as number) |
      ((data[i + 1] as number) << 8) |
      ((data[i + 2] as number) << 16) |
      ((data[i + 3] as number) << 24);
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; i < end; i++, shift += 8) tail |= (data[i] as number) << shift;
  if (tail !== 0 || (end - start) % 4 !== 0) {
    tail = Math.imul(tail, 0xcc9e2d51);
    tail = (tail << 15) | (tail >>> 17);
    h ^= Math.imul(tail, 0x1b873593);
  }
  h ^= end - start;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
