// Numbers of Kafka's wire format in bytes, big-endian. Eight-byte ones are offsets, times and ids of
// producers, all below 2^53 in practice: they are read as doubles, without bigints.

/** Where `readVarint` left off. */
export const cursor: { at: number } = { at: 0 };

export function int16At(bytes: Uint8Array, p: number): number {
  return (((bytes[p] as number) << 24) >> 16) | (bytes[p + 1] as number);
}

export function int32At(bytes: Uint8Array, p: number): number {
  return (
    ((bytes[p] as number) << 24) |
    ((bytes[p + 1] as number) << 16) |
    ((bytes[p + 2] as number) << 8) |
    (bytes[p + 3] as number)
  );
}

export function int64At(bytes: Uint8Array, p: number): number {
  return int32At(bytes, p) * 4_294_967_296 + (int32At(bytes, p + 4) >>> 0);
}

/** A zigzag number of up to five bytes at `start`; `cursor.at` is the position after it. */
export function readVarint(bytes: Uint8Array, start: number): number {
  let p = start;
  let byte = bytes[p++] as number;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
    byte = bytes[p++] as number;
    value |= (byte & 0x7f) << shift;
  }
  cursor.at = p;
  return (value >>> 1) ^ -(value & 1);
}

/** A zigzag number of up to ten bytes at `start`; exact below 2^53. */
export function readVarlong(bytes: Uint8Array, start: number): number {
  let p = start;
  let byte = bytes[p++] as number;
  let value = byte & 0x7f;
  for (let scale = 128; byte >= 0x80; scale *= 128) {
    byte = bytes[p++] as number;
    value += (byte & 0x7f) * scale;
  }
  cursor.at = p;
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
