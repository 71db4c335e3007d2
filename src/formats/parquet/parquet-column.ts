// Reads one column of one row group into a builder: flat columns page by page, nested ones (lists,
// maps, structs) through the library, which puts their values together.
import type {
  ColumnMetaData,
  DecodedArray,
  FileMetaData,
  ParquetParsers,
  RowGroup,
} from 'hyparquet';
import { parquetRead } from 'hyparquet';
import { type ColumnBuilder, ensureRows } from '../../columns/column-builder.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { formatDate } from '../../columns/parse-time.ts';
import { compressors, damaged, type ParquetFile } from './parquet-file.ts';
import { readPages } from './parquet-pages.ts';
import type { LeafKind, MatchedColumn } from './parquet-schema.ts';
import { type BadRows, createStore, type StoreTarget, storeNull } from './parquet-store.ts';

export interface RowGroupRange {
  readonly group: RowGroup;
  readonly rowStart: number;
  readonly rowCount: number;
  /** Floats that are no finite numbers are kept as they are. Default: they make their rows bad. */
  readonly keepsAll?: boolean;
}

export async function readColumn(
  file: ParquetFile,
  column: MatchedColumn,
  builder: ColumnBuilder,
  range: RowGroupRange,
): Promise<BadRows> {
  ensureRows(builder, range.rowCount);
  if (builder.kind === 'bytes') builder.dataLength = 0;
  const { keepsAll = false } = range;
  const target: StoreTarget = { field: column.field, builder, bad: new Map(), keepsAll };
  try {
    if (column.leaf === null) await readNested(file, target, range);
    else await readFlat(file, column, target, { ...range, leaf: column.leaf });
  } catch (error) {
    const where = `column "${column.field.name}", rows from ${range.rowStart}`;
    throw damaged(file.path, where, error);
  }
  return target.bad;
}

async function readFlat(
  file: ParquetFile,
  { element, field }: MatchedColumn,
  target: StoreTarget,
  { group, rowCount, leaf }: RowGroupRange & { readonly leaf: LeafKind },
): Promise<void> {
  const meta = group.columns
    .map((chunk) => chunk.meta_data)
    .find((candidate) => candidate?.path_in_schema[0] === field.name);
  if (meta === undefined) throw new Error('the row group lacks it');
  const consumer = createStore(target, leaf);
  readPages(await readChunk(file, meta), meta, element, { rowCount, consumer });
}

function readChunk(file: ParquetFile, meta: ColumnMetaData): Promise<Uint8Array> {
  const data = Number(meta.data_page_offset);
  const dictionary = Number(meta.dictionary_page_offset ?? 0n);
  const start = dictionary > 0 ? Math.min(dictionary, data) : data;
  const end = start + Number(meta.total_compressed_size);
  return file.readChunk(start, end);
}

const text = new TextDecoder('utf-8');

/** Values of lists, maps and structs are boxed, so they are converted one by one. */
const valueParsers: ParquetParsers = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (micros) => Math.floor(Number(micros) / 1000),
  timestampFromNanoseconds: (nanos) => Math.floor(Number(nanos / 1000n) / 1000),
  dateFromDays: formatDate,
  stringFromBytes: (bytes) => text.decode(bytes),
  jsonFromBytes: (bytes) => text.decode(bytes),
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
  uuidFromBytes: (bytes) => bytes,
};

async function readNested(
  file: ParquetFile,
  target: StoreTarget,
  { rowStart, rowCount }: RowGroupRange,
): Promise<void> {
  const chunks: { readonly values: DecodedArray; readonly at: number }[] = [];
  await parquetRead({
    file: file.buffer,
    metadata: file.metadata as FileMetaData,
    columns: [target.field.name],
    rowStart,
    rowEnd: rowStart + rowCount,
    compressors,
    utf8: false,
    parsers: valueParsers,
    onChunk: (chunk) => chunks.push({ values: chunk.columnData, at: chunk.rowStart - rowStart }),
  });
  for (const { values, at } of chunks) {
    for (let i = 0; i < Math.min(values.length, rowCount - at); i++) {
      storeNested(target, at + i, values[i]);
    }
  }
}

function storeNested(target: StoreTarget, row: number, value: unknown): void {
  const { field, builder, bad } = target;
  if (value === null || value === undefined) return storeNull(target, row);
  if (builder.kind !== 'object') return;
  builder.nulls[row] = 0;
  try {
    builder.values[row] = convertValue(field.type, withoutUndefined(value), field.name);
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error;
    if (!bad.has(row)) bad.set(row, error);
  }
}

/** The library gives `undefined` for nulls inside lists. */
function withoutUndefined(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => item ?? null) : value;
}
