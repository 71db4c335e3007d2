// Lines of JSON to columns. Holds between calls only what a line longer than the limit needs: its
// first bytes and its length. May overwrite consumed input (escapes are decoded where they stand).
// A position of the input is decoded once; `bytes` of the result may be the caller's own.
import { OverlongLine } from '../../columns/decode/overlong-line.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type { DecodeInput, DecodeResult, RecordDecoder } from '../../ports/format.ts';
import { compileDecoder, type DecodeRows } from './json-code.ts';
import type { JsonOptions } from './json-options.ts';
import { JsonSlowPath } from './json-slow-path.ts';

const lineFeed = 10;

/** A batch never has more rows than this, whatever the caller allows. */
const batchRowsMax = 65_536;

/** The shortest line that is a record: `{}` and its line feed. */
const recordBytesMin = 3;

export class JsonDecoder implements RecordDecoder {
  readonly #fields: RowType['fields'];
  readonly #options: JsonOptions;
  readonly #slow: JsonSlowPath;
  readonly #decodeRows: DecodeRows;
  readonly #overlong = new OverlongLine();

  constructor(rowType: RowType, options: JsonOptions) {
    this.#fields = rowType.fields;
    this.#options = options;
    this.#slow = new JsonSlowPath(rowType.fields, options);
    this.#decodeRows = compileDecoder(rowType.fields, options);
  }

  decode(input: DecodeInput): DecodeResult {
    if (this.#overlong.isOpen) return this.#skip(input);
    const { bytes, start, end, last } = input;
    const newline = bytes.lastIndexOf(lineFeed, end - 1);
    if (end > start && newline >= start) return this.#decodeLines(input, newline + 1);
    if (end - start > this.#options.recordBytesMax) return this.#startSkipping(input);
    if (!last || end === start) return this.#result(0, 0);
    return this.#decodeTail(input);
  }

  #decodeLines(input: DecodeInput, limit: number): DecodeResult {
    const { bytes, start, baseOffset, rowCountMax } = input;
    const begin = start + byteOrderMarkLength(input);
    const rowsPossible = Math.ceil((limit - begin) / recordBytesMin);
    const rowMax = Math.min(rowCountMax, batchRowsMax, rowsPossible);
    this.#slow.begin(bytes, baseOffset, rowMax);
    const rowCount = this.#decodeRows(this.#slow, bytes, begin, limit);
    this.#slow.finishBatch(rowCount);
    return this.#result(rowCount, this.#slow.position - start);
  }

  /** The last line, without its line feed: in a copy that has one. */
  #decodeTail(input: DecodeInput): DecodeResult {
    const { start, end, baseOffset } = input;
    const line = new Uint8Array(end - start + 1);
    line.set(input.bytes.subarray(start, end));
    line[end - start] = lineFeed;
    const tail = { ...input, bytes: line, start: 0, end: line.length };
    const result = this.#decodeLines({ ...tail, baseOffset: baseOffset + start }, line.length);
    return { ...result, consumed: end - start };
  }

  #startSkipping(input: DecodeInput): DecodeResult {
    const { bytes, start, end, baseOffset } = input;
    this.#overlong.begin(bytes, start, end, baseOffset + start);
    return this.#skip(input);
  }

  #skip(input: DecodeInput): DecodeResult {
    const { consumed, line } = this.#overlong.pass(input);
    this.#slow.begin(line?.kept ?? input.bytes, 0, 0);
    if (line !== null) {
      this.#slow.tooLong(line.byteCount);
      this.#slow.report(0, line.kept.length, line.offset);
    }
    return { ...this.#result(0, consumed), errors: this.#slow.errors };
  }

  #result(rowCount: number, consumed: number): DecodeResult {
    const { builders, offsets, errors } = this.#slow;
    const batch = { fields: this.#fields, columns: builders, rowCount, offsets };
    return { batch, errors: consumed === 0 ? [] : errors, consumed };
  }
}

/** 3 when the stream opens with a byte order mark. */
function byteOrderMarkLength({ bytes, start, baseOffset }: DecodeInput): number {
  const isFirst = baseOffset + start === 0;
  return isFirst && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
    ? 3
    : 0;
}
