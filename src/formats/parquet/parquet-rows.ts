// A Parquet file as typed columns for readers that know what they want: a row group at a time, and
// only the columns asked for. Unlike the format `parquet`, which reads records of a stream, it gives
// every float as it is, and a value that does not fit its field fails the read.
import { parquetSchema } from 'hyparquet';
import { type ColumnBuilder, ensureRows } from '../../columns/column-builder.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import { readColumn } from './parquet-column.ts';
import { openParquet, type ParquetFile } from './parquet-file.ts';
import { type LeafKind, type MatchedColumn, findColumn, leafOf } from './parquet-schema.ts';

export interface ParquetRows {
  /** Names of the columns, in the order of the file. */
  readonly names: readonly string[];
  /** Rows of each row group. */
  readonly groups: readonly number[];
  /**
   * The type that a column is read as: `wanted` when it holds that, else the nearest to its own;
   * null for a nested column and for types that columns do not hold.
   */
  typeOf(name: string, wanted?: FieldType): FieldType | null;
  /**
   * Fills a builder of the field's kind with a row group from row 0 on. False: the file has no such
   * column. Throws MR_FILE_FORMAT when the column is of another type.
   */
  read(group: number, field: Field, builder: ColumnBuilder): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a file; throws MR_FILE_FORMAT, MR_FILE_TRUNCATED. */
export async function openParquetRows(path: string): Promise<ParquetRows> {
  const file = await openParquet(path);
  const columns = file.metadata === null ? [] : parquetSchema(file.metadata).children;
  const groups = (file.metadata?.row_groups ?? []).map((group) => Number(group.num_rows));
  const matched = new Map<string, MatchedColumn | null>();
  const find = (field: Field): MatchedColumn | null => {
    const known = matched.get(field.name);
    if (known !== undefined) return known;
    const column = columns.find(({ element }) => element.name === field.name);
    const found = column === undefined ? null : findColumn(path, field, column);
    matched.set(field.name, found);
    return found;
  };
  return {
    names: columns.map(({ element }) => element.name),
    groups,
    typeOf: (name, wanted) => {
      const column = columns.find(({ element }) => element.name === name);
      const leaf = column === undefined ? null : leafOf(column);
      return leaf === null ? null : typeFor(leaf, wanted);
    },
    read: async (group, field, builder) => {
      const column = find(field);
      if (column === null) return false;
      await readGroup(file, group, column, builder);
      return true;
    },
    close: () => file.close(),
  };
}

async function readGroup(
  file: ParquetFile,
  index: number,
  column: MatchedColumn,
  builder: ColumnBuilder,
): Promise<void> {
  const groups = file.metadata?.row_groups ?? [];
  const group = groups[index];
  if (group === undefined) throw new Error(`${file.path} has no row group ${index}`);
  const rowStart = groups.slice(0, index).reduce((sum, { num_rows: n }) => sum + Number(n), 0);
  const range = { group, rowStart, rowCount: Number(group.num_rows), keepsAll: true };
  ensureRows(builder, range.rowCount);
  const [first] = await readColumn(file, column, builder, range);
  if (first === undefined) return;
  const [row, problem] = first;
  const where = `row ${rowStart + row + 1} of ${file.path}`;
  throw new MillraceError('MR_FILE_FORMAT', `${where}: ${problem.message}`, {
    context: { path: file.path },
    fix: 'write the column with a type that holds its values',
  });
}

function typeFor(leaf: LeafKind, wanted: FieldType | undefined): FieldType | null {
  if (wanted !== undefined && fits(leaf, wanted)) return wanted;
  switch (leaf.kind) {
    case 'integer':
      return { kind: leaf.bits === 32 && leaf.signed ? 'int32' : 'int64' };
    case 'float':
      return { kind: 'float64' };
    case 'text':
      return { kind: 'string' };
    case 'decimal':
      return { kind: 'decimal', precision: leaf.precision, scale: leaf.scale };
    case 'bool':
    case 'timestamp':
    case 'date':
    case 'bytes':
      return { kind: leaf.kind };
    case 'other':
      return null;
  }
}

function fits(leaf: LeafKind, wanted: FieldType): boolean {
  switch (wanted.kind) {
    case 'timestamp':
      return leaf.kind === 'timestamp' || leaf.kind === 'integer' || leaf.kind === 'date';
    case 'int32':
    case 'int64':
      return leaf.kind === 'integer';
    case 'string':
      return leaf.kind === 'text' || leaf.kind === 'bytes';
    default:
      return leaf.kind === wanted.kind;
  }
}
