// Reads one column of one row group into a builder. The reader library is asked for raw values; the
// conversion to the field's type is given to it as a "parser", so that it runs once per entry of a
// dictionary and not once per row. Text becomes ranges of a buffer of this column chunk.
import type { DecodedArray, FileMetaData, ParquetParsers, SchemaElement } from 'hyparquet';
import { parquetRead } from 'hyparquet';
import {
  type BytesBuilder,
  type ColumnBuilder,
  ensureBytes,
  ensureRows,
} from '../../columns/column-builder.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { formatDecimal } from '../../columns/parse-decimal.ts';
import { formatDate } from '../../columns/parse-time.ts';
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import { compressors, damaged, type ParquetFile } from './parquet-file.ts';
import type { LeafKind, MatchedColumn } from './parquet-schema.ts';
import { decimalConversion, numberConversion } from './parquet-values.ts';

/** Rows of a row group that cannot be used, and why: the first problem of each. */
export type BadRows = Map<number, FieldProblem>;

export interface RowGroupRange {
  readonly rowStart: number;
  readonly rowCount: number;
}

export async function readColumn(
  file: ParquetFile,
  column: MatchedColumn,
  builder: ColumnBuilder,
  range: RowGroupRange,
): Promise<BadRows> {
  const { rowStart, rowCount } = range;
  ensureRows(builder, rowCount);
  const bad: BadRows = new Map();
  const target: Target = { field: column.field, builder, bad };
  const reading = readingOf(target, column.leaf);
  const chunks: { readonly values: DecodedArray; readonly at: number }[] = [];
  try {
    await parquetRead({
      file: file.buffer,
      metadata: rawMetadata(file.metadata as FileMetaData, column.element, reading.hook),
      columns: [column.field.name],
      rowStart,
      rowEnd: rowStart + rowCount,
      compressors,
      utf8: false,
      parsers: reading.parsers,
      onChunk: (chunk) => chunks.push({ values: chunk.columnData, at: chunk.rowStart - rowStart }),
    });
  } catch (error) {
    throw damaged(file.path, `column "${column.field.name}", rows from ${rowStart}`, error);
  }
  for (const { values, at } of chunks) {
    const count = Math.min(values.length, rowCount - at);
    for (let i = 0; i < count; i++) {
      if (values[i] === null || values[i] === undefined) storeNull(target, at + i);
    }
    reading.store(values, at, count);
  }
  return bad;
}

interface Target {
  readonly field: Field;
  readonly builder: ColumnBuilder;
  readonly bad: BadRows;
}

/** Stores the values that are not null from row `at` on. */
type Store = (values: DecodedArray, at: number, count: number) => void;

/** How a column is read: what the library converts, and how its values reach the builder. */
interface Reading {
  /** Which conversion of the library carries ours; `none` leaves raw values. */
  readonly hook: 'integer' | 'bytes' | 'none' | 'nested';
  readonly parsers: Partial<ParquetParsers>;
  readonly store: Store;
}

function readingOf(target: Target, leaf: LeafKind | null): Reading {
  const { field, builder } = target;
  if (leaf === null) return nestedReading(target);
  switch (builder.kind) {
    case 'bytes':
      return bytesReading(target, builder);
    case 'bool':
      return { hook: 'none', parsers: {}, store: storeBooleans(builder) };
    case 'float64':
    case 'int32':
      return numberReading(target, builder, leaf);
    case 'int64':
      if (field.type.kind === 'decimal') return decimalReading(target, field.type, leaf);
      return { hook: 'none', parsers: {}, store: storeIntegers(target, builder, leaf) };
    case 'object':
      if (field.type.kind === 'decimal') return decimalReading(target, field.type, leaf);
      return nestedReading(target);
  }
}

function storeNull({ field, builder, bad }: Target, row: number): void {
  builder.nulls[row] = field.nullable ? 1 : 0;
  if (builder.kind === 'bytes') {
    builder.starts[row] = 0;
    builder.ends[row] = 0;
  }
  if (!field.nullable) refuse(bad, row, 'MR_DATA_TYPE', `"${field.name}" is null`);
}

function refuse(
  bad: BadRows,
  row: number,
  code: 'MR_DATA_TYPE' | 'MR_DATA_RANGE' | 'MR_DATA_UTF8',
  message: string,
): void {
  if (!bad.has(row)) bad.set(row, new FieldProblem(code, message));
}

function numberReading(
  target: Target,
  builder: ColumnBuilder & { kind: 'float64' | 'int32' },
  leaf: LeafKind,
): Reading {
  const { field, bad } = target;
  const convert = numberConversion(field.type, leaf);
  const isWide = leaf.kind === 'timestamp' || (leaf.kind === 'integer' && leaf.bits === 64);
  const unsigned = leaf.kind === 'integer' && !leaf.signed;
  const raw = unsigned ? (value: number | bigint) => convert(toUnsigned(value)) : convert;
  const { values: into, nulls } = builder;
  const store: Store = (values, at, count) => {
    for (let i = 0; i < count; i++) {
      const value = values[i] as number | bigint | null | undefined;
      if (value === null || value === undefined) continue;
      const number = isWide && typeof value === 'number' ? value : raw(value);
      into[at + i] = number;
      nulls[at + i] = 0;
      if (Number.isNaN(number)) refuse(bad, at + i, 'MR_DATA_RANGE', outside(field));
    }
  };
  const parser = raw as (value: bigint) => number;
  return {
    hook: isWide ? 'integer' : 'none',
    parsers: { timestampFromMilliseconds: parser, timestampFromNanoseconds: parser },
    store,
  };
}

/** Unsigned integers come as the signed ones of the same bits. */
function toUnsigned(value: number | bigint): number | bigint {
  return typeof value === 'number' ? value >>> 0 : BigInt.asUintN(64, value);
}

function outside(field: Field): string {
  return `"${field.name}" holds a value outside ${formatType(field.type)}`;
}

function storeBooleans(builder: ColumnBuilder & { kind: 'bool' }): Store {
  return (values, at, count) => {
    for (let i = 0; i < count; i++) {
      const value: unknown = values[i];
      if (value === null || value === undefined) continue;
      builder.values[at + i] = value === true || value === 1 ? 1 : 0;
      builder.nulls[at + i] = 0;
    }
  };
}

function storeIntegers(
  { field, bad }: Target,
  builder: ColumnBuilder & { kind: 'int64' },
  leaf: LeafKind,
): Store {
  const unsigned = leaf.kind === 'integer' && !leaf.signed;
  return (values, at, count) => {
    for (let i = 0; i < count; i++) {
      const value = values[i] as number | bigint | null | undefined;
      if (value === null || value === undefined) continue;
      builder.values[at + i] = BigInt(unsigned ? toUnsigned(value) : value);
      builder.nulls[at + i] = 0;
      if (unsigned && typeof value === 'bigint' && value < 0n) {
        refuse(bad, at + i, 'MR_DATA_RANGE', outside(field));
      }
    }
  };
}

function decimalReading(
  target: Target,
  type: FieldType & { kind: 'decimal' },
  leaf: LeafKind,
): Reading {
  const { field, builder, bad } = target;
  const convert = decimalConversion(type, leaf);
  const isBinary = leaf.kind === 'decimal' && leaf.binary;
  const store: Store = (values, at, count) => {
    for (let i = 0; i < count; i++) {
      const value: unknown = values[i];
      if (value === null || value === undefined) continue;
      const unscaled = isBinary ? value : convert(value as number | bigint);
      builder.nulls[at + i] = 0;
      if (typeof unscaled !== 'bigint') refuse(bad, at + i, 'MR_DATA_RANGE', outside(field));
      else if (builder.kind === 'int64') builder.values[at + i] = unscaled;
      else if (builder.kind === 'object')
        builder.values[at + i] = formatDecimal(unscaled, type.scale);
    }
  };
  const stringFromBytes = (bytes: Uint8Array): bigint | false => convert(bytes) ?? false;
  return { hook: isBinary ? 'bytes' : 'none', parsers: { stringFromBytes }, store };
}

function bytesReading(target: Target, builder: BytesBuilder): Reading {
  const { field, bad } = target;
  const isText = field.type.kind !== 'bytes';
  const starts: number[] = [];
  const ends: number[] = [];
  builder.dataLength = 0;
  const stringFromBytes = (bytes: Uint8Array): number => {
    if (isText && invalidUtf8At(bytes, 0, bytes.length) >= 0) return -1;
    ensureBytes(builder, bytes.length);
    builder.data.set(bytes, builder.dataLength);
    starts.push(builder.dataLength);
    builder.dataLength += bytes.length;
    return ends.push(builder.dataLength) - 1;
  };
  const store: Store = (values, at, count) => {
    for (let i = 0; i < count; i++) {
      const entry = values[i] as number | null | undefined;
      if (entry === null || entry === undefined) continue;
      builder.nulls[at + i] = 0;
      builder.starts[at + i] = starts[entry] ?? 0;
      builder.ends[at + i] = ends[entry] ?? 0;
      if (entry < 0) refuse(bad, at + i, 'MR_DATA_UTF8', `"${field.name}" is not UTF-8`);
    }
  };
  return { hook: 'bytes', parsers: { stringFromBytes }, store };
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

function nestedReading({ field, builder, bad }: Target): Reading {
  const store: Store = (values, at, count) => {
    if (builder.kind !== 'object') return;
    for (let i = 0; i < count; i++) {
      const value: unknown = values[i];
      if (value === null || value === undefined) continue;
      builder.nulls[at + i] = 0;
      try {
        builder.values[at + i] = convertValue(field.type, withoutUndefined(value), field.name);
      } catch (error) {
        if (!(error instanceof FieldProblem)) throw error;
        if (!bad.has(at + i)) bad.set(at + i, error);
      }
    }
  };
  return { hook: 'nested', parsers: valueParsers, store };
}

/** The library gives `undefined` for nulls inside lists. */
function withoutUndefined(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => item ?? null) : value;
}

/** The metadata with the column's element changed so that the library applies our conversion. */
function rawMetadata(
  metadata: FileMetaData,
  element: SchemaElement,
  hook: Reading['hook'],
): FileMetaData {
  if (hook === 'nested') return metadata;
  const { converted_type: _converted, logical_type: logical, ...raw } = element;
  const changed: SchemaElement = { ...raw };
  if (logical?.type === 'FLOAT16') changed.logical_type = logical;
  if (hook === 'bytes') changed.converted_type = 'UTF8';
  if (hook === 'integer' && element.type === 'INT64') {
    changed.logical_type = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' };
  }
  return {
    ...metadata,
    schema: metadata.schema.map((other) => (other === element ? changed : other)),
  };
}
