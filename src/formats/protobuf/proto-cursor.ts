// Protobuf's wire format, read in place. Integers are left as two words, so that none is rounded.
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import type { ProtoScalar } from './proto-schema.ts';

/** Messages inside messages: deeper ones are refused, as by other implementations. */
const depthMax = 100;

const utf8 = new TextDecoder('utf-8');

export class ProtoCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  p = 0;
  /** The end of the message at hand. */
  limit = 0;
  depth = 0;
  /** The integer that was read last. */
  low = 0;
  high = 0;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  varint(): void {
    const first = this.bytes[this.p] as number;
    if (first < 0x80 && this.p < this.limit) {
      this.p++;
      this.low = first;
      this.high = 0;
      return;
    }
    this.#longVarint();
  }

  #longVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.p >= this.limit) throw truncated();
      const b = this.bytes[this.p++] as number;
      const part = b & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >> 4;
      } else high |= part << (shift - 32);
      if (b < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw malformed('has an integer of more than ten bytes');
  }

  /** Reads a number of the type into `low` and `high`, with its sign. */
  integer(scalar: ProtoScalar): void {
    switch (scalar) {
      case 'fixed32':
      case 'sfixed32':
        this.low = this.view.getInt32(this.take(4), true);
        this.high = scalar === 'fixed32' ? 0 : this.low >> 31;
        return;
      case 'fixed64':
      case 'sfixed64': {
        const at = this.take(8);
        this.low = this.view.getInt32(at, true);
        this.high = this.view.getInt32(at + 4, true);
        return;
      }
      default:
        this.varint();
    }
    if (scalar === 'int32') this.high = this.low >> 31;
    else if (scalar === 'uint32') this.high = 0;
    else if (scalar === 'sint32' || scalar === 'sint64') this.#unzigzag(scalar === 'sint32');
  }

  #unzigzag(isShort: boolean): void {
    const { low, high } = this;
    const sign = -(low & 1);
    this.low = isShort ? (low >>> 1) ^ sign : ((low >>> 1) | (high << 31)) ^ sign;
    this.high = isShort ? this.low >> 31 : (high >>> 1) ^ sign;
  }

  /** Passes over so many bytes; returns where they start. */
  take(length: number): number {
    const start = this.p;
    if (length > this.limit - start) throw truncated();
    this.p = start + length;
    return start;
  }

  /** Passes over a run with its length in front; returns where it starts, `p` is its end. */
  run(): number {
    this.varint();
    if (this.high !== 0 || this.low < 0) throw truncated();
    return this.take(this.low);
  }

  text(): string {
    const start = this.run();
    this.checkText(start, this.p);
    return utf8.decode(this.bytes.subarray(start, this.p));
  }

  checkText(start: number, end: number): void {
    if (invalidUtf8At(this.bytes, start, end) >= 0) {
      throw new FieldProblem('MR_DATA_UTF8', 'record has text that is not UTF-8');
    }
  }

  /** Calls `read` until the run at hand, whose length stands next, is used up. */
  inside(read: (cursor: ProtoCursor) => void): void {
    const outer = this.limit;
    const start = this.run();
    const end = this.p;
    if (++this.depth > depthMax)
      throw malformed(`holds more than ${depthMax} messages in each other`);
    this.p = start;
    this.limit = end;
    while (this.p < end) read(this);
    this.limit = outer;
    this.depth--;
  }

  /** Passes over the value behind a tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.take(8);
        return;
      case 2:
        this.run();
        return;
      case 3:
        this.#skipGroup(tag >>> 3);
        return;
      case 5:
        this.take(4);
        return;
      default:
        throw malformed(`has the tag ${tag}`);
    }
  }

  #skipGroup(number: number): void {
    if (++this.depth > depthMax)
      throw malformed(`holds more than ${depthMax} groups in each other`);
    for (;;) {
      this.varint();
      const tag = this.low >>> 0;
      if ((tag & 7) === 4) {
        if (tag >>> 3 !== number) throw malformed('ends a group that it did not begin');
        this.depth--;
        return;
      }
      this.skip(tag);
    }
  }
}

export function malformed(problem: string): FieldProblem {
  return new FieldProblem('MR_DATA_MALFORMED', `record ${problem}`);
}

function truncated(): FieldProblem {
  return malformed('ends within a field');
}
