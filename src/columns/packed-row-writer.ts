// Packs rows of a vector batch straight from its columns: no object per row, and boxed values only
// where the column itself is boxed. Rows lie one after the other in a buffer that is reused: a row
// is valid until `reset`.
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import type { Column } from './column.ts';
import { type ByteSink, writeNested } from './nested-value.ts';
import { packedRowLayout, packedRowVersion, slotsOffset } from './packed-row.ts';
import type { VectorBatch } from './vector-batch.ts';

/** Packs rows; `pack` returns where the row starts, and it ends at `length`. */
export interface RowPacker extends ByteSink {
  /** Forgets the rows so far; the buffer stays. */
  reset(): void;
  pack(batch: VectorBatch, row: number): number;
}

export function createRowPacker(byteCapacity = 4096): RowPacker {
  return new GrowingPacker(byteCapacity);
}

/** The rows with these numbers, each as bytes of its own. */
export function packRows(batch: VectorBatch, rows: Iterable<number>): Uint8Array[] {
  const packer = createRowPacker();
  const packed: Uint8Array[] = [];
  for (const row of rows) {
    const start = packer.pack(batch, row);
    packed.push(packer.bytes.slice(start, packer.length));
  }
  return packed;
}

class GrowingPacker implements RowPacker {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(byteCapacity: number) {
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

  pack(batch: VectorBatch, row: number): number {
    const fieldCount = batch.columns.length;
    const fixed = slotsOffset(fieldCount) + fieldCount * 8;
    const start = this.take(fixed);
    this.bytes.fill(0, start, start + fixed);
    this.header(batch, row, start);
    let slot = start + slotsOffset(fieldCount);
    for (let i = 0; i < fieldCount; i++, slot += 8) {
      const column = batch.columns[i] as Column;
      if (column.nulls[row] === 1) {
        const byte = start + packedRowLayout.nulls + (i >> 3);
        this.bytes[byte] = (this.bytes[byte] as number) | (1 << (i & 7));
      } else if (column.kind === 'object') {
        const value = column.values[row] as Value;
        const type = batch.fields[i]?.type;
        const from = this.length;
        if (type !== undefined) writeBoxed(this, type, value);
        this.range(start, slot, from);
      } else this.value(column, row, start, slot);
    }
    this.view.setUint32(start + packedRowLayout.length, this.length - start, true);
    return start;
  }

  header(batch: VectorBatch, row: number, start: number): void {
    const view = this.view;
    view.setUint8(start + packedRowLayout.version, packedRowVersion);
    view.setUint16(start + packedRowLayout.fieldCount, batch.columns.length, true);
    view.setFloat64(start + packedRowLayout.asOfMs, batch.asOfMs[row] as number, true);
    view.setFloat64(start + packedRowLayout.seq, batch.seq[row] as number, true);
    view.setFloat64(start + packedRowLayout.eventTimeMs, batch.eventTimeMs[row] as number, true);
  }

  value(
    column: Exclude<Column, { kind: 'object' }>,
    row: number,
    start: number,
    slot: number,
  ): void {
    switch (column.kind) {
      case 'float64':
        this.view.setFloat64(slot, column.values[row] as number, true);
        return;
      case 'int32':
        this.view.setInt32(slot, column.values[row] as number, true);
        return;
      case 'int64':
        this.view.setBigInt64(slot, column.values[row] as bigint, true);
        return;
      case 'bool':
        this.bytes[slot] = column.values[row] as number;
        return;
      case 'bytes': {
        const from = column.starts[row] as number;
        const at = appendBytes(this, column.data, from, column.ends[row] as number);
        this.range(start, slot, at);
      }
    }
  }

  range(start: number, slot: number, from: number): void {
    this.view.setUint32(slot, from - start, true);
    this.view.setUint32(slot + 4, this.length - from, true);
  }
}

/** A boxed value without a length of its own in front: the slot has it. */
function writeBoxed(sink: ByteSink, type: FieldType, value: Value): void {
  if (type.kind === 'decimal') {
    const text = String(value);
    const at = sink.take(text.length);
    for (let i = 0; i < text.length; i++) sink.bytes[at + i] = text.charCodeAt(i);
    return;
  }
  writeNested(sink, type, value);
}

/** Copies `from[start .. end)` to the end of the sink; returns where it starts. */
function appendBytes(sink: ByteSink, from: Uint8Array, start: number, end: number): number {
  const at = sink.take(end - start);
  if (end - start > 32) {
    sink.bytes.set(from.subarray(start, end), at);
    return at;
  }
  const { bytes } = sink;
  for (let i = start, j = at; i < end; i++, j++) bytes[j] = from[i] as number;
  return at;
}
