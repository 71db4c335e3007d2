// Labels as typed columns: Parquet straight into them, text formats through values.
import { extname } from 'node:path';
import { type ColumnBuilder, columnForField } from '../../columns/column-builder.ts';
import { type ColumnTable, columnOfValues } from '../../columns/column-table.ts';
import { copyRows } from '../../columns/copy-rows.ts';
import { type ParquetRows, openParquetRows } from '../../formats/parquet/parquet-rows.ts';
import { checkThere, tableFiles } from '../../formats/table/table-files.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';

/**
 * Reads a file of labels whole. Columns named in `known` are read as that type where they hold it.
 * Throws MR_FILE_NOT_FOUND, MR_FILE_ACCESS, MR_FILE_FORMAT, MR_FILE_TRUNCATED, MR_LABELS.
 */
export async function readLabels(
  path: string,
  known: ReadonlyMap<string, FieldType>,
): Promise<ColumnTable> {
  if (extname(path).toLowerCase() === '.parquet') {
    const table = await readParquetLabels(path, known);
    if (table !== null) return table;
  }
  const { fields, columns, rowCount } = await tableFiles.read(path, known);
  const typed = columns.map((values, i) => columnOfValues(fields[i] as Field, values));
  return { fields, columns: typed, rowCount };
}

/** Null when there is a nested column: those are read as JSON text with the other formats. */
async function readParquetLabels(
  path: string,
  known: ReadonlyMap<string, FieldType>,
): Promise<ColumnTable | null> {
  await checkThere(path);
  const rows = await openParquetRows(path);
  try {
    const fields: Field[] = [];
    for (const name of rows.names) {
      const type = rows.typeOf(name, known.get(name));
      if (type === null) return null;
      fields.push({ name, type, nullable: true });
    }
    const columns: ColumnBuilder[] = [];
    for (const field of fields) columns.push(await readWhole(rows, field));
    return { fields, columns, rowCount: rows.groups.reduce((sum, count) => sum + count, 0) };
  } finally {
    await rows.close();
  }
}

async function readWhole(rows: ParquetRows, field: Field): Promise<ColumnBuilder> {
  const whole = columnForField(field);
  const group = columnForField(field);
  let first = 0;
  for (const [index, count] of rows.groups.entries()) {
    await rows.read(index, field, group);
    copyRows(group, whole, { first, count });
    first += count;
  }
  return whole;
}
