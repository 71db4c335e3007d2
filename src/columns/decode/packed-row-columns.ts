// Single fields of many packed rows as columns: one loop per field, without a value made per row where
// the slot holds a number. A row that is missing gives null.
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { type ColumnBuilder, columnForField, ensureRows, putBytes } from '../column-builder.ts';
import { slotsOffset, viewOfBytes } from '../packed-row.ts';
import { type PackedRowReader, isNullAt } from '../packed-row-reader.ts';
import { putValue } from '../put-value.ts';

/** Rows of one view; null where there is none. */
export type MaybeRows = readonly (Uint8Array | null)[];

/** Reads field `index` of rows into one column, which is reused from call to call. */
export type FieldLoader = (rows: MaybeRows) => ColumnBuilder;

/** A loader of the field `index` of rows that `reader` reads. */
export function fieldLoader(reader: PackedRowReader, index: number): FieldLoader {
  const field = reader.fields[index];
  if (field === undefined) throw new RangeError(`rows have no field ${index}`);
  const builder = columnForField(field);
  const slot = slotsOffset(reader.fields.length) + index * 8;
  return (rows) => {
    ensureRows(builder, rows.length);
    if (builder.kind === 'bytes') builder.dataLength = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Uint8Array | null;
      if (row === null || isNullAt(row, index)) putValue(builder, field.type, i, null);
      else {
        builder.nulls[i] = 0;
        if (!loadNumber(builder, i, row, slot))
          loadOther(builder, { reader, index, field }, i, row);
      }
    }
    return builder;
  };
}

/** Values that are their slot; false when it is none of those. */
function loadNumber(builder: ColumnBuilder, i: number, row: Uint8Array, slot: number): boolean {
  switch (builder.kind) {
    case 'float64':
      builder.values[i] = viewOfBytes(row).getFloat64(slot, true);
      return true;
    case 'int32':
      builder.values[i] = viewOfBytes(row).getInt32(slot, true);
      return true;
    case 'int64':
      builder.values[i] = viewOfBytes(row).getBigInt64(slot, true);
      return true;
    case 'bool':
      builder.values[i] = row[slot] as number;
      return true;
    default:
      return false;
  }
}

interface LoadedField {
  readonly reader: PackedRowReader;
  readonly index: number;
  readonly field: Field;
}

function loadOther(
  builder: ColumnBuilder,
  { reader, index, field }: LoadedField,
  i: number,
  row: Uint8Array,
): void {
  if (builder.kind === 'bytes') {
    const slot = slotsOffset(reader.fields.length) + index * 8;
    const view = viewOfBytes(row);
    const start = view.getUint32(slot, true);
    const end = start + view.getUint32(slot + 4, true);
    putBytes(builder, i, { bytes: row, start, end });
    return;
  }
  const value: Value = reader.value(row, index);
  putValue(builder, field.type, i, value);
}
