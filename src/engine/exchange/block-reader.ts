// Reads a block of columns (`column-block.ts`) where it lies: what it returns are views of shared
// memory, valid until the element is released.
import type { BytesColumn, Column, ColumnKind } from '../../columns/column.ts';
import {
  columnKinds,
  columnWords,
  headWords,
  noNulls,
  regionWords,
  aligned,
} from './column-block.ts';

type Numbers = Exclude<Column, { kind: 'bytes' | 'object' }>;

export class BlockReader {
  rowCount = 0;
  /** The element's own words of the head. */
  head: Int32Array = new Int32Array(0);
  #buffer: SharedArrayBuffer = new SharedArrayBuffer(0);
  #start = 0;
  #words: Int32Array = new Int32Array(0);
  #noNulls = new Uint8Array(0);

  open(buffer: SharedArrayBuffer, start: number): void {
    this.#buffer = buffer;
    this.#start = start;
    const [rows = 0, columns = 0, regions = 0] = new Int32Array(buffer, start, 3);
    const words = headWords + columns * columnWords + regions * regionWords;
    this.#words = new Int32Array(buffer, start, words);
    this.head = this.#words.subarray(3, headWords);
    this.rowCount = rows;
    if (this.#noNulls.length < rows) this.#noNulls = new Uint8Array(rows);
  }

  get columnCount(): number {
    return this.#words[1] as number;
  }

  kindOf(column: number): ColumnKind {
    return columnKinds[this.#words[headWords + column * columnWords] as number] as ColumnKind;
  }

  nullsOf(column: number): Uint8Array {
    const at = this.#words[headWords + column * columnWords + 1] as number;
    if (at === noNulls) return this.#noNulls;
    return new Uint8Array(this.#buffer, this.#start + at, this.rowCount);
  }

  hasNulls(column: number): boolean {
    return this.#words[headWords + column * columnWords + 1] !== noNulls;
  }

  /** A column of numbers. */
  numbers(column: number): Numbers {
    const nulls = this.nullsOf(column);
    const kind = this.kindOf(column);
    const at = this.#start + (this.#words[headWords + column * columnWords + 2] as number);
    switch (kind) {
      case 'float64':
        return { kind, nulls, values: new Float64Array(this.#buffer, at, this.rowCount) };
      case 'int32':
        return { kind, nulls, values: new Int32Array(this.#buffer, at, this.rowCount) };
      case 'int64':
        return { kind, nulls, values: new BigInt64Array(this.#buffer, at, this.rowCount) };
      case 'bool':
        return { kind, nulls, values: new Uint8Array(this.#buffer, at, this.rowCount) };
      case 'bytes':
      case 'object':
        throw new Error(`column ${column} of a block holds no numbers`);
    }
  }

  /** A column of text, or of boxed values as bytes: ranges still count from `baseOf(column)`. */
  text(column: number): BytesColumn {
    const at = this.#start + (this.#words[headWords + column * columnWords + 2] as number);
    const region = this.#regionWord(column);
    const data = this.#start + (this.#words[region] as number);
    return {
      kind: 'bytes',
      nulls: this.nullsOf(column),
      data: new Uint8Array(this.#buffer, data, this.#words[region + 1] as number),
      starts: new Int32Array(this.#buffer, at, this.rowCount),
      ends: new Int32Array(this.#buffer, at + aligned(this.rowCount * 4), this.rowCount),
    };
  }

  baseOf(column: number): number {
    return this.#words[this.#regionWord(column) + 2] as number;
  }

  #regionWord(column: number): number {
    const region = this.#words[headWords + column * columnWords + 3] as number;
    return headWords + this.columnCount * columnWords + region * regionWords;
  }
}
