// The format `parquet`: row groups to batches. A row group's columns are decoded as a whole, then
// handed on in slices; only the columns that the schema asks for are read.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import type { FieldProblem } from '../../columns/decode/field-problem.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { putValue } from '../../columns/put-value.ts';
import { readRow, toJsonValue } from '../../columns/read-value.ts';
import { sliceBatch, takeRows } from '../../columns/slice-batch.ts';
import type { DecodedBatch } from '../../columns/batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { DecodedChunk, FileFormat, FileReadOptions } from '../../ports/format.ts';
import { type RowGroupRange, readColumn } from './parquet-column.ts';
import { openParquet, type ParquetFile } from './parquet-file.ts';
import { type MatchedColumn, matchColumns } from './parquet-schema.ts';
import type { BadRows } from './parquet-store.ts';

/**
 * Parquet files, compressed in any usual way. **Shape**: columns by name; integers widen, timestamps of
 * any unit become milliseconds (finer parts are cut off), decimals are rescaled only when exact. A
 * field without a column takes its default; without one the file is refused. **Guarantee**: a value
 * that does not fit makes its row a dead letter, never a rounded number. **Errors** for the file:
 * MR_FILE_FORMAT, MR_FILE_TRUNCATED; per row MR_DATA_TYPE, MR_DATA_RANGE, MR_DATA_UTF8.
 */
export const parquetFormat: FileFormat = { kind: 'file', name: 'parquet', read: readParquet };

async function* readParquet(
  path: string,
  rowType: RowType,
  { rowCountMax, startRow }: FileReadOptions,
): AsyncGenerator<DecodedChunk> {
  const file = await openParquet(path);
  try {
    const groups = file.metadata?.row_groups ?? [];
    const rowCount = groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
    if (rowCount < startRow) throw tooShort(path, rowCount, startRow);
    if (file.metadata === null) return;
    const columns = matchColumns(path, file.metadata, rowType);
    const builders = rowType.fields.map((field) => columnForField(field));
    let rowStart = 0;
    for (const group of groups) {
      const range = { group, rowStart, rowCount: Number(group.num_rows) };
      const skipped = Math.max(0, startRow - rowStart);
      rowStart += range.rowCount;
      if (skipped >= range.rowCount) continue;
      const bad = await readRowGroup(file, columns, { rowType, builders }, range);
      const batch = groupBatch(rowType, builders, range);
      for (let from = skipped; from < range.rowCount; from += rowCountMax) {
        yield chunkOf(batch, bad, from, Math.min(from + rowCountMax, range.rowCount));
      }
    }
  } finally {
    await file.close();
  }
}

function tooShort(path: string, rowCount: number, startRow: number): MillraceError {
  const message = `"${path}" has ${rowCount} rows, of which ${startRow} were read before`;
  return new MillraceError('MR_SOURCE_POSITION', message, {
    context: { path },
    fix: 'restore the file as it was, or start over with --fresh-state',
  });
}

interface Rows {
  readonly rowType: RowType;
  readonly builders: readonly ColumnBuilder[];
}

async function readRowGroup(
  file: ParquetFile,
  columns: readonly (MatchedColumn | null)[],
  { rowType, builders }: Rows,
  range: RowGroupRange,
): Promise<BadRows> {
  const bad: BadRows = new Map();
  for (const [i, column] of columns.entries()) {
    const builder = builders[i] as ColumnBuilder;
    const field = rowType.fields[i];
    if (column !== null) {
      for (const [row, problem] of await readColumn(file, column, builder, range)) {
        if (!bad.has(row)) bad.set(row, problem);
      }
    } else if (field !== undefined) {
      ensureRows(builder, range.rowCount);
      const value =
        field.default === undefined || field.default === null
          ? null
          : convertValue(field.type, field.default, field.name);
      if (builder.kind === 'bytes') builder.dataLength = 0;
      for (let row = 0; row < range.rowCount; row++) putValue(builder, field.type, row, value);
    }
  }
  return bad;
}

function groupBatch(
  rowType: RowType,
  builders: readonly ColumnBuilder[],
  { rowStart, rowCount }: RowGroupRange,
): DecodedBatch {
  const offsets = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) offsets[row] = rowStart + row;
  return { fields: rowType.fields, columns: builders, rowCount, offsets };
}

/** Rows `[from, to)`: the good ones as a batch, the bad ones as errors. */
function chunkOf(batch: DecodedBatch, bad: BadRows, from: number, to: number): DecodedChunk {
  if (bad.size === 0) return { batch: sliceBatch(batch, from, to), errors: [] };
  const good: number[] = [];
  const errors: RecordError[] = [];
  for (let row = from; row < to; row++) {
    const problem = bad.get(row);
    if (problem === undefined) good.push(row);
    else errors.push(rowError(batch, row, problem));
  }
  if (errors.length === 0) return { batch: sliceBatch(batch, from, to), errors };
  return { batch: takeRows(batch, good), errors };
}

/** The row as JSON stands for its bytes, which nobody can read. */
function rowError(batch: DecodedBatch, row: number, problem: FieldProblem): RecordError {
  const values = readRow(batch.columns, batch.fields, row);
  const json = JSON.stringify(
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toJsonValue(value)])),
  );
  return {
    code: problem.code,
    category: 'schema_mismatch',
    message: problem.message,
    offset: batch.offsets[row] as number,
    bytes: new TextEncoder().encode(json),
  };
}
