// Recomputed rows as a batch of vectors, as stores and logs take them.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { putValue } from '../../columns/put-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { RecomputedRow } from '../../offline/recompute-keys.ts';
import { type ViewNode, featureFields } from '../../plan/plan.ts';

/** Rows of a key must be in the order of their versions; `arrivalMs`: when they became known. */
export function vectorsOfRows(
  view: ViewNode,
  rows: readonly RecomputedRow[],
  arrivalMs: number,
): VectorBatch {
  const fields = featureFields(view);
  const columns: ColumnBuilder[] = fields.map((field) => columnForField(field));
  const slots = new Map<string, number>();
  const keyStarts = new Int32Array(rows.length);
  const keyEnds = new Int32Array(rows.length);
  const keySlots = new Int32Array(rows.length);
  let at = 0;
  for (const [row, { key, values }] of rows.entries()) {
    keyStarts[row] = at;
    keyEnds[row] = at += key.length;
    const slot = slots.get(key) ?? slots.size;
    slots.set(key, slot);
    keySlots[row] = slot;
    for (const [i, column] of columns.entries()) {
      ensureRows(column, row + 1);
      const type = fields[i]?.type;
      if (type !== undefined) putValue(column, type, row, values[i] ?? null);
    }
  }
  return {
    view: view.name,
    rowCount: rows.length,
    keyData: Buffer.from(rows.map(({ key }) => key).join(''), 'latin1'),
    keyStarts,
    keyEnds,
    keySlots,
    eventTimeMs: Float64Array.from(rows, ({ eventTimeMs }) => eventTimeMs),
    asOfMs: Float64Array.from(rows, ({ asOfMs }) => asOfMs),
    seq: Float64Array.from(rows, ({ seq }) => seq),
    arrivalTimeMs: new Float64Array(rows.length).fill(arrivalMs),
    fields,
    columns,
  };
}
