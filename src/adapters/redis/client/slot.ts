// Slots of Redis Cluster: CRC16 (XMODEM) over the key, or over what stands between its first braces.
// Source: the Redis Cluster specification, "Key distribution model".
import { Buffer } from 'node:buffer';

const slotCount = 16_384;
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

/** The slot that a key lies in. */
export function slotOf(key: string | Uint8Array): number {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  const open = bytes.indexOf(0x7b);
  const close = open < 0 ? -1 : bytes.indexOf(0x7d, open + 1);
  const isTagged = close > open + 1;
  let crc = 0;
  const end = isTagged ? close : bytes.length;
  for (let i = isTagged ? open + 1 : 0; i < end; i++) {
    const at = ((crc >> 8) ^ (bytes[i] as number)) & 0xff;
    crc = ((crc << 8) ^ (table[at] as number)) & 0xffff;
  }
  return crc % slotCount;
}
