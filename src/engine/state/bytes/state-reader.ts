// Reads what `StateWriter` wrote. Bytes that end too early or hold what no writer writes throw
// MR_STATE_CORRUPT; nothing is read beyond the given end.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Value } from '../../../kernel/types/field-type.ts';
import { bulkNumbers, isLittleEndian, valueTags } from './state-writer.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const asciiMax = 32;

export class StateReader {
  /** The next byte. */
  at: number;
  end: number;
  data: Uint8Array;
  #view: DataView;

  constructor(data: Uint8Array, start = 0, end: number = data.length) {
    this.data = data;
    this.#view = viewOf(data);
    this.at = start;
    this.end = end;
  }

  /** Reads other bytes from here on. */
  reset(data: Uint8Array, start: number, end: number): void {
    if (data !== this.data) {
      this.data = data;
      this.#view = viewOf(data);
    }
    this.at = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.data[this.#take(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 0x80) {
      const byte = this.data[this.#take(1)] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.#corrupt('a number is too long');
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** Fills `target[first .. end)`. */
  floats(target: Float64Array, first: number, end: number): void {
    const start = this.#take((end - first) * 8);
    if (end - first >= bulkNumbers && isLittleEndian) {
      const to = target.byteOffset + first * 8;
      const bytes = new Uint8Array(target.buffer, to, (end - first) * 8);
      bytes.set(this.data.subarray(start, this.at));
      return;
    }
    const view = this.#view;
    for (let i = first, at = start; i < end; i++, at += 8) target[i] = view.getFloat64(at, true);
  }

  /** `count` whole numbers that were written together. */
  ints(count: number): Int32Array {
    const start = this.#take(count * 4);
    const view = this.#view;
    return Int32Array.from({ length: count }, (_, i) => view.getInt32(start + i * 4, true));
  }

  /** A copy of bytes that were written with their number. */
  bytes(): Uint8Array {
    const start = this.#take(this.varint());
    return this.data.slice(start, this.at);
  }

  /** As `bytes`, without a copy: they are `data[result .. at)`. */
  skipBytes(): number {
    return this.#take(this.varint());
  }

  string(): string {
    const size = this.varint();
    if (size % 2 === 1) return this.#wide((size - 1) / 2);
    const start = this.#take(size / 2);
    if (this.at - start <= asciiMax) {
      const text = this.#ascii(start, this.at);
      if (text !== null) return text;
    }
    try {
      return utf8.decode(this.data.subarray(start, this.at));
    } catch (cause) {
      throw this.#corrupt('a text is not UTF-8', cause);
    }
  }

  bigint(): bigint {
    if (this.u8() === 1) return this.#view.getBigInt64(this.#take(8), true);
    const text = this.string();
    if (!/^-?\d+$/.test(text)) throw this.#corrupt('a whole number is not one');
    return BigInt(text);
  }

  value(): Value | undefined {
    const tag = this.u8();
    switch (tag) {
      case valueTags.missing:
        return undefined;
      case valueTags.null:
        return null;
      case valueTags.false:
        return false;
      case valueTags.true:
        return true;
      case valueTags.number:
        return this.f64();
      case valueTags.whole:
        return this.varint();
      case valueTags.bigint:
        return this.bigint();
      case valueTags.string:
        return this.string();
      case valueTags.bytes:
        return this.bytes();
      case valueTags.list:
        return Array.from({ length: this.count() }, () => this.value() as Value);
      case valueTags.record:
        return this.#record();
      default:
        throw this.#corrupt(`there is no kind of value ${tag}`);
    }
  }

  /** A number of items that each take a byte or more. */
  count(): number {
    const count = this.varint();
    if (count > this.end - this.at) throw this.#corrupt('a list is too long');
    return count;
  }

  /** The end of a section that begins here. */
  sectionEnd(): number {
    const length = this.u32();
    if (this.at + length > this.end) throw this.#corrupt('a section is too long');
    return this.at + length;
  }

  /** A section was read: it must have been read whole. */
  expectEnd(end: number, what: string): void {
    if (this.at !== end) throw this.#corrupt(`${what} has another form`);
  }

  #record(): Value {
    const entries = Array.from({ length: this.count() }, () => {
      const name = this.string();
      return [name, this.value() as Value] as const;
    });
    return Object.fromEntries(entries);
  }

  #ascii(start: number, end: number): string | null {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = this.data[i] as number;
      if (byte >= 0x80) return null;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #wide(length: number): string {
    if (length * 2 > this.end - this.at) throw this.#corrupt('a text is too long');
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.u16());
    return text;
  }

  #take(count: number): number {
    const at = this.at;
    if (at + count > this.end) throw this.#corrupt('it ends too early');
    this.at = at + count;
    return at;
  }

  #corrupt(what: string, cause?: unknown): MillraceError {
    return new MillraceError('MR_STATE_CORRUPT', `stored state cannot be read: ${what}`, {
      context: { position: this.at },
      fix: 'restore an older checkpoint',
      cause,
    });
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
