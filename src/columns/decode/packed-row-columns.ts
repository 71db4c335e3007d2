// Single fields of many packed rows as columns: one loop per field, without a value made per row where
// the slot holds a number. A row that is missing gives null.
import type { Field } from '../../kernel/types/field-type.ts';
import { type ColumnBuilder, columnForField, ensureRows, putBytes } from '../column-builder.ts';
import { slotsOffset, viewOfBytes } from '../packed-row.ts';
import { type PackedRowReader, isNullAt } from '../packed-row-reader.ts';
import { putValue } from '../put-value.ts';

/** Rows of one view; null where there is none. */
export type MaybeRows = readonly (Uint8Array | null)[];

/** Rows with a view of each one's bytes, made once for all fields. */
export interface ViewedRows {
  readonly rows: MaybeRows;
  readonly views: readonly (DataView | null)[];
}

export function viewedRows(rows: MaybeRows): ViewedRows {
  return { rows, views: rows.map((row) => (row === null ? null : viewOfBytes(row))) };
}

/** Reads field `index` of rows into one column, which is reused from call to call. */
export type FieldLoader = (rows: ViewedRows) => ColumnBuilder;

/** A loader of the field `index` of rows that `reader` reads. */
export function fieldLoader(reader: PackedRowReader, index: number): FieldLoader {
  const field = reader.fields[index];
  if (field === undefined) throw new RangeError(`rows have no field ${index}`);
  const builder = columnForField(field);
  const slot = slotsOffset(reader.fields.length) + index * 8;
  const load = loadInto(builder, { reader, index, field, slot });
  return ({ rows, views }) => {
    ensureRows(builder, rows.length);
    if (builder.kind === 'bytes') builder.dataLength = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Uint8Array | null;
      if (row === null || isNullAt(row, index)) putValue(builder, field.type, i, null);
      else {
        builder.nulls[i] = 0;
        load(i, row, views[i] as DataView);
      }
    }
    return builder;
  };
}

interface LoadedField {
  readonly reader: PackedRowReader;
  readonly index: number;
  readonly field: Field;
  readonly slot: number;
}

/** Puts the value of one row into the column. */
type LoadValue = (i: number, row: Uint8Array, view: DataView) => void;

function loadInto(builder: ColumnBuilder, { reader, index, field, slot }: LoadedField): LoadValue {
  switch (builder.kind) {
    case 'float64':
      return (i, _, view) => {
        builder.values[i] = view.getFloat64(slot, true);
      };
    case 'int32':
      return (i, _, view) => {
        builder.values[i] = view.getInt32(slot, true);
      };
    case 'int64':
      return (i, _, view) => {
        builder.values[i] = view.getBigInt64(slot, true);
      };
    case 'bool':
      return (i, row) => {
        builder.values[i] = row[slot] as number;
      };
    case 'bytes':
      return (i, row, view) => {
        const start = view.getUint32(slot, true);
        putBytes(builder, i, { bytes: row, start, end: start + view.getUint32(slot + 4, true) });
      };
    case 'object':
      return (i, row) => putValue(builder, field.type, i, reader.value(row, index));
  }
}
