// Numbers and identifiers kept as bytes of a fixed form.

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The two's complement, big-endian integer in `bytes[start .. end)`; of no bytes: 0. */
export function signedBigint(bytes: Uint8Array, start: number, end: number): bigint {
  if (start === end) return 0n;
  if (end - start <= 6) {
    let small = ((bytes[start] as number) << 24) >> 24;
    for (let p = start + 1; p < end; p++) small = small * 256 + (bytes[p] as number);
    return BigInt(small);
  }
  let digits = '0x';
  for (let p = start; p < end; p++) digits += hex[bytes[p] as number] as string;
  return BigInt.asIntN((end - start) * 8, BigInt(digits));
}

/** The shortest two's complement, big-endian bytes of an integer. */
export function signedBytes(value: bigint): Uint8Array {
  let size = 1;
  while (BigInt.asIntN(size * 8, value) !== value) size++;
  return fixedBytes(value, size);
}

/** Two's complement, big-endian, of exactly this many bytes. */
function fixedBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let p = size - 1; p >= 0; p--) {
    bytes[p] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` of 16 bytes. */
export function uuidText(bytes: Uint8Array, start: number): string {
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += hex[bytes[start + i] as number] as string;
  }
  return text;
}
