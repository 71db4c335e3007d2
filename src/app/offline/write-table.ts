// Training sets as files: Parquet from typed columns, text formats a few thousand rows at a time.
import { mkdir } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { writeColumnFile } from '../../adapters/file/log/column-file.ts';
import type { ColumnTable } from '../../columns/column-table.ts';
import type { Column } from '../../columns/column.ts';
import { readValue } from '../../columns/read-value.ts';
import { tableFiles } from '../../formats/table/table-files.ts';
import type { Field } from '../../kernel/types/field-type.ts';

const rowsPerWrite = 8192;

/** Writes `.parquet`, `.csv` or `.jsonl`; nothing is visible at `path` before it is whole. */
export async function writeTable(
  path: string,
  table: ColumnTable,
  onWritten: (rows: number) => void,
): Promise<void> {
  if (extname(path).toLowerCase() === '.parquet') {
    await mkdir(dirname(path), { recursive: true });
    return writeColumnFile(path, table, onWritten);
  }
  const { fields, columns, rowCount } = table;
  const writer = await tableFiles.create(path, fields);
  try {
    for (let from = 0; from < rowCount; from += rowsPerWrite) {
      const to = Math.min(rowCount, from + rowsPerWrite);
      const values = fields.map((field, i) => valuesOf(columns[i] as Column, field, from, to));
      await writer.write(values, to - from);
      onWritten(to);
    }
    await writer.close();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

function valuesOf(column: Column, field: Field, from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => readValue(column, field, from + i));
}
