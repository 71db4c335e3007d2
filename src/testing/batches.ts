// Rows as the engine gets them: columns of one split with times and the watermark before each row.
// A batch is spoilt after use, as its owner may do: an operator that keeps a reference is found out.
import type { Batch } from '../columns/batch.ts';
import { type ColumnBuilder, columnForField, ensureRows } from '../columns/column-builder.ts';
import { putValue } from '../columns/put-value.ts';
import type { StreamNode } from '../plan/plan.ts';
import { type DeliveredRow, eventTimeOf, type TimedStep } from './oracle/delivery.ts';

/** A row with the combined watermark before it. */
export interface TimedRow {
  readonly row: DeliveredRow;
  readonly watermarkMs: number;
}

/** What an operator is called with, in order. */
export type OperatorCall =
  | { readonly kind: 'rows'; readonly rows: readonly TimedRow[]; readonly afterMs: number }
  | { readonly kind: 'watermark'; readonly afterMs: number }
  | { readonly kind: 'idle'; readonly nowMs: number };

/** Groups neighbouring rows of one split, at most `batchSize` each. */
export function operatorCalls(steps: readonly TimedStep[], batchSize: number): OperatorCall[] {
  const calls: OperatorCall[] = [];
  let open: TimedRow[] = [];
  let openAfterMs = 0;
  const close = (): void => {
    if (open.length > 0) calls.push({ kind: 'rows', rows: open, afterMs: openAfterMs });
    open = [];
  };
  for (const { step, beforeMs, afterMs } of steps) {
    if (step.kind === 'row') {
      if (open.length === batchSize || open.at(-1)?.row.split !== step.split) close();
      open.push({ row: step, watermarkMs: beforeMs });
      openAfterMs = afterMs;
      continue;
    }
    close();
    if (step.kind === 'idle') calls.push({ kind: 'idle', nowMs: step.nowMs });
    else calls.push({ kind: 'watermark', afterMs });
  }
  close();
  return calls;
}

/** A batch of rows of one split. */
export function batchOf(stream: StreamNode, rows: readonly TimedRow[]): Batch {
  const columns = stream.fields.map((field) => {
    const builder = columnForField(field);
    ensureRows(builder, rows.length);
    rows.forEach(({ row: { row } }, i) => {
      putValue(builder, field.type, i, row[field.name] ?? null);
    });
    return builder;
  });
  return {
    fields: stream.fields,
    columns,
    rowCount: rows.length,
    offsets: Float64Array.from(rows, ({ row }) => row.offset),
    eventTimeMs: Float64Array.from(rows, ({ row }) => eventTimeOf(stream, row.row)),
    arrivalTimeMs: Float64Array.from(rows, ({ row }) => row.arrivalMs),
    watermarkMs: Float64Array.from(rows, ({ watermarkMs }) => watermarkMs),
    split: rows[0]?.row.split ?? 0,
  };
}

/** Overwrites the arrays of a batch, as its producer may once the operator has returned. */
export function spoil(batch: Batch): void {
  const times = [batch.offsets, batch.eventTimeMs, batch.arrivalTimeMs, batch.watermarkMs];
  for (const array of times) array.fill(-7);
  for (const column of batch.columns as readonly ColumnBuilder[]) {
    column.nulls.fill(0);
    if (column.kind === 'int64') column.values.fill(-7n);
    else if (column.kind === 'bytes') column.data.fill(63);
    else if (column.kind === 'object') column.values.fill(null);
    else column.values.fill(7);
  }
}
