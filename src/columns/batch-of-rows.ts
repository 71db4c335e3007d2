// Packed rows as a batch of vectors, as stores take them: for copies from one store into another.
import { type ColumnBuilder, columnForField, ensureRows } from './column-builder.ts';
import type { Field } from '../kernel/types/field-type.ts';
import { asOfMsOf, eventTimeMsOf, seqOf } from './packed-row.ts';
import { createRowReader } from './packed-row-reader.ts';
import { putValue } from './put-value.ts';
import type { VectorBatch } from './vector-batch.ts';

export interface KeyedRow {
  /** Encoded. */
  readonly key: Uint8Array;
  /** Packed. */
  readonly row: Uint8Array;
}

/** One vector for each row, in their order; no key may come twice. */
export function batchOfRows(
  view: string,
  fields: readonly Field[],
  rows: readonly KeyedRow[],
): VectorBatch {
  const reader = createRowReader(fields);
  const columns: ColumnBuilder[] = fields.map((field) => columnForField(field, rows.length));
  const keyEnds = new Int32Array(rows.length);
  let at = 0;
  for (const [i, { key, row }] of rows.entries()) {
    keyEnds[i] = at += key.length;
    for (const [f, column] of columns.entries()) {
      ensureRows(column, i + 1);
      const field = fields[f] as Field;
      putValue(column, field.type, i, reader.value(row, f));
    }
  }
  const asOfMs = Float64Array.from(rows, ({ row }) => asOfMsOf(row));
  return {
    view,
    rowCount: rows.length,
    keyData: new Uint8Array(Buffer.concat(rows.map(({ key }) => key))),
    keyStarts: keyEnds.map((end, i) => end - (rows[i] as KeyedRow).key.length),
    keyEnds,
    keySlots: Int32Array.from(rows.keys()),
    eventTimeMs: Float64Array.from(rows, ({ row }) => eventTimeMsOf(row)),
    asOfMs,
    seq: Float64Array.from(rows, ({ row }) => seqOf(row)),
    arrivalTimeMs: asOfMs,
    fields,
    columns,
  };
}
