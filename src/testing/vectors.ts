// Vector batches from plain values, as an operator would emit them: for tests of whatever takes them.
import { type ColumnBuilder, columnForField, ensureRows } from '../columns/column-builder.ts';
import { putValue } from '../columns/put-value.ts';
import type { VectorBatch } from '../columns/vector-batch.ts';
import { encodeKey } from '../kernel/key-encoding.ts';
import type { Field, Value } from '../kernel/types/field-type.ts';

/** One vector: the key by name, the features by name (absent is null), its times and version. */
export interface VectorRow {
  readonly key: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, Value>>;
  readonly asOfMs: number;
  readonly seq: number;
  readonly eventTimeMs?: number;
}

export interface VectorView {
  readonly view: string;
  readonly key: readonly Field[];
  readonly features: readonly Field[];
}

/** A batch with these rows, in this order. Equal keys get equal slots. */
export function vectorBatch(view: VectorView, rows: readonly VectorRow[]): VectorBatch {
  const keys = rows.map((row) => encodeKey(view.key, row.key));
  const ends = Int32Array.from(
    keys,
    (
      (sum) => (key: Uint8Array) =>
        (sum += key.length)
    )(0),
  );
  const slots = new Map<string, number>();
  const slotOf = (key: Uint8Array): number => {
    const text = key.join(',');
    slots.set(text, slots.get(text) ?? slots.size);
    return slots.get(text) ?? 0;
  };
  return {
    view: view.view,
    rowCount: rows.length,
    keyData: Uint8Array.from(keys.flatMap((key) => [...key])),
    keyStarts: Int32Array.from(keys, (key, i) => (ends[i] ?? 0) - key.length),
    keyEnds: ends,
    keySlots: Int32Array.from(keys, slotOf),
    eventTimeMs: Float64Array.from(rows, (row) => row.eventTimeMs ?? row.asOfMs),
    asOfMs: Float64Array.from(rows, (row) => row.asOfMs),
    seq: Float64Array.from(rows, (row) => row.seq),
    arrivalTimeMs: Float64Array.from(rows, (row) => row.asOfMs),
    fields: view.features,
    columns: view.features.map((field) => column(field, rows)),
  };
}

function column(field: Field, rows: readonly VectorRow[]): ColumnBuilder {
  const builder = columnForField(field);
  ensureRows(builder, rows.length);
  for (const [i, row] of rows.entries()) {
    putValue(builder, field.type, i, row.values[field.name] ?? null);
  }
  return builder;
}
