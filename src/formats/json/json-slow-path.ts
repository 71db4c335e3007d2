// Everything the generated loop calls when a record is not of the expected shape, and what it shares
// with the decoder: builders, key order, problems. One per decoder. A record that fails leaves its
// bytes as they were; what it wrote into its row is overwritten by the next record.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { convertValue, decodeBase64 } from '../../columns/decode/convert-value.ts';
import { defaultBytes, mergeDefault } from '../../columns/decode/default-text.ts';
import { keptBytesMax } from '../../columns/decode/overlong-line.ts';
import { putValue } from '../../columns/put-value.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import { createFieldReader, type JsonFieldReader, storeNull } from './json-field.ts';
import type { JsonOptions } from './json-options.ts';
import { expected, malformed, scanAnyString, scanProblem, skipValue } from './json-scan.ts';
import { joinLines } from './join-lines.ts';
import { unescapeInPlace, unescapeText } from './json-string.ts';
import { seenBit, seenWordCount } from './seen-fields.ts';

const utf8 = new TextEncoder();
const noBytes = new Uint8Array(0);

export class JsonSlowPath {
  /** The field expected after field `i - 1` (index 0: at the start), as seen last. */
  readonly next: Int32Array;
  readonly builders: readonly ColumnBuilder[];
  readonly seen: Int32Array;
  errors: RecordError[] = [];
  offsets: Float64Array = new Float64Array(0);
  baseOffset = 0;
  rowMax = 0;
  /** Where the loop, or `key`, left off. */
  position = 0;
  /** Fields of the record at hand whose text has escapes to decode. */
  pendingCount = 0;

  readonly #fields: readonly Field[];
  readonly #readers: readonly JsonFieldReader[];
  readonly #pending: JsonFieldReader[] = [];
  readonly #keys = new Map<string, number>();
  readonly #keysByLength: { readonly bytes: Uint8Array; readonly index: number }[][] = [];
  readonly #defaults: (Uint8Array | null)[];
  #defaulted = false;
  #bytes: Uint8Array = noBytes;
  #joined: { readonly offset: number; readonly original: Uint8Array } | null = null;
  readonly #bytesMax: number;
  readonly #unit: 'line' | 'message';

  constructor(fields: readonly Field[], options: JsonOptions, unit: 'line' | 'message' = 'line') {
    this.#fields = fields;
    this.#unit = unit;
    this.#bytesMax = options.recordBytesMax;
    this.builders = fields.map((field) => columnForField(field));
    this.#readers = fields.map((field, i) =>
      createFieldReader(field, this.builders[i] as ColumnBuilder, options),
    );
    this.#defaults = fields.map((field, i) =>
      (this.builders[i] as ColumnBuilder).kind === 'bytes' ? defaultBytes(field) : null,
    );
    this.next = Int32Array.from({ length: fields.length + 1 }, (_, i) => i);
    this.seen = new Int32Array(seenWordCount(fields.length));
    for (const [index, field] of fields.entries()) {
      const bytes = utf8.encode(field.name);
      this.#keys.set(field.name, index);
      (this.#keysByLength[bytes.length] ??= []).push({ bytes, index });
    }
  }

  /** Gets ready for up to `rowMax` rows of these bytes. */
  begin(bytes: Uint8Array, baseOffset: number, rowMax: number): void {
    this.#bytes = bytes;
    this.baseOffset = baseOffset;
    this.rowMax = rowMax;
    this.errors = [];
    this.#pending.length = 0;
    this.pendingCount = 0;
    this.#defaulted = false;
    this.#joined = null;
    if (this.offsets.length < rowMax) {
      this.offsets = new Float64Array(Math.max(rowMax, this.offsets.length * 2));
    }
    for (const builder of this.builders) {
      ensureRows(builder, rowMax);
      if (builder.kind === 'bytes') builder.data = bytes;
      if (builder.kind === 'object') builder.values = [];
    }
  }

  /** Index of the field whose key stands at `p` (the number of fields when unknown), or -1. */
  key(p: number): number {
    const bytes = this.#bytes;
    if (bytes[p] !== 0x22) return expected('a name in quotes', bytes, p);
    const end = scanAnyString(bytes, p + 1);
    if (end < 0) return -1;
    this.position = end + 1;
    const candidates = this.#keysByLength[end - p - 1];
    if (candidates !== undefined) {
      for (const candidate of candidates) {
        if (isAt(bytes, p + 1, candidate.bytes)) return candidate.index;
      }
    }
    if (!bytes.subarray(p + 1, end).includes(0x5c)) return this.#fields.length;
    return this.#keys.get(unescapeText(bytes, p + 1, end)) ?? this.#fields.length;
  }

  value(index: number, p: number, row: number): number {
    const reader = this.#readers[index] as JsonFieldReader;
    const end = reader.read(this.#bytes, p, row);
    if (end >= 0 && reader.after !== 'nothing' && !this.#pending.includes(reader)) {
      this.#pending.push(reader);
      this.pendingCount++;
    }
    return end;
  }

  skip(p: number): number {
    return skipValue(this.#bytes, p);
  }

  expect(what: string, p: number): void {
    expected(what, this.#bytes, p);
  }

  trailing(p: number): void {
    malformed('has something after its record', p);
  }

  tooLong(byteCount: number): void {
    scanProblem.code = 'MR_DATA_TOO_LONG';
    scanProblem.message = `${this.#unit} of ${byteCount} bytes is longer than the limit of ${this.#bytesMax}`;
  }

  /** Fills in defaults and nulls of fields that the record lacks; false when one is required. */
  missing(row: number): boolean {
    for (const [i, field] of this.#fields.entries()) {
      const { word, bit } = seenBit(i);
      if (((this.seen[word] as number) & bit) !== 0) continue;
      if (!this.#fillIn(field, i, row)) {
        scanProblem.code = 'MR_DATA_MISSING_FIELD';
        scanProblem.message = `"${field.name}" is missing`;
        return false;
      }
    }
    return true;
  }

  #fillIn(field: Field, index: number, row: number): boolean {
    const builder = this.builders[index] as ColumnBuilder;
    if (field.default === undefined || field.default === null) {
      if (!field.nullable) return false;
      storeNull(builder, row);
    } else if (builder.kind === 'bytes') {
      builder.nulls[row] = 0;
      builder.starts[row] = -1;
      this.#defaulted = true;
    } else {
      const value = convertValue(field.type, field.default, field.name);
      putValue(builder, field.type, row, value);
    }
    return true;
  }

  /** Decodes escapes of a good record where they stand. */
  finishRecord(row: number): void {
    for (const reader of this.#pending) {
      const { builder } = reader;
      if (builder.kind !== 'bytes') continue;
      const start = builder.starts[row] as number;
      const end = builder.ends[row] as number;
      if (reader.field.type.kind === 'string') {
        builder.ends[row] = unescapeInPlace(this.#bytes, start, end);
      } else {
        const decoded = decodeBase64(unescapeText(this.#bytes, start, end)) ?? noBytes;
        this.#bytes.set(decoded, start);
        builder.ends[row] = start + decoded.length;
      }
    }
    this.#pending.length = 0;
    this.pendingCount = 0;
  }

  /** Reports the record that begins at `begin`; returns the position after its line. */
  fail(begin: number): number {
    const end = this.#bytes.indexOf(10, begin);
    this.#pending.length = 0;
    this.pendingCount = 0;
    if (end - begin > this.#bytesMax) this.tooLong(end - begin);
    this.report(begin, end, this.baseOffset + begin);
    return end + 1;
  }

  /**
   * A message that failed: true when it is to be tried again, now without the line feeds that JSON
   * allows between its parts. Else it is reported, with its bytes as they came.
   */
  failMessage(begin: number, end: number, offset: number): boolean {
    this.#pending.length = 0;
    this.pendingCount = 0;
    let original = this.#joined?.offset === offset ? this.#joined.original : null;
    if (original === null) {
      original = joinLines(this.#bytes, begin, end);
      if (original !== null) {
        this.#joined = { offset, original };
        return true;
      }
    }
    if (end - begin > this.#bytesMax) this.tooLong(end - begin);
    this.report(begin, end, offset, original);
    return false;
  }

  /** A message without a value. */
  noValue(offset: number): void {
    this.errors.push({
      code: 'MR_DATA_NO_VALUE',
      category: 'deserialization',
      message: 'message has no value: a tombstone is no record',
      offset,
      bytes: noBytes,
    });
  }

  /** Adds the problem at hand as the error of `bytes[begin .. end)`, which were `original`. */
  report(begin: number, end: number, offset: number, original: Uint8Array | null = null): void {
    const { code, message, position } = scanProblem;
    const isShape = code === 'MR_DATA_MALFORMED' || code === 'MR_DATA_UTF8';
    const where = isShape && message !== '' && !message.startsWith('"');
    const kept = code === 'MR_DATA_TOO_LONG' ? Math.min(end, begin + keptBytesMax) : end;
    this.errors.push({
      code,
      category: isShape || code === 'MR_DATA_TOO_LONG' ? 'deserialization' : 'schema_mismatch',
      message: where
        ? `record ${message}, at byte ${position - begin} of the ${this.#unit}`
        : message,
      offset,
      bytes: original?.slice(0, kept - begin) ?? this.#bytes.slice(begin, kept),
    });
  }

  /** Gives columns in which a default stands for missing text their own copy of the bytes. */
  finishBatch(rowCount: number): void {
    if (!this.#defaulted) return;
    for (const [i, builder] of this.builders.entries()) {
      const text = this.#defaults[i];
      if (builder.kind === 'bytes' && text !== null && text !== undefined) {
        mergeDefault(builder, text, rowCount);
      }
    }
  }
}

function isAt(bytes: Uint8Array, p: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[p + i] !== key[i]) return false;
  return true;
}
