// State as bytes: a buffer that grows, little-endian, with whatever state is made of. What is written
// reads back bit for bit (`StateReader`), −0, NaN, the infinities and unpaired surrogates included.
import type { Value } from '../../../kernel/types/field-type.ts';

/** Tags of values. */
export const valueTags = {
  missing: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  whole: 5,
  bigint: 6,
  string: 7,
  bytes: 8,
  list: 9,
  record: 10,
} as const;

/** The platform's own numbers are in the order of the format: runs of them are copied at once. */
export const isLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Shorter runs of numbers are written one by one: that costs less than a view of them. */
export const bulkNumbers = 64;

const asciiMax = 64;
const utf8 = new TextEncoder();

/** Bytes are `data[0 .. length)` until the next call of a method. */
export class StateWriter {
  data: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(capacity = 4096) {
    this.data = new Uint8Array(capacity);
    this.#view = new DataView(this.data.buffer);
  }

  /** Begins anew in the same buffer. */
  reset(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.data[at] = value;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** A whole number from 0 to 2^53 − 1, seven bits a byte. */
  varint(value: number): void {
    if (this.length + 8 > this.data.length) this.#grow(8);
    const { data } = this;
    let at = this.length;
    let rest = value;
    while (rest >= 0x80) {
      data[at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    data[at++] = rest;
    this.length = at;
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  /** `source[first .. end)`, without their number. */
  floats(source: Float64Array, first: number, end: number): void {
    const start = this.#take((end - first) * 8);
    if (end - first >= bulkNumbers && isLittleEndian) {
      const from = source.byteOffset + first * 8;
      this.data.set(new Uint8Array(source.buffer, from, (end - first) * 8), start);
      return;
    }
    const view = this.#view;
    for (let i = first, at = start; i < end; i++, at += 8) {
      view.setFloat64(at, source[i] as number, true);
    }
  }

  /** `source[0 .. count)`, without their number. */
  ints(source: Int32Array, count: number): void {
    const start = this.#take(count * 4);
    if (isLittleEndian) {
      this.data.set(new Uint8Array(source.buffer, source.byteOffset, count * 4), start);
      return;
    }
    for (let i = 0, at = start; i < count; i++, at += 4) {
      this.#view.setInt32(at, source[i] as number, true);
    }
  }

  /** `source[first .. end)` after their number. */
  bytes(source: Uint8Array, first = 0, end: number = source.length): void {
    this.varint(end - first);
    this.raw(source, first, end);
  }

  /** `source[first .. end)`, without their number. */
  raw(source: Uint8Array, first: number, end: number): void {
    const start = this.#take(end - first);
    const { data } = this;
    if (end - first > asciiMax) data.set(source.subarray(first, end), start);
    else for (let i = first, at = start; i < end; i++, at++) data[at] = source[i] as number;
  }

  string(text: string): void {
    if (text.length <= asciiMax && this.#ascii(text)) return;
    if (text.isWellFormed()) {
      const bytes = utf8.encode(text);
      this.varint(bytes.length * 2);
      const at = this.#take(bytes.length);
      this.data.set(bytes, at);
      return;
    }
    this.varint(text.length * 2 + 1);
    for (let i = 0; i < text.length; i++) this.u16(text.charCodeAt(i));
  }

  bigint(value: bigint): void {
    const isShort = BigInt.asIntN(64, value) === value;
    this.u8(isShort ? 1 : 0);
    if (isShort) {
      const at = this.#take(8);
      this.#view.setBigInt64(at, value, true);
    } else this.string(value.toString());
  }

  /** A value of any field type, with its kind. */
  value(value: Value | undefined): void {
    if (value === undefined) this.u8(valueTags.missing);
    else if (value === null) this.u8(valueTags.null);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') this.u8(value ? valueTags.true : valueTags.false);
    else if (typeof value === 'string') {
      this.u8(valueTags.string);
      this.string(value);
    } else if (typeof value === 'bigint') {
      this.u8(valueTags.bigint);
      this.bigint(value);
    } else if (value instanceof Uint8Array) {
      this.u8(valueTags.bytes);
      this.bytes(value);
    } else if (Array.isArray(value)) {
      this.u8(valueTags.list);
      this.varint(value.length);
      for (const item of value as readonly Value[]) this.value(item);
    } else this.#record(value as { readonly [name: string]: Value });
  }

  /** Leaves room for the length of what comes next; `endSection` with the result fills it in. */
  beginSection(): number {
    return this.#take(4);
  }

  endSection(start: number): void {
    this.#view.setUint32(start, this.length - start - 4, true);
  }

  #number(value: number): void {
    if (value >= 0 && Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.u8(valueTags.whole);
      this.varint(value);
    } else {
      this.u8(valueTags.number);
      this.f64(value);
    }
  }

  #record(value: { readonly [name: string]: Value }): void {
    const entries = Object.entries(value);
    this.u8(valueTags.record);
    this.varint(entries.length);
    for (const [name, item] of entries) {
      this.string(name);
      this.value(item);
    }
  }

  /** Writes a text of ASCII only; false, with nothing written, when it is another. */
  #ascii(text: string): boolean {
    if (this.length + text.length + 2 > this.data.length) this.#grow(text.length + 2);
    const { data } = this;
    const count = text.length * 2;
    let at = this.length;
    if (count >= 0x80) {
      data[at++] = (count & 0x7f) | 0x80;
      data[at++] = count >> 7;
    } else data[at++] = count;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      data[at++] = unit;
    }
    this.length = at;
    return true;
  }

  #take(count: number): number {
    const at = this.length;
    if (at + count > this.data.length) this.#grow(count);
    this.length = at + count;
    return at;
  }

  #grow(count: number): void {
    const larger = new Uint8Array(Math.max(this.data.length * 2, this.length + count));
    larger.set(this.data.subarray(0, this.length));
    this.data = larger;
    this.#view = new DataView(larger.buffer);
  }
}
