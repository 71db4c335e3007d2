// Values of packed rows as JSON text, from bytes to bytes. What JSON cannot hold (NaN, ±∞) becomes
// null and is counted; int64 is written digit for digit.
import { formatInstant } from '../kernel/instant.ts';
import type { Field, FieldType } from '../kernel/types/field-type.ts';
import type { JsonBuffer } from './json-buffer.ts';
import { type ByteCursor, isPresent, readFloat64, readInt32, takeBytes } from './nested-value.ts';
import { type SlotKind, slotKindOf, slotsOffset } from './packed-row.ts';
import { isNullAt } from './packed-row-reader.ts';
import { formatDecimal } from './parse-decimal.ts';
import { formatDate } from './parse-time.ts';

/** How instants are written: whole seconds (Feast), milliseconds, or as text, where JSON stays JSON too. */
export type InstantUnit = 'seconds' | 'milliseconds' | 'text';

export interface RowJsonWriter {
  /**
   * Writes the value of field `index`; false when it wrote `null`. `view` is over the bytes of `row`.
   */
  write(target: JsonBuffer, row: Uint8Array, view: DataView, index: number): boolean;
  /**
   * Writes field `index` of all rows with commas between, `null` for a missing row. Sets `nulls[i]`
   * to 1 where it wrote `null`, else to 0; returns how many it wrote.
   */
  writeColumn(target: JsonBuffer, rows: RowsOfView, index: number, nulls: Uint8Array): number;
  /** How many values were not finite so far. */
  notFiniteCount(): number;
}

/** Rows of one view, each with a view over its bytes; null where there is none. */
export interface RowsOfView {
  readonly rows: readonly (Uint8Array | null)[];
  readonly dataViews: readonly (DataView | null)[];
}

interface Slot {
  readonly type: FieldType;
  readonly kind: SlotKind;
  readonly at: number;
}

export function createRowJsonWriter(fields: readonly Field[], unit: InstantUnit): RowJsonWriter {
  const base = slotsOffset(fields.length);
  const slots = fields.map(
    (field, i): Slot => ({ type: field.type, kind: slotKindOf(field), at: base + i * 8 }),
  );
  const writer = new ValueWriter(unit);
  return {
    notFiniteCount: () => writer.notFinite,
    write(target, row, view, index) {
      const slot = slots[index];
      if (slot === undefined || isNullAt(row, index)) {
        target.ascii('null');
        return false;
      }
      return writer.slot(target, row, view, slot);
    },
    writeColumn(target, { rows, dataViews }, index, nulls) {
      const slot = slots[index];
      let nullCount = 0;
      for (let i = 0; i < rows.length; i++) {
        if (i > 0) target.byte(44);
        const row = rows[i] as Uint8Array | null;
        let isValue = false;
        if (row === null || slot === undefined || isNullAt(row, index)) target.ascii('null');
        else isValue = writer.slot(target, row, dataViews[i] as DataView, slot);
        nulls[i] = isValue ? 0 : 1;
        if (!isValue) nullCount++;
      }
      return nullCount;
    },
  };
}

class ValueWriter {
  readonly unit: InstantUnit;
  notFinite = 0;

  constructor(unit: InstantUnit) {
    this.unit = unit;
  }

  slot(target: JsonBuffer, row: Uint8Array, view: DataView, slot: Slot): boolean {
    const { type, kind, at } = slot;
    switch (kind) {
      case 'float64':
        return this.number(target, type, view.getFloat64(at, true));
      case 'int32':
        this.int32(target, type, view.getInt32(at, true));
        return true;
      case 'int64':
        if (type.kind === 'decimal') {
          target.string(formatDecimal(view.getBigInt64(at, true), type.scale));
        } else target.int64(view.getInt32(at, true), view.getInt32(at + 4, true));
        return true;
      case 'bool':
        target.ascii(row[at] === 1 ? 'true' : 'false');
        return true;
      case 'variable': {
        const start = view.getUint32(at, true);
        const end = start + view.getUint32(at + 4, true);
        if (type.kind === 'bytes') target.base64(row, start, end);
        else if (type.kind === 'json' && this.unit === 'text') target.raw(row, start, end);
        else if (isText(type)) target.utf8(row, start, end);
        else this.nested(target, { bytes: row, view, at: start }, type);
        return true;
      }
    }
  }

  number(target: JsonBuffer, type: FieldType, value: number): boolean {
    if (!Number.isFinite(value)) {
      this.notFinite++;
      target.ascii('null');
      return false;
    }
    if (type.kind === 'count') target.integer(value);
    else if (type.kind !== 'timestamp') target.float64(value);
    else if (this.unit === 'text') target.string(formatInstant(value));
    else target.integer(this.unit === 'seconds' ? Math.floor(value / 1000) : Math.floor(value));
    return true;
  }

  int32(target: JsonBuffer, type: FieldType, value: number): void {
    if (type.kind === 'date') target.string(formatDate(value));
    else target.integer(value);
  }

  nested(target: JsonBuffer, cursor: ByteCursor, type: FieldType): void {
    switch (type.kind) {
      case 'list':
        return this.list(target, cursor, type.item);
      case 'map':
        return this.map(target, cursor, type.value);
      case 'struct':
        return this.struct(target, cursor, type.fields);
      case 'bool':
        return target.ascii(cursor.bytes[cursor.at++] === 1 ? 'true' : 'false');
      case 'int32':
      case 'date':
        return this.int32(target, type, readInt32(cursor));
      case 'int64': {
        const low = readInt32(cursor);
        return target.int64(low, readInt32(cursor));
      }
      case 'string':
      case 'json':
      case 'decimal': {
        const bytes = takeBytes(cursor);
        if (type.kind === 'json' && this.unit === 'text') return target.raw(bytes, 0, bytes.length);
        return target.utf8(bytes, 0, bytes.length);
      }
      case 'bytes': {
        const bytes = takeBytes(cursor);
        return target.base64(bytes, 0, bytes.length);
      }
      default:
        this.number(target, type, readFloat64(cursor));
    }
  }

  list(target: JsonBuffer, cursor: ByteCursor, item: FieldType): void {
    const count = readInt32(cursor);
    target.byte(91);
    for (let i = 0; i < count; i++) {
      if (i > 0) target.byte(44);
      this.optional(target, cursor, item);
    }
    target.byte(93);
  }

  map(target: JsonBuffer, cursor: ByteCursor, value: FieldType): void {
    const count = readInt32(cursor);
    target.byte(123);
    for (let i = 0; i < count; i++) {
      if (i > 0) target.byte(44);
      const name = takeBytes(cursor);
      target.utf8(name, 0, name.length);
      target.byte(58);
      this.optional(target, cursor, value);
    }
    target.byte(125);
  }

  struct(target: JsonBuffer, cursor: ByteCursor, fields: readonly Field[]): void {
    target.byte(123);
    for (const [i, field] of fields.entries()) {
      if (i > 0) target.byte(44);
      target.string(field.name);
      target.byte(58);
      this.optional(target, cursor, field.type);
    }
    target.byte(125);
  }

  optional(target: JsonBuffer, cursor: ByteCursor, type: FieldType): void {
    if (isPresent(cursor)) this.nested(target, cursor, type);
    else target.ascii('null');
  }
}

function isText(type: FieldType): boolean {
  return type.kind === 'string' || type.kind === 'json' || type.kind === 'decimal';
}
