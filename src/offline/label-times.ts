// When labels are, and their order in time.
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import { parseInstant } from '../columns/parse-time.ts';
import { readValue } from '../columns/read-value.ts';
import { type FieldType, formatType } from '../kernel/types/field-type.ts';
import { labelColumn, labelError } from './label-columns.ts';

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
  return { timesMs, order: sortedRows(timesMs) };
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

/** Rows by ascending time, ties in order: sorted by high and low halves of the distance to the first. */
function sortedRows(timesMs: Float64Array): Uint32Array {
  const rows = Uint32Array.from(timesMs.keys());
  let isSorted = true;
  for (let i = 1; i < timesMs.length && isSorted; i++) {
    isSorted = (timesMs[i - 1] as number) <= (timesMs[i] as number);
  }
  return isSorted ? rows : radixSorted(rows, timesMs);
}

/** Least significant digit first, 16 bits a pass: each pass keeps the order of equal digits. */
function radixSorted(rows: Uint32Array, timesMs: Float64Array): Uint32Array {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < timesMs.length; i++) {
    least = Math.min(least, timesMs[i] as number);
    greatest = Math.max(greatest, timesMs[i] as number);
  }
  let from = rows;
  let to: Uint32Array = new Uint32Array(rows.length);
  const starts = new Uint32Array(65_537);
  for (let unit = 1; unit <= greatest - least; unit *= 65_536) {
    starts.fill(0);
    const digit = (row: number): number =>
      Math.floor(((timesMs[row] as number) - least) / unit) % 65_536;
    for (let i = 0; i < from.length; i++) {
      const at = digit(from[i] as number) + 1;
      starts[at] = (starts[at] as number) + 1;
    }
    for (let i = 1; i < starts.length; i++) {
      starts[i] = (starts[i] as number) + (starts[i - 1] as number);
    }
    for (let i = 0; i < from.length; i++) {
      const row = from[i] as number;
      const at = digit(row);
      to[starts[at] as number] = row;
      starts[at] = (starts[at] as number) + 1;
    }
    [from, to] = [to, from];
  }
  return from;
}
