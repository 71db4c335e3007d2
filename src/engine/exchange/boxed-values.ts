// Boxed values (lists, maps, structs, wide decimals) as bytes and back: the form that packed rows
// have for them, so that what a store keeps and what a thread sends are the same values.
import type { BytesColumn, ObjectColumn } from '../../columns/column.ts';
import { type ByteSink, readNested, writeNested } from '../../columns/nested-value.ts';
import type { FieldType, Value } from '../../kernel/types/field-type.ts';

export class BoxedValues implements ByteSink {
  bytes: Uint8Array = new Uint8Array(1024);
  view: DataView = new DataView(this.bytes.buffer);
  length = 0;

  clear(): void {
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

  /** Rows `[from, to)` of a column, at the same row numbers. */
  pack(column: ObjectColumn, type: FieldType, from: number, to: number): BytesColumn {
    const starts = new Int32Array(to);
    const ends = new Int32Array(to);
    const nulls = new Uint8Array(to);
    for (let row = from; row < to; row++) {
      const value = column.values[row] as Value | undefined;
      starts[row] = this.length;
      if (column.nulls[row] === 1 || value === null || value === undefined) nulls[row] = 1;
      else writeNested(this, type, value);
      ends[row] = this.length;
    }
    return { kind: 'bytes', nulls, data: this.bytes, starts, ends };
  }
}

/** The packed value that begins at a position. */
export function unpackBoxed(data: Uint8Array, type: FieldType, at: number): Value {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return readNested({ bytes: data, view, at }, type);
}
