// The feature log as a training set sees it: per key, the vectors in force from each instant on.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readParquetTable } from '../../src/formats/table/parquet-table.ts';

export interface LoggedVector {
  readonly asOfMs: number;
  readonly seq: number;
  /** Key, event time and features as one text. */
  readonly text: string;
}

/** Vectors by key, in the order of their instants; of each instant the one with the greatest version. */
export async function readLog(
  folder: string,
  view: string,
): Promise<ReadonlyMap<string, readonly LoggedVector[]>> {
  const newest = new Map<string, Map<number, LoggedVector>>();
  for (const path of globSync(join(folder, view, 'date=*/part-*.parquet'))) {
    const { fields, columns, rowCount } = await readParquetTable(path);
    const names = fields.map(({ name }) => name);
    const at = (name: string, row: number): unknown => columns[names.indexOf(name)]?.[row];
    for (let row = 0; row < rowCount; row++) {
      const key = String(at('user_id', row));
      const asOfMs = Number(at('as_of', row));
      const seq = Number(at('_seq', row));
      const shown = names.filter((name) => !['as_of', '_seq', '_arrival_time'].includes(name));
      const text = shown.map((name) => `${name}=${String(at(name, row))}`).join(' ');
      const rows = newest.get(key) ?? new Map<number, LoggedVector>();
      newest.set(key, rows);
      if ((rows.get(asOfMs)?.seq ?? -1) <= seq) rows.set(asOfMs, { asOfMs, seq, text });
    }
  }
  return new Map(
    [...newest].map(([key, rows]) => [
      key,
      [...rows.values()].toSorted((a, b) => a.asOfMs - b.asOfMs),
    ]),
  );
}

/** What was in force for a key at an instant. */
export function inForce(vectors: readonly LoggedVector[], asOfMs: number): string | null {
  return vectors.findLast((vector) => vector.asOfMs <= asOfMs)?.text ?? null;
}
