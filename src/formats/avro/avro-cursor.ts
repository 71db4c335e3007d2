// A place in one record, for what is not read by generated code: nested values, decimals, skipping.
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { lengthAt, longAt, malformed, truncated, words } from './avro-bytes.ts';

const utf8 = new TextDecoder('utf-8');

/** Items of a collection in one record: more are refused, since they may take no bytes at all. */
const itemsMax = 1 << 20;

export class AvroCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  p = 0;
  /** The end of the record. */
  limit = 0;

  /** Takes the bytes that records lie in. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads an integer; its words are then in `words`. */
  long(): void {
    if (this.p >= this.limit) throw truncated();
    this.p = longAt(this.bytes, this.p);
  }

  float(): number {
    return this.view.getFloat32(this.take(4), true);
  }

  double(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  boolean(): boolean {
    const value = this.bytes[this.take(1)] as number;
    if (value > 1) throw malformed(`has the boolean ${value}`);
    return value === 1;
  }

  /** Passes a length-prefixed run of bytes; returns where it starts and leaves `p` at its end. */
  run(): number {
    const start = lengthAt(this.bytes, this.p, this.limit);
    this.p = start + (words[0] as number);
    return start;
  }

  text(): string {
    const start = this.run();
    checkText(this.bytes, start, this.p);
    return utf8.decode(this.bytes.subarray(start, this.p));
  }

  /** Passes over `length` bytes; returns where they start. */
  take(length: number): number {
    const start = this.p;
    if (length > this.limit - start) throw truncated();
    this.p = start + length;
    return start;
  }

  /** Index of the branch of a union, or of a symbol, below `count`. */
  index(count: number): number {
    this.long();
    const index = words[0] as number;
    if (words[1] !== 0 || index < 0 || index >= count) {
      throw malformed(`has the index ${index} where there are ${count}`);
    }
    return index;
  }

  /** Items of the next block of an array or map; 0 at its end. */
  block(itemsBefore: number): number {
    this.long();
    const isSized = (words[1] as number) < 0;
    const count = isSized ? -(words[0] as number) : (words[0] as number);
    const isWhole = words[1] === (isSized ? -1 : 0) && count >= 0;
    if (!isWhole || count + itemsBefore > itemsMax) {
      throw new FieldProblem('MR_DATA_TOO_LONG', `a list or map has more than ${itemsMax} items`);
    }
    if (isSized) this.long();
    return count;
  }
}

/** Throws MR_DATA_UTF8 when `bytes[start .. end)` is no UTF-8. */
export function checkText(bytes: Uint8Array, start: number, end: number): void {
  if (invalidUtf8At(bytes, start, end) >= 0) {
    throw new FieldProblem('MR_DATA_UTF8', 'record has text that is not UTF-8');
  }
}
