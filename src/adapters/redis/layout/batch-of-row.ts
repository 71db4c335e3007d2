// A packed row as a batch of one vector, for layouts that write rows from columns.
import { columnForField, ensureRows } from '../../../columns/column-builder.ts';
import { createRowReader } from '../../../columns/packed-row-reader.ts';
import { asOfMsOf, eventTimeMsOf, seqOf } from '../../../columns/packed-row.ts';
import { putValue } from '../../../columns/put-value.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { StoredView } from '../../../ports/stored-view.ts';

export function batchOfRow(view: StoredView, key: Uint8Array, row: Uint8Array): VectorBatch {
  const reader = createRowReader(view.features);
  const asOfMs = Float64Array.of(asOfMsOf(row));
  return {
    view: view.view,
    rowCount: 1,
    keyData: key,
    keyStarts: Int32Array.of(0),
    keyEnds: Int32Array.of(key.length),
    keySlots: Int32Array.of(0),
    eventTimeMs: Float64Array.of(eventTimeMsOf(row)),
    asOfMs,
    seq: Float64Array.of(seqOf(row)),
    arrivalTimeMs: asOfMs,
    fields: view.features,
    columns: view.features.map((field, i) => {
      const column = columnForField(field);
      ensureRows(column, 1);
      putValue(column, field.type, 0, reader.value(row, i));
      return column;
    }),
  };
}
