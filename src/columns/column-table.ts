// A whole table in memory as typed columns: labels, training sets. What a batch is for streams.
import type { Field, Value } from '../kernel/types/field-type.ts';
import type { Column } from './column.ts';
import { columnForField, ensureRows } from './column-builder.ts';
import { putValue } from './put-value.ts';

/** Rows as columns; `columns[i]` belongs to `fields[i]`. Arrays may be longer than `rowCount`. */
export interface ColumnTable {
  readonly fields: readonly Field[];
  readonly columns: readonly Column[];
  readonly rowCount: number;
}

/** JavaScript values of one field as a column. */
export function columnOfValues(field: Field, values: readonly Value[]): Column {
  const builder = columnForField(field);
  ensureRows(builder, values.length);
  for (let row = 0; row < values.length; row++) {
    putValue(builder, field.type, row, values[row] ?? null);
  }
  return builder;
}
