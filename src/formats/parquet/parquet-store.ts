// Raw values of a leaf into the builder of its field: entries (of a dictionary, or of a page) are
// converted once, then picked per row. A value that does not fit makes its row bad.
import type { DecodedArray } from 'hyparquet';
import {
  type BytesBuilder,
  type ColumnBuilder,
  ensureBytes,
} from '../../columns/column-builder.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import { formatDecimal } from '../../columns/parse-decimal.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import {
  type PageConsumer,
  PackedTexts,
  type PageValues,
  type ValuePage,
} from './parquet-pages.ts';
import type { LeafKind } from './parquet-schema.ts';
import { convertNumbers, decimalConversion } from './parquet-values.ts';

/** Rows of a row group that cannot be used, and why: the first problem of each. */
export type BadRows = Map<number, FieldProblem>;

export interface StoreTarget {
  readonly field: Field;
  readonly builder: ColumnBuilder;
  readonly bad: BadRows;
  /** NaN and ±∞ are values of floats. */
  readonly keepsAll: boolean;
}

/** Entries converted for the builder, and how one becomes the value of a row. */
interface Entries {
  /** Converts raw values; they replace the entries before. */
  load(values: DecodedArray): void;
  /** The same for texts as they lie in a page; where the consumer takes them so. */
  loadPacked?(texts: PackedTexts): void;
  /** Gives rows `at …` (or `rows[k]`) the entries `0 …` (or `indices[k]`). */
  place(page: ValuePage): void;
}

/** A consumer of pages that fills the builder. */
export function createStore(target: StoreTarget, leaf: LeafKind): PageConsumer {
  const dictionary = createEntries(target, leaf);
  const own = createEntries(target, leaf);
  return {
    takesPacked: target.builder.kind === 'bytes',
    dictionary: (values) => load(dictionary, values),
    page: (page) => {
      if (page.rows === null) target.builder.nulls.fill(0, page.at, page.at + page.count);
      else storeNulls(target, page, page.rows);
      if (page.indices !== null) return dictionary.place(page);
      load(own, page.values);
      own.place(page);
    },
  };
}

function load(entries: Entries, values: PageValues): void {
  if (values instanceof PackedTexts) entries.loadPacked?.(values);
  else entries.load(values);
}

function storeNulls(target: StoreTarget, { at, count }: ValuePage, rows: Int32Array): void {
  const { nulls } = target.builder;
  nulls.fill(1, at, at + count);
  for (const row of rows) nulls[row] = 0;
  for (let row = at; row < at + count; row++) if (nulls[row] === 1) storeNull(target, row);
}

/** A null: in a field that may not be null, a bad row. */
export function storeNull({ field, builder, bad }: StoreTarget, row: number): void {
  builder.nulls[row] = field.nullable ? 1 : 0;
  if (builder.kind === 'bytes') {
    builder.starts[row] = 0;
    builder.ends[row] = 0;
  }
  if (!field.nullable) refuse(bad, row, 'MR_DATA_TYPE', `"${field.name}" is null`);
}

type DataCode = 'MR_DATA_TYPE' | 'MR_DATA_RANGE' | 'MR_DATA_UTF8';

function refuse(bad: BadRows, row: number, code: DataCode, message: string): void {
  if (!bad.has(row)) bad.set(row, new FieldProblem(code, message));
}

function outside(field: Field): string {
  return `"${field.name}" holds a value outside ${formatType(field.type)}`;
}

function createEntries(target: StoreTarget, leaf: LeafKind): Entries {
  const { field, builder } = target;
  switch (builder.kind) {
    case 'bytes':
      return bytesEntries(target, builder);
    case 'bool':
      return boolEntries(builder);
    case 'float64':
    case 'int32':
      return numberEntries(target, builder, leaf);
    case 'int64':
    case 'object':
      return field.type.kind === 'decimal'
        ? decimalEntries(target, field.type, leaf)
        : integerEntries(target, leaf);
  }
}

function numberEntries(
  { field, bad, keepsAll }: StoreTarget,
  builder: ColumnBuilder & { kind: 'float64' | 'int32' },
  leaf: LeafKind,
): Entries {
  let entries: Float64Array | Float32Array = new Float64Array(0);
  const isRaw = keepsAll && leaf.kind === 'float';
  return {
    load: (values) => {
      const isReady = values instanceof Float64Array || values instanceof Float32Array;
      entries = isRaw && isReady ? values : convertNumbers(values, field.type, leaf);
    },
    place: ({ at, rows, indices, valueCount }) => {
      const into = builder.values;
      for (let k = 0; k < valueCount; k++) {
        const row = rows === null ? at + k : (rows[k] as number);
        const value = entries[indices === null ? k : (indices[k] as number)] as number;
        into[row] = value;
        if (value !== value && !isRaw) refuse(bad, row, 'MR_DATA_RANGE', outside(field));
      }
    },
  };
}

function boolEntries(builder: ColumnBuilder & { kind: 'bool' }): Entries {
  let entries: DecodedArray = [];
  return {
    load: (values) => {
      entries = values;
    },
    place: ({ at, rows, indices, valueCount }) => {
      for (let k = 0; k < valueCount; k++) {
        const value: unknown = entries[indices === null ? k : (indices[k] as number)];
        const row = rows === null ? at + k : (rows[k] as number);
        builder.values[row] = value === true || value === 1 ? 1 : 0;
      }
    },
  };
}

function integerEntries({ field, builder, bad }: StoreTarget, leaf: LeafKind): Entries {
  let entries: DecodedArray = [];
  const unsigned = leaf.kind === 'integer' && !leaf.signed;
  return {
    load: (values) => {
      entries = values;
    },
    place: ({ at, rows, indices, valueCount }) => {
      if (builder.kind !== 'int64') return;
      for (let k = 0; k < valueCount; k++) {
        const value = entries[indices === null ? k : (indices[k] as number)] as number | bigint;
        const row = rows === null ? at + k : (rows[k] as number);
        const isBelow = unsigned && typeof value === 'bigint' && value < 0n;
        if (isBelow) refuse(bad, row, 'MR_DATA_RANGE', outside(field));
        builder.values[row] = BigInt(unsigned && typeof value === 'number' ? value >>> 0 : value);
      }
    },
  };
}

function decimalEntries(
  { field, builder, bad }: StoreTarget,
  type: FieldType & { kind: 'decimal' },
  leaf: LeafKind,
): Entries {
  const convert = decimalConversion(type, leaf);
  let entries: (bigint | null)[] = [];
  return {
    load: (values) => {
      entries = Array.from(values as ArrayLike<number | bigint | Uint8Array>, convert);
    },
    place: ({ at, rows, indices, valueCount }) => {
      for (let k = 0; k < valueCount; k++) {
        const value = entries[indices === null ? k : (indices[k] as number)] ?? null;
        const row = rows === null ? at + k : (rows[k] as number);
        if (value === null) refuse(bad, row, 'MR_DATA_RANGE', outside(field));
        else if (builder.kind === 'int64') builder.values[row] = value;
        else if (builder.kind === 'object') builder.values[row] = formatDecimal(value, type.scale);
      }
    },
  };
}

function bytesEntries({ field, bad }: StoreTarget, builder: BytesBuilder): Entries {
  const isText = field.type.kind !== 'bytes';
  let starts = new Int32Array(0);
  let ends = new Int32Array(0);
  const loadPacked = ({ data, length, starts: from, ends: to }: PackedTexts): void => {
    ensureBytes(builder, data.length);
    const first = builder.dataLength;
    builder.data.set(data, first);
    builder.dataLength += data.length;
    starts = new Int32Array(length);
    ends = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      const start = from[i] as number;
      const end = to[i] as number;
      const isWhole = !isText || invalidUtf8At(data, start, end) < 0;
      starts[i] = isWhole ? first + start : -1;
      ends[i] = first + end;
    }
  };
  return {
    loadPacked,
    load: (values) => {
      const texts = values as ArrayLike<Uint8Array>;
      starts = new Int32Array(texts.length);
      ends = new Int32Array(texts.length);
      for (let i = 0; i < texts.length; i++) {
        const text = texts[i] as Uint8Array;
        const isWhole = !isText || invalidUtf8At(text, 0, text.length) < 0;
        ensureBytes(builder, text.length);
        builder.data.set(text, builder.dataLength);
        starts[i] = isWhole ? builder.dataLength : -1;
        builder.dataLength += text.length;
        ends[i] = builder.dataLength;
      }
    },
    place: ({ at, rows, indices, valueCount }) => {
      for (let k = 0; k < valueCount; k++) {
        const row = rows === null ? at + k : (rows[k] as number);
        const entry = indices === null ? k : (indices[k] as number);
        const start = starts[entry] as number;
        builder.starts[row] = Math.max(0, start);
        builder.ends[row] = start < 0 ? 0 : (ends[entry] as number);
        if (start < 0) refuse(bad, row, 'MR_DATA_UTF8', `"${field.name}" is not UTF-8`);
      }
    },
  };
}
