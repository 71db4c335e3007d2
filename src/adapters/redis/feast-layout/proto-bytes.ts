// Bytes in the form of protocol buffers that grow while they are written. Integers are written from
// their 32-bit halves: nothing here makes a bigint or an object per value.
import type { ByteSink } from '../../../columns/nested-value.ts';

const encoder = new TextEncoder();
const twoTo32 = 4_294_967_296;

export class ProtoBytes implements ByteSink {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(byteCapacity = 4096) {
    this.bytes = new Uint8Array(byteCapacity);
    this.view = new DataView(this.bytes.buffer);
  }

  reset(): void {
    this.length = 0;
  }

  take(size: number): number {
    const at = this.length;
    this.length = at + size;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  byte(value: number): void {
    const at = this.take(1);
    this.bytes[at] = value;
  }

  /** An unsigned number below 2^32. */
  varint32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** 64 bits from two halves; negative numbers take ten bytes, as protocol buffers have it. */
  varint64(low: number, high: number): void {
    let lo = low >>> 0;
    let hi = high >>> 0;
    while (hi !== 0) {
      this.byte((lo & 0x7f) | 0x80);
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.varint32(lo);
  }

  /** A whole number of at most 53 bits. */
  varintOf(value: number): void {
    const high = Math.floor(value / twoTo32);
    this.varint64(value - high * twoTo32, high);
  }

  varintOfBigint(value: bigint): void {
    this.varint64(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
  }

  uint32(value: number): void {
    const at = this.take(4);
    this.view.setUint32(at, value, true);
  }

  float32(value: number): void {
    const at = this.take(4);
    this.view.setFloat32(at, value, true);
  }

  float64(value: number): void {
    const at = this.take(8);
    this.view.setFloat64(at, value, true);
  }

  /** Copies `from[start .. end)`. */
  raw(from: Uint8Array, start: number, end: number): void {
    const at = this.take(end - start);
    if (end - start > 32) {
      this.bytes.set(from.subarray(start, end), at);
      return;
    }
    const { bytes } = this;
    for (let i = start, j = at; i < end; i++, j++) bytes[j] = from[i] as number;
  }

  /** Length, then bytes. */
  delimited(from: Uint8Array): void {
    this.varint32(from.length);
    this.raw(from, 0, from.length);
  }

  /** Length, then UTF-8. */
  text(text: string): void {
    this.delimited(encoder.encode(text));
  }

  /** Puts the length of all that was written since `start` in front of it. */
  prefixLength(start: number): void {
    const size = this.length - start;
    let width = 1;
    for (let rest = size; rest > 0x7f; rest >>>= 7) width++;
    this.take(width);
    this.bytes.copyWithin(start + width, start, start + size);
    this.length = start;
    this.varint32(size);
    this.length = start + width + size;
  }
}

/** A key of a field: its number and how its value is written (0 varint, 1 eight bytes, 2 length, 5 four bytes). */
export function protoTag(field: number, wire: 0 | 1 | 2 | 5): number {
  return (field << 3) | wire;
}
