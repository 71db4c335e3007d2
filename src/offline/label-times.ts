// When labels are, and their order in time.
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import { parseInstant } from '../columns/parse-time.ts';
import { readValue } from '../columns/read-value.ts';
import { type FieldType, formatType } from '../kernel/types/field-type.ts';
import { labelColumn, labelError } from './label-columns.ts';
import { orderByValue } from './radix-order.ts';

const dayMs = 86_400_000;

/** Labels by ascending time. */
export interface LabelTimes {
  readonly timesMs: Float64Array;
  /** Label rows by time; ties in the order of the file. */
  readonly order: Uint32Array;
}

/** Instants of the labels; throws MR_LABELS for a missing column, a wrong type or an empty cell. */
export function labelTimes(labels: ColumnTable, timeColumn: string, path: string): LabelTimes {
  const fix = 'name the time column with --time-column';
  const { column, field } = labelColumn(labels, timeColumn, path, fix);
  const instantOf = readerOf(column, field.type);
  if (instantOf === null) {
    const message = `column "${timeColumn}" holds ${formatType(field.type)}, not instants`;
    throw labelError(path, message, 'make it a timestamp');
  }
  const timesMs = new Float64Array(labels.rowCount);
  for (let row = 0; row < labels.rowCount; row++) {
    const isNull = column.nulls[row] === 1;
    const ms = isNull ? Number.NaN : instantOf(row);
    if (!Number.isFinite(ms)) {
      const shown = isNull ? 'empty' : JSON.stringify(readValue(column, field, row));
      const why = isNull
        ? `row ${row + 1}: "${timeColumn}" is empty`
        : `row ${row + 1}: "${timeColumn}" is ${shown}, not an instant`;
      const help = isNull ? 'every label needs a time' : 'write instants as 2026-01-05T10:00:00Z';
      throw labelError(path, why, help);
    }
    timesMs[row] = ms;
  }
  return { timesMs, order: orderByValue(timesMs, timesMs.length) };
}

function readerOf(column: Column, { kind }: FieldType): ((row: number) => number) | null {
  if (kind === 'timestamp' && column.kind === 'float64') {
    return (row) => column.values[row] as number;
  }
  if (kind === 'date' && column.kind === 'int32') {
    return (row) => (column.values[row] as number) * dayMs;
  }
  if (kind === 'int64' && column.kind === 'int64') return (row) => Number(column.values[row]);
  if (kind === 'string' && column.kind === 'bytes') {
    const field = { name: '', type: { kind }, nullable: true } as const;
    return (row) => parseInstant(String(readValue(column, field, row))) ?? Number.NaN;
  }
  return null;
}
