// CSV records to columns. Holds between calls the header's order and what an overlong line needs. A
// record that opens a quote and never closes it is reported as its first line; reading goes on
// with the line after it, so that one bad quote does not swallow a file.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import { decodeBase64 } from '../../columns/decode/convert-value.ts';
import { defaultBytes, mergeDefault } from '../../columns/decode/default-text.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { keptBytesMax, OverlongLine } from '../../columns/decode/overlong-line.ts';
import type { Field, RowType } from '../../kernel/types/field-type.ts';
import type { RecordError } from '../../ports/dead-letter-sink.ts';
import type { DecodeInput, DecodeResult, RecordDecoder } from '../../ports/format.ts';
import { type AfterRecord, type CellReader, createCellReader, textOf } from './csv-cell.ts';
import { headerProblem, matchHeader } from './csv-header.ts';
import type { CsvOptions } from './csv-options.ts';
import {
  createCells,
  misquoted,
  type ScanContext,
  scanRecord,
  stopTable,
  unfinished,
  unquoteInPlace,
} from './csv-scan.ts';

const lineFeed = 10;
const batchRowsMax = 65_536;

/** Which cell holds which field: readers in the order of cells; null for cells nobody wants. */
interface Layout {
  readonly readers: readonly (CellReader | null)[];
  /** Fields without a column, which take their default. */
  readonly absent: readonly CellReader[];
}

interface Pending {
  readonly reader: CellReader;
  readonly after: AfterRecord;
}

export class CsvDecoder implements RecordDecoder {
  readonly #fields: readonly Field[];
  readonly #options: CsvOptions;
  readonly #builders: readonly ColumnBuilder[];
  readonly #readers: readonly CellReader[];
  readonly #defaults: readonly (Uint8Array | null)[];
  readonly #scan: ScanContext;
  readonly #overlong = new OverlongLine();
  readonly #pending: Pending[] = [];
  #layout: Layout | null;
  #offsets = new Float64Array(0);
  #errors: RecordError[] = [];
  #baseOffset = 0;

  constructor(rowType: RowType, options: CsvOptions) {
    this.#fields = rowType.fields;
    this.#options = options;
    this.#builders = rowType.fields.map((field) => columnForField(field));
    this.#readers = rowType.fields.map((field, i) =>
      createCellReader(field, this.#builders[i] as ColumnBuilder, options),
    );
    this.#defaults = rowType.fields.map((field, i) =>
      this.#builders[i]?.kind === 'bytes' ? defaultBytes(field) : null,
    );
    const delimiter = options.delimiter.charCodeAt(0);
    this.#scan = { cells: createCells(), stops: stopTable(delimiter), delimiter };
    this.#layout = options.header ? null : { readers: this.#readers, absent: [] };
  }

  get needsHead(): boolean {
    return this.#layout === null;
  }

  decode(input: DecodeInput): DecodeResult {
    this.#errors = [];
    if (this.#overlong.isOpen) return this.#passOver(input);
    const { bytes, start, end, last } = input;
    if (start === end) return this.#result(0, 0);
    const limit = bytes.lastIndexOf(lineFeed, end - 1) + 1;
    if (limit > start) {
      const result = this.#decodeRecords(input, limit, last && limit === end);
      if (result.consumed > 0) return result;
    }
    if (!last && end - start <= this.#options.recordBytesMax) return this.#result(0, 0);
    if (!last && limit > start) return this.#giveUpRecord(input);
    if (end - start > this.#options.recordBytesMax && limit <= start) {
      this.#overlong.begin(bytes, start, end, input.baseOffset + start);
      return this.#passOver(input);
    }
    return this.#decodeTail(input);
  }

  /** The last record, without its line feed: in a copy that has one. */
  #decodeTail(input: DecodeInput): DecodeResult {
    const { bytes, start, end, baseOffset } = input;
    const line = new Uint8Array(end - start + 1);
    line.set(bytes.subarray(start, end));
    line[end - start] = lineFeed;
    const tail = { ...input, bytes: line, start: 0, baseOffset: baseOffset + start };
    const result = this.#decodeRecords(tail, line.length, true);
    return { ...result, consumed: Math.min(result.consumed, end - start) };
  }

  #passOver(input: DecodeInput): DecodeResult {
    const { consumed, line } = this.#overlong.pass(input);
    if (line !== null) {
      this.#errors.push({
        code: 'MR_DATA_TOO_LONG',
        category: 'deserialization',
        message: this.#tooLong(line.byteCount),
        offset: line.offset,
        bytes: line.kept,
      });
    }
    return this.#result(0, consumed);
  }

  /** A record of several lines that is longer than the limit: its first line is reported. */
  #giveUpRecord(input: DecodeInput): DecodeResult {
    const { bytes, start, baseOffset } = input;
    const next = bytes.indexOf(lineFeed, start) + 1;
    const problem = new FieldProblem('MR_DATA_TOO_LONG', this.#tooLong(input.end - start));
    this.#baseOffset = baseOffset;
    this.#report(bytes, start, next - 1, problem);
    return this.#result(0, next - start);
  }

  #tooLong(byteCount: number): string {
    const { recordBytesMax } = this.#options;
    return `record of ${byteCount} bytes or more is longer than the limit of ${recordBytesMax}`;
  }

  /** Records of `bytes[start .. limit)`; `final` when nothing comes after. */
  #decodeRecords(input: DecodeInput, limit: number, final: boolean): DecodeResult {
    const { bytes, start, baseOffset } = input;
    const rowMax = Math.min(input.rowCountMax, batchRowsMax);
    this.#baseOffset = baseOffset;
    this.#begin(bytes, Math.min(rowMax, limit - start));
    let p = start + (baseOffset + start === 0 ? byteOrderMarkLength(bytes, start) : 0);
    let row = 0;
    while (row < rowMax && p < limit) {
      const blank = blankLength(bytes, p);
      if (blank > 0) {
        p += blank;
        continue;
      }
      const next = scanRecord(bytes, p, limit, this.#scan);
      if (next === unfinished && !final) break;
      if (next < 0) {
        const lineEnd = bytes.indexOf(lineFeed, p);
        const problem = new FieldProblem('MR_DATA_MALFORMED', shapeProblem(next));
        if (this.#layout === null) throw headerProblem(problem.message);
        this.#report(bytes, p, lineEnd, problem);
        p = lineEnd + 1;
        continue;
      }
      if (this.#layout === null) this.#layout = this.#readHeader(bytes);
      else if (this.#readRecord(bytes, p, next, row)) this.#offsets[row++] = baseOffset + p;
      p = next;
    }
    this.#finish(row);
    return this.#result(row, p - start);
  }

  #begin(bytes: Uint8Array, rowMax: number): void {
    if (this.#offsets.length < rowMax) this.#offsets = new Float64Array(rowMax);
    for (const builder of this.#builders) {
      ensureRows(builder, rowMax);
      if (builder.kind === 'bytes') builder.data = bytes;
      if (builder.kind === 'object') builder.values = [];
    }
  }

  #readHeader(bytes: Uint8Array): Layout {
    const { cells } = this.#scan;
    const names = Array.from({ length: cells.count }, (_, i) => textOf(this.#cell(bytes, i)));
    const columns = matchHeader(names, this.#fields);
    const readers = names.map((_, cell) => {
      const field = columns.indexOf(cell);
      return field < 0 ? null : (this.#readers[field] ?? null);
    });
    const absent = this.#readers.filter((_, i) => columns[i] === -1);
    return { readers, absent };
  }

  #cell(bytes: Uint8Array, index: number): Parameters<CellReader['read']>[0] {
    const { starts, ends, kinds } = this.#scan.cells;
    return {
      bytes,
      start: starts[index] as number,
      end: ends[index] as number,
      kind: kinds[index] as number,
    };
  }

  /** True when the record is a row; else it is reported. */
  #readRecord(bytes: Uint8Array, start: number, next: number, row: number): boolean {
    try {
      if (next - start > this.#options.recordBytesMax) {
        throw new FieldProblem('MR_DATA_TOO_LONG', this.#tooLong(next - start));
      }
      this.#readCells(bytes, row);
      for (const { reader, after } of this.#pending) finishText(reader, after, bytes, row);
      return true;
    } catch (error) {
      if (!(error instanceof FieldProblem)) throw error;
      this.#report(bytes, start, next - (bytes[next - 2] === 13 ? 2 : 1), error);
      return false;
    } finally {
      this.#pending.length = 0;
    }
  }

  #readCells(bytes: Uint8Array, row: number): void {
    const { readers, absent } = this.#layout as Layout;
    const { count } = this.#scan.cells;
    if (count !== readers.length) {
      throw new FieldProblem(
        'MR_DATA_MALFORMED',
        `record has ${count} cells where the header has ${readers.length}`,
      );
    }
    for (let i = 0; i < count; i++) {
      const reader = readers[i];
      if (reader === null || reader === undefined) continue;
      const after = reader.read(this.#cell(bytes, i), row);
      if (after !== 'nothing') this.#pending.push({ reader, after });
    }
    for (const reader of absent) reader.readNothing(row);
  }

  #report(bytes: Uint8Array, start: number, end: number, problem: FieldProblem): void {
    const { code, message } = problem;
    const isShape = code !== 'MR_DATA_TYPE' && code !== 'MR_DATA_RANGE';
    const isField = !isShape || code === 'MR_DATA_MISSING_FIELD';
    const kept = code === 'MR_DATA_TOO_LONG' ? Math.min(end, start + keptBytesMax) : end;
    this.#errors.push({
      code,
      category: isField ? 'schema_mismatch' : 'deserialization',
      message,
      offset: this.#baseOffset + start,
      bytes: bytes.slice(start, kept),
    });
  }

  #finish(rowCount: number): void {
    for (const [i, builder] of this.#builders.entries()) {
      const text = this.#defaults[i];
      if (builder.kind !== 'bytes' || text === null || text === undefined) continue;
      if (builder.starts.subarray(0, rowCount).includes(-1)) mergeDefault(builder, text, rowCount);
    }
  }

  #result(rowCount: number, consumed: number): DecodeResult {
    const columns = this.#builders;
    const batch = { fields: this.#fields, columns, rowCount, offsets: this.#offsets };
    return { batch, errors: this.#errors, consumed };
  }
}

/** Undoes quotes and base64 of a good record where they stand. */
function finishText(reader: CellReader, after: AfterRecord, bytes: Uint8Array, row: number): void {
  const { builder } = reader;
  if (builder.kind !== 'bytes') return;
  const start = builder.starts[row] as number;
  const end = builder.ends[row] as number;
  if (after === 'unquote') {
    builder.ends[row] = unquoteInPlace(bytes, start, end);
    return;
  }
  const text = textOf({ bytes, start, end, kind: 0 });
  const decoded = decodeBase64(text) ?? new Uint8Array(0);
  bytes.set(decoded, start);
  builder.ends[row] = start + decoded.length;
}

function shapeProblem(result: number): string {
  return result === misquoted
    ? 'record has a quote, or something after one, where none may be'
    : 'record opens a quote that is never closed';
}

/** Length of an empty line at `p`, its end included; 0 when there is none. */
function blankLength(bytes: Uint8Array, p: number): number {
  if (bytes[p] === lineFeed) return 1;
  return bytes[p] === 13 && bytes[p + 1] === lineFeed ? 2 : 0;
}

/** 3 when the stream opens with a byte order mark. */
function byteOrderMarkLength(bytes: Uint8Array, start: number): number {
  const isMark = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
  return isMark ? 3 : 0;
}
