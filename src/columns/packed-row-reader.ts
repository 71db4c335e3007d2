// Packed rows as JavaScript values. A reader is made for the fields of a view; it does not check the
// row's bytes on each read: stores hand out only rows that `isPackedRow` accepts.
import type { Field, Value } from '../kernel/types/field-type.ts';
import { readNested } from './nested-value.ts';
import {
  type SlotKind,
  eventTimeMsOf,
  packedRowLayout,
  slotKindOf,
  slotsOffset,
  viewOfBytes,
} from './packed-row.ts';
import { formatDecimal } from './parse-decimal.ts';
import { formatDate } from './parse-time.ts';

const utf8 = new TextDecoder('utf-8');

export interface PackedRowReader {
  readonly fields: readonly Field[];
  /** The value of field `index`, or null. Bytes are copies. */
  value(row: Uint8Array, index: number): Value;
  /** All values by field name. */
  values(row: Uint8Array): Record<string, Value>;
  eventTimeMs(row: Uint8Array): number;
}

export function createRowReader(fields: readonly Field[]): PackedRowReader {
  const kinds = fields.map(slotKindOf);
  const slots = slotsOffset(fields.length);
  const value = (row: Uint8Array, index: number): Value => {
    const field = fields[index];
    const kind = kinds[index];
    if (field === undefined || kind === undefined || isNullAt(row, index)) return null;
    return readSlot(row, slots + index * 8, field, kind);
  };
  return {
    fields,
    value,
    values(row) {
      const record: Record<string, Value> = {};
      for (const [index, field] of fields.entries()) record[field.name] = value(row, index);
      return record;
    },
    eventTimeMs: eventTimeMsOf,
  };
}

/** Whether field `index` of a row is null. */
export function isNullAt(row: Uint8Array, index: number): boolean {
  const byte = row[packedRowLayout.nulls + (index >> 3)] as number;
  return ((byte >> (index & 7)) & 1) === 1;
}

function readSlot(row: Uint8Array, slot: number, field: Field, kind: SlotKind): Value {
  const view = viewOfBytes(row);
  const { type } = field;
  switch (kind) {
    case 'float64':
      return view.getFloat64(slot, true);
    case 'int32': {
      const value = view.getInt32(slot, true);
      return type.kind === 'date' ? formatDate(value) : value;
    }
    case 'int64': {
      const value = view.getBigInt64(slot, true);
      return type.kind === 'decimal' ? formatDecimal(value, type.scale) : value;
    }
    case 'bool':
      return view.getUint8(slot) === 1;
    case 'variable': {
      const start = view.getUint32(slot, true);
      const bytes = row.subarray(start, start + view.getUint32(slot + 4, true));
      if (type.kind === 'bytes') return bytes.slice();
      const isText = type.kind === 'string' || type.kind === 'json' || type.kind === 'decimal';
      return isText ? utf8.decode(bytes) : readNested({ bytes: row, view, at: start }, type);
    }
  }
}
