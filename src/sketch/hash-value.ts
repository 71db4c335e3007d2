// A 52-bit hash of a value for sketches: two murmur-finished lanes over the value's bytes. Sketches
// are kept in state, so it must never change (golden values in the test).

const utf8 = new TextEncoder();
let scratch = new Uint8Array(256);
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Strings by UTF-8 bytes, numbers by their double (one zero, one NaN), bigints by their digits. */
export function hashValue(value: string | number | bigint | boolean): number {
  if (typeof value === 'number') {
    // The bits of a NaN differ by where it comes from.
    float[0] = value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value;
    return hashRange(floatBytes, 0, 8);
  }
  const text = typeof value === 'string' ? value : String(value);
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
  return hashRange(scratch, 0, utf8.encodeInto(text, scratch).written);
}

/** The hash of `data[start .. end)`, below 2^52. */
export function hashRange(data: Uint8Array, start: number, end: number): number {
  let a = 0x9e3779b9 ^ (end - start);
  let b = 0x85ebca6b;
  for (let i = start; i < end; i++) {
    const byte = data[i] as number;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul((b << 5) ^ (b >>> 27) ^ byte, 0x27d4eb2d);
  }
  return finish(a ^ (b >>> 16)) * 0x100000 + (finish(b + Math.imul(a, 0x165667b1)) >>> 12);
}

function finish(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
