// One leaf column of a row group as a Parquet data page (version 1, PLAIN values, RLE levels), not
// yet compressed. Values come from column builders; nulls take no space among the values.
import type { ParquetType, SchemaElement } from 'hyparquet';
import type { ColumnBuilder } from '../../../columns/column-builder.ts';
import { copyBytes } from '../../../columns/column-builder.ts';
import { parseExact } from '../../../columns/parse-decimal.ts';
import { putInt64 } from '../../../columns/decode/scan-number.ts';
import type { FieldType } from '../../../kernel/types/field-type.ts';

export interface LeafPage {
  readonly type: ParquetType;
  readonly path: readonly string[];
  /** Values and nulls together. */
  readonly valueCount: number;
  readonly nullCount: number;
  readonly page: Uint8Array;
  /** Least and greatest value, where they are worth knowing. */
  readonly bounds: readonly [bigint, bigint] | null;
}

/** Repetition and definition levels of a leaf; null where all are at their greatest. */
export interface LeafLevels {
  readonly repetition: Uint8Array | null;
  readonly definition: Uint8Array | null;
  readonly definitionMax: number;
  readonly count: number;
}

/** The Parquet element for a scalar type; null for lists, maps and structs. */
export function scalarElement(
  name: string,
  type: FieldType,
  nullable: boolean,
): SchemaElement | null {
  const base = { name, repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' } as const;
  switch (type.kind) {
    case 'bool':
      return { ...base, type: 'BOOLEAN' };
    case 'int32':
      return { ...base, type: 'INT32' };
    case 'date':
      return { ...base, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } };
    case 'int64':
    case 'count':
      return { ...base, type: 'INT64' };
    case 'timestamp': {
      const logical = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } as const;
      return { ...base, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: logical };
    }
    case 'float32':
      return { ...base, type: 'FLOAT' };
    case 'float64':
      return { ...base, type: 'DOUBLE' };
    case 'string':
      return {
        ...base,
        type: 'BYTE_ARRAY',
        converted_type: 'UTF8',
        logical_type: { type: 'STRING' },
      };
    case 'json':
      return {
        ...base,
        type: 'BYTE_ARRAY',
        converted_type: 'JSON',
        logical_type: { type: 'JSON' },
      };
    case 'bytes':
      return { ...base, type: 'BYTE_ARRAY' };
    case 'decimal': {
      const { precision, scale } = type;
      const decimal = { precision, scale, converted_type: 'DECIMAL' } as const;
      const logical = { type: 'DECIMAL', precision, scale } as const;
      return precision <= 18
        ? { ...base, ...decimal, type: 'INT64', logical_type: logical }
        : {
            ...base,
            ...decimal,
            type: 'FIXED_LEN_BYTE_ARRAY',
            type_length: 16,
            logical_type: logical,
          };
    }
    default:
      return null;
  }
}

/** The page of the first `count` values of a builder under the given levels. */
export function encodePage(
  builder: ColumnBuilder,
  element: SchemaElement,
  count: number,
  levels: LeafLevels,
): Uint8Array {
  const head = [levels.repetition, levels.definition].map((level, i) => {
    const bits = i === 0 ? 1 : bitsFor(levels.definitionMax);
    return level === null ? fullLevels(i, levels, bits) : encodeLevels(level, levels.count, bits);
  });
  const headLength = head.reduce((sum, bytes) => sum + bytes.length, 0);
  const values = plainValues(builder, element, count);
  const page = new Uint8Array(headLength + values.length);
  let at = 0;
  for (const bytes of head) {
    page.set(bytes, at);
    at += bytes.length;
  }
  page.set(values, at);
  return page;
}

/** Levels that are all at their greatest: absent when that is zero. */
function fullLevels(index: number, levels: LeafLevels, bits: number): Uint8Array {
  if (index === 0 || levels.definitionMax === 0) return new Uint8Array(0);
  return withLength(rleRun(levels.count, levels.definitionMax, bits));
}

function bitsFor(greatest: number): number {
  return greatest > 1 ? 2 : 1;
}

function encodeLevels(levels: Uint8Array, count: number, bits: number): Uint8Array {
  const first = levels[0] ?? 0;
  let same = 1;
  while (same < count && levels[same] === first) same++;
  if (same >= count) return withLength(rleRun(count, first, bits));
  const groups = Math.ceil(count / 8);
  const header = varint((groups << 1) | 1);
  const packed = new Uint8Array(header.length + groups * bits);
  packed.set(header);
  for (let i = 0; i < count; i++) {
    const bit = i * bits;
    const at = header.length + (bit >> 3);
    packed[at] = (packed[at] as number) | ((levels[i] as number) << (bit & 7));
  }
  return withLength(packed);
}

function rleRun(count: number, value: number, _bits: number): Uint8Array {
  return Uint8Array.from([...varint(count * 2), value]);
}

function withLength(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + 4);
  new DataView(result.buffer).setUint32(0, bytes.length, true);
  result.set(bytes, 4);
  return result;
}

/** An unsigned number in seven-bit groups, least significant first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Rows of the builder that are not null, in the PLAIN encoding. */
function plainValues(builder: ColumnBuilder, element: SchemaElement, count: number): Uint8Array {
  const rows = presentRows(builder.nulls, count);
  switch (builder.kind) {
    case 'float64':
      return element.type === 'INT64'
        ? wholeNumbers(builder.values, rows)
        : floats(builder.values, rows, element.type === 'FLOAT');
    case 'int32':
      return bytesOf(
        rows.all
          ? builder.values.slice(0, count)
          : gather(builder.values, rows, new Int32Array(rows.count)),
      );
    case 'int64':
      return bytesOf(rows.all ? builder.values.slice(0, count) : gatherBig(builder.values, rows));
    case 'bool':
      return packedBits(builder.values, rows);
    case 'bytes':
      return byteArrays(builder, rows);
    case 'object':
      return wideDecimals(builder.values, rows, element.scale ?? 0);
  }
}

interface PresentRows {
  readonly all: boolean;
  readonly count: number;
  readonly total: number;
  readonly nulls: Uint8Array;
}

function presentRows(nulls: Uint8Array, total: number): PresentRows {
  let count = 0;
  for (let i = 0; i < total; i++) if (nulls[i] === 0) count++;
  return { all: count === total, count, total, nulls };
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function gather<A extends Float64Array | Int32Array | Float32Array>(
  values: ArrayLike<number>,
  { nulls, total }: PresentRows,
  into: A,
): A {
  let at = 0;
  for (let i = 0; i < total; i++) if (nulls[i] === 0) into[at++] = values[i] as number;
  return into;
}

function gatherBig(values: BigInt64Array, { nulls, total, count }: PresentRows): BigInt64Array {
  const into = new BigInt64Array(count);
  let at = 0;
  for (let i = 0; i < total; i++) if (nulls[i] === 0) into[at++] = values[i] as bigint;
  return into;
}

function floats(values: Float64Array, rows: PresentRows, single: boolean): Uint8Array {
  if (single) return bytesOf(gather(values, rows, new Float32Array(rows.count)));
  if (rows.all) return bytesOf(values.slice(0, rows.total));
  return bytesOf(gather(values, rows, new Float64Array(rows.count)));
}

function wholeNumbers(values: Float64Array, { nulls, total, count }: PresentRows): Uint8Array {
  const words = new Int32Array(count * 2);
  let at = 0;
  for (let i = 0; i < total; i++) if (nulls[i] === 0) putInt64(words, at++, values[i] as number);
  return bytesOf(words);
}

function packedBits(values: Uint8Array, { nulls, total, count }: PresentRows): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  let at = 0;
  for (let i = 0; i < total; i++) {
    if (nulls[i] !== 0) continue;
    if (values[i] === 1) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
    at++;
  }
  return bits;
}

function byteArrays(
  { data, starts, ends }: ColumnBuilder & { kind: 'bytes' },
  { nulls, total, count }: PresentRows,
): Uint8Array {
  let length = count * 4;
  for (let i = 0; i < total; i++) {
    if (nulls[i] === 0) length += (ends[i] as number) - (starts[i] as number);
  }
  const result = new Uint8Array(length);
  const view = new DataView(result.buffer);
  let at = 0;
  for (let i = 0; i < total; i++) {
    if (nulls[i] !== 0) continue;
    const start = starts[i] as number;
    const end = ends[i] as number;
    view.setUint32(at, end - start, true);
    copyBytes({ bytes: data, start, end }, result, at + 4);
    at += 4 + end - start;
  }
  return result;
}

/** Decimals wider than 18 digits, which columns hold as text, as 16 bytes, most significant first. */
function wideDecimals(
  values: readonly unknown[],
  { nulls, total, count }: PresentRows,
  scale: number,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(count * 16));
  let at = 0;
  for (let i = 0; i < total; i++) {
    if (nulls[i] !== 0) continue;
    const exact = parseExact(String(values[i])) ?? { digits: 0n, scale: 0 };
    const unscaled = exact.digits * 10n ** BigInt(Math.max(0, scale - exact.scale));
    view.setBigInt64(at, unscaled >> 64n);
    view.setBigUint64(at + 8, BigInt.asUintN(64, unscaled));
    at += 16;
  }
  return new Uint8Array(view.buffer);
}
