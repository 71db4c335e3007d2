// CRC-32C (Castagnoli), the checksum of state files: reflected polynomial 0x82f63b78, start and end
// inverted, as in iSCSI (RFC 3720 B.4). Several bytes a step by a table for each ("slicing by
// 8", Kounavis and Berry 2005), long stretches in WebAssembly. It must never change, or files written before could not be checked.

import { type LongCrc32c, createLongCrc32c } from './crc32c-module.ts';

const polynomial = 0x82f63b78;
/** From here on it is worth copying the bytes. */
const longFrom = 512;

let long: LongCrc32c | null = null;

/** Table k at `k * 256`: what a byte does to the checksum k bytes after it. */
const tables: Int32Array = makeTables();

/** The checksum of `data[start .. end)`, unsigned; `seed` is the checksum of the bytes before it. */
export function crc32c(data: Uint8Array, start = 0, end = data.length, seed = 0): number {
  if (end - start >= longFrom) {
    long ??= createLongCrc32c(tables);
    return ~long(data, start, end, ~seed) >>> 0;
  }
  const t = tables;
  let crc = ~seed;
  let at = start;
  for (const blocks = end - 7; at < blocks; at += 8) {
    crc ^=
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    crc =
      (t[1792 + (crc & 255)] as number) ^
      (t[1536 + ((crc >>> 8) & 255)] as number) ^
      (t[1280 + ((crc >>> 16) & 255)] as number) ^
      (t[1024 + (crc >>> 24)] as number) ^
      (t[768 + (data[at + 4] as number)] as number) ^
      (t[512 + (data[at + 5] as number)] as number) ^
      (t[256 + (data[at + 6] as number)] as number) ^
      (t[data[at + 7] as number] as number);
  }
  for (; at < end; at++) crc = (t[(crc ^ (data[at] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] as number;
    made[at] = (made[before & 255] as number) ^ (before >>> 8);
  }
  return made;
}
