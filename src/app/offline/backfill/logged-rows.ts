// Rows that a feature log has already of some keys of a view: the newest version of each key and
// instant. Only rows of those keys become values.
import { type ColumnBuilder, columnForField } from '../../../columns/column-builder.ts';
import type { Column, Float64Column } from '../../../columns/column.ts';
import { readValue } from '../../../columns/read-value.ts';
import { openParquetRows } from '../../../formats/parquet/parquet-rows.ts';
import { encodeKey } from '../../../kernel/key-encoding.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import { loggedForm } from '../../../offline/logged/logged-form.ts';
import type { KeyChoice } from '../../../offline/recompute-keys.ts';
import { type ViewNode, featureFields } from '../../../plan/plan.ts';
import type { ExistingRow } from '../../late-records/decide-corrections.ts';

/** A row of the log. */
export interface LoggedRow extends ExistingRow {
  readonly arrivalMs: number;
}

/** By key (encoded, as latin1 text), then by `as_of`. */
export type LoggedRows = ReadonlyMap<string, ReadonlyMap<number, LoggedRow>>;

const time = (name: string): Field => ({ name, type: { kind: 'timestamp' }, nullable: false });
const versionFields = [
  time('as_of'),
  time('_arrival_time'),
  { name: '_seq', type: { kind: 'count' }, nullable: false },
] as const satisfies readonly Field[];

/** Reads the files at `paths`; a feature that a file does not have is null in its rows. */
export async function readLoggedRows(
  view: ViewNode,
  paths: readonly string[],
  keys: KeyChoice,
): Promise<LoggedRows> {
  const rows = new Map<string, Map<number, LoggedRow>>();
  for (const path of paths) await addFile(view, path, keys, rows);
  return rows;
}

/** The greatest `as_of` in some files; −∞ without one. */
export async function greatestLoggedMs(paths: readonly string[]): Promise<number> {
  const [asOf] = versionFields;
  const column = columnForField(asOf);
  let greatest = Number.NEGATIVE_INFINITY;
  for (const path of paths) {
    const file = await openParquetRows(path);
    for (const [group, count] of file.groups.entries()) {
      await file.read(group, asOf, column);
      const { values } = column as Float64Column;
      for (let row = 0; row < count; row++) greatest = Math.max(greatest, values[row] as number);
    }
    await file.close();
  }
  return greatest;
}

async function addFile(
  view: ViewNode,
  path: string,
  keys: KeyChoice,
  rows: Map<string, Map<number, LoggedRow>>,
): Promise<void> {
  const fields = featureFields(view).map((field) => ({ ...field, nullable: true }));
  const forms = fields.map((field) => loggedForm(field));
  const read = [...view.key, ...versionFields, ...forms.map(({ field }) => field)];
  const columns: ColumnBuilder[] = read.map((field) => columnForField(field));
  const file = await openParquetRows(path);
  try {
    for (const [group, count] of file.groups.entries()) {
      const isThere: boolean[] = [];
      for (const [i, field] of read.entries()) {
        isThere.push(await file.read(group, field, columns[i] as ColumnBuilder));
      }
      const first = view.key.length + versionFields.length;
      const features = forms.map((form, f): Column | null =>
        isThere[first + f] === true
          ? form.decode(columns[first + f] as ColumnBuilder, count)
          : null,
      );
      for (let row = 0; row < count; row++) {
        const key = keyOf(view, columns, row);
        if (!keys.has(key)) continue;
        const [asOfMs, arrivalMs, seq] = columns
          .slice(view.key.length, first)
          .map((column) => (column as Float64Column).values[row]) as [number, number, number];
        const values = fields.map((field, f): Value => {
          const column = features[f] ?? null;
          return column === null ? null : readValue(column, field, row);
        });
        put(rows, key, { asOfMs, arrivalMs, seq, values });
      }
    }
  } finally {
    await file.close();
  }
}

function keyOf(view: ViewNode, columns: readonly Column[], row: number): string {
  const values = view.key.map((field, i) => [
    field.name,
    readValue(columns[i] as Column, field, row),
  ]);
  return Buffer.from(encodeKey(view.key, Object.fromEntries(values))).toString('latin1');
}

function put(rows: Map<string, Map<number, LoggedRow>>, key: string, row: LoggedRow): void {
  const own = rows.get(key) ?? new Map<number, LoggedRow>();
  rows.set(key, own);
  const there = own.get(row.asOfMs);
  if (there === undefined || there.seq < row.seq) own.set(row.asOfMs, row);
}
