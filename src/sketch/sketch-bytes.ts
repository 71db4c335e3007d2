// Bytes of summaries: a buffer that grows and a reader of it. Little-endian; a varint has seven bits
// a byte, the lowest first. What was written reads back bit for bit.

/** A value that summaries can hold. */
export type SketchValue = string | number | bigint | boolean;

const kinds = { no: 0, yes: 1, number: 2, bigint: 3, utf8: 4, units: 5 } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class SketchWriter {
  /** A call of `#take` may replace these two: they are read after it. */
  #data = new Uint8Array(256);
  #view = new DataView(this.#data.buffer);
  #length = 0;

  u8(value: number): void {
    const at = this.#take(1);
    this.#data[at] = value;
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.u8((rest % 0x80) + 0x80);
    this.u8(rest);
  }

  /** A value after its kind; text that is no valid Unicode as its units. */
  value(value: SketchValue): void {
    if (typeof value === 'boolean') this.u8(value ? kinds.yes : kinds.no);
    else if (typeof value === 'number') {
      this.u8(kinds.number);
      this.f64(value);
    } else if (typeof value === 'bigint') this.#text(kinds.bigint, value.toString());
    else if (value.isWellFormed()) this.#text(kinds.utf8, value);
    else {
      this.u8(kinds.units);
      this.varint(value.length);
      for (let i = 0; i < value.length; i++) {
        const at = this.#take(2);
        this.#view.setUint16(at, value.charCodeAt(i), true);
      }
    }
  }

  toBytes(): Uint8Array {
    return this.#data.slice(0, this.#length);
  }

  #text(kind: number, text: string): void {
    const bytes = encoder.encode(text);
    this.u8(kind);
    this.varint(bytes.length);
    const at = this.#take(bytes.length);
    this.#data.set(bytes, at);
  }

  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#data.length) {
      const larger = new Uint8Array(Math.max(this.#data.length * 2, this.#length));
      larger.set(this.#data);
      this.#data = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

export class SketchReader {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
  }

  value(): SketchValue {
    const kind = this.u8();
    if (kind === kinds.no || kind === kinds.yes) return kind === kinds.yes;
    if (kind === kinds.number) return this.f64();
    if (kind === kinds.bigint) return BigInt(this.#text());
    if (kind === kinds.utf8) return this.#text();
    const units = Array.from({ length: this.varint() }, () =>
      this.#view.getUint16(this.#skip(2), true),
    );
    return units.reduce((text, unit) => text + String.fromCharCode(unit), '');
  }

  #text(): string {
    const length = this.varint();
    const at = this.#skip(length);
    return decoder.decode(this.#data.subarray(at, at + length));
  }

  #skip(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
