// Bytes of Avro, written one after the other into a buffer that grows and is reused.
const utf8 = new TextEncoder();

export class AvroOutput {
  bytes: Uint8Array = new Uint8Array(1024);
  length = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** Begins again, behind bytes that stay. */
  reset(prefix: Uint8Array): void {
    this.length = 0;
    this.raw(prefix);
  }

  byte(value: number): void {
    this.#ensure(1);
    this.bytes[this.length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#ensure(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** An integer of 64 bits as its two words. */
  words(low: number, high: number): void {
    const sign = high >> 31;
    let lowPart = ((low << 1) ^ sign) >>> 0;
    let highPart = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    this.#ensure(10);
    while (highPart > 0 || lowPart > 0x7f) {
      this.bytes[this.length++] = (lowPart & 0x7f) | 0x80;
      lowPart = ((lowPart >>> 7) | ((highPart & 0x7f) << 25)) >>> 0;
      highPart >>>= 7;
    }
    this.bytes[this.length++] = lowPart;
  }

  /** A whole number up to 2^53. */
  whole(value: number): void {
    this.words(value | 0, Math.floor(value / 2 ** 32) | 0);
  }

  bigint(value: bigint): void {
    this.words(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  float(value: number): void {
    this.#ensure(4);
    this.#view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  double(value: number): void {
    this.#ensure(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Bytes with their length in front. */
  run(bytes: Uint8Array): void {
    this.whole(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    this.run(utf8.encode(text));
  }

  #ensure(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.length + more, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
