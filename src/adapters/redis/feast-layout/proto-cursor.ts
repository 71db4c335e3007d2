// Reads protocol buffers from bytes that somebody else wrote: everything is bounded by `end`, and what
// does not fit throws `MalformedProto`. Integers are left as two halves; unknown fields are skipped.

/** Bytes that are no message of the expected kind. */
export class MalformedProto extends Error {}

export class ProtoCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  at = 0;
  end = 0;
  /** The field that `next` found, and how its value is written. */
  field = 0;
  wire = 0;
  /** Halves of the varint that was read last. */
  low = 0;
  high = 0;

  open(bytes: Uint8Array, start = 0, end = bytes.length): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.at = start;
    this.end = end;
    return this;
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.varint();
    this.field = this.low >>> 3;
    this.wire = this.low & 7;
    return true;
  }

  varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) throw new MalformedProto();
      const byte = this.bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new MalformedProto();
  }

  /** The varint that was read last, as a number; beyond 53 bits it is rounded. */
  get signed(): number {
    return (this.high | 0) * 4_294_967_296 + this.low;
  }

  get bigint(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  float64(): number {
    return this.view.getFloat64(this.fixed(8), true);
  }

  float32(): number {
    return this.view.getFloat32(this.fixed(4), true);
  }

  /** Reads a length; gives where the bytes end that start at `at`. */
  delimited(): number {
    this.varint();
    const end = this.at + this.low;
    if (this.high !== 0 || end > this.end) throw new MalformedProto();
    return end;
  }

  skip(): void {
    if (this.wire === 0) this.varint();
    else if (this.wire === 1) this.fixed(8);
    else if (this.wire === 2) this.at = this.delimited();
    else if (this.wire === 5) this.fixed(4);
    else throw new MalformedProto();
  }

  fixed(size: number): number {
    const at = this.at;
    if (at + size > this.end) throw new MalformedProto();
    this.at = at + size;
    return at;
  }
}
