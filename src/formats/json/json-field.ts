// The slow path of one field: everything that the generated fast path leaves (escapes, exponents,
// nineteen digits, dates, decimals, nested values, and every error). Returns the position after the
// value, or -1 with `scanProblem` set. Escapes are decoded once the whole record is known to be
// good, so that the bytes of a failed record are as they came.
import { Buffer } from 'node:buffer';
import type { ColumnBuilder } from '../../columns/column-builder.ts';
import {
  convertValue,
  decodeBase64,
  exactDecimal,
  exactFloat,
  exactInteger,
} from '../../columns/decode/convert-value.ts';
import { FieldProblem, quoteValue } from '../../columns/decode/field-problem.ts';
import { parseEpoch } from '../../columns/decode/parse-epoch.ts';
import { parseNested } from '../../columns/decode/parse-nested.ts';
import { parseDate, parseInstant } from '../../columns/parse-time.ts';
import { putValue } from '../../columns/put-value.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import type { JsonOptions } from './json-options.ts';
import { isNull, scanProblem, skipValue } from './json-scan.ts';
import { hasLoneSurrogate, unescapeText } from './json-string.ts';

/** What reading a value leaves to do at the end of its record. */
export type AfterRecord = 'nothing' | 'unescape' | 'base64';

export interface JsonFieldReader {
  readonly field: Field;
  readonly builder: ColumnBuilder;
  after: AfterRecord;
  /** Reads the value at `p` into `row`. */
  read(bytes: Uint8Array, p: number, row: number): number;
}

/** A value of JSON text: where it is. */
interface Token {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export function createFieldReader(
  field: Field,
  builder: ColumnBuilder,
  options: JsonOptions,
): JsonFieldReader {
  const reader: JsonFieldReader = {
    field,
    builder,
    after: 'nothing',
    read: (bytes, p, row) => {
      reader.after = 'nothing';
      const end = skipValue(bytes, p);
      if (end < 0) return -1;
      try {
        storeToken(reader, { bytes, start: p, end }, row, options);
        return end;
      } catch (error) {
        if (!(error instanceof FieldProblem)) throw error;
        scanProblem.code = error.code;
        scanProblem.message = error.message;
        return -1;
      }
    },
  };
  return reader;
}

function storeToken(
  reader: JsonFieldReader,
  token: Token,
  row: number,
  options: JsonOptions,
): void {
  const { field, builder } = reader;
  const { bytes, start } = token;
  const rawNull = field.type.kind === 'json' && !field.nullable;
  if (isNull(bytes, start) && !rawNull) {
    if (!field.nullable) return refuse(field, token);
    storeNull(builder, row);
    return;
  }
  builder.nulls[row] = 0;
  if (builder.kind === 'bytes') {
    reader.after = storeRange(field, builder, token, row);
  } else if (builder.kind === 'object' && field.type.kind !== 'decimal') {
    builder.values[row] = parseNested(field, rawText(token));
  } else {
    storeScalar(field, builder, token, { row, options });
  }
}

export function storeNull(builder: ColumnBuilder, row: number): void {
  builder.nulls[row] = 1;
  if (builder.kind === 'bytes') {
    builder.starts[row] = 0;
    builder.ends[row] = 0;
  }
}

function storeRange(
  field: Field,
  builder: ColumnBuilder & { kind: 'bytes' },
  token: Token,
  row: number,
): AfterRecord {
  const { bytes, start, end } = token;
  if (field.type.kind === 'json') {
    builder.starts[row] = start;
    builder.ends[row] = end;
    return 'nothing';
  }
  if (bytes[start] !== 0x22) return refuse(field, token);
  if (hasLoneSurrogate(bytes, start + 1, end - 1)) {
    throw new FieldProblem('MR_DATA_UTF8', `"${field.name}" holds half of a surrogate pair`);
  }
  builder.starts[row] = start + 1;
  builder.ends[row] = end - 1;
  if (field.type.kind === 'string') return 'unescape';
  if (decodeBase64(stringText(token)) === null) return refuse(field, token);
  return 'base64';
}

interface Target {
  readonly row: number;
  readonly options: JsonOptions;
}

function storeScalar(field: Field, builder: ColumnBuilder, token: Token, target: Target): void {
  const { type } = field;
  const { row } = target;
  switch (type.kind) {
    case 'bool':
      if (!isLetter(token)) return refuse(field, token);
      putValue(builder, type, row, token.bytes[token.start] === 0x74);
      return;
    case 'date': {
      const days = isString(token) ? parseDate(stringText(token)) : null;
      if (days === null || builder.kind !== 'int32') return refuse(field, token);
      builder.values[row] = days;
      return;
    }
    case 'decimal':
      storeDecimal(field, builder, token, row);
      return;
    case 'timestamp':
      putValue(builder, type, row, readInstant(field, token, target.options));
      return;
    default:
      if (!isNumber(token)) return refuse(field, token);
      putValue(builder, type, row, readNumber(type, rawText(token), field.name));
  }
}

function readNumber(type: FieldType, text: string, name: string): number | bigint {
  return type.kind === 'float64' || type.kind === 'float32'
    ? exactFloat(type, text, name)
    : exactInteger(type, text, name);
}

function storeDecimal(field: Field, builder: ColumnBuilder, token: Token, row: number): void {
  if (field.type.kind !== 'decimal') return;
  if (!isNumber(token) && !isString(token)) return refuse(field, token);
  const text = isString(token) ? stringText(token) : rawText(token);
  const unscaled = exactDecimal(field.type, text, field.name);
  if (builder.kind === 'int64') builder.values[row] = unscaled;
  else putValue(builder, field.type, row, convertValue(field.type, text, field.name));
}

function readInstant(field: Field, token: Token, options: JsonOptions): number {
  if (options.timestamp === 'iso') {
    const ms = isString(token) ? parseInstant(stringText(token)) : null;
    return ms ?? refuse(field, token, 'an ISO 8601 instant');
  }
  const unit = { ms: 'milliseconds', s: 'seconds', us: 'microseconds' }[options.timestamp];
  if (!isNumber(token)) return refuse(field, token, `epoch ${unit}`);
  return parseEpoch(field, rawText(token), options.timestamp);
}

function isString(token: Token): boolean {
  return token.bytes[token.start] === 0x22;
}

function isNumber({ bytes, start }: Token): boolean {
  const c = bytes[start] as number;
  return c === 0x2d || (c >= 0x30 && c <= 0x39);
}

/** `true` or `false`: null was handled before. */
function isLetter({ bytes, start }: Token): boolean {
  return bytes[start] === 0x74 || bytes[start] === 0x66;
}

function rawText({ bytes, start, end }: Token): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

function stringText({ bytes, start, end }: Token): string {
  return unescapeText(bytes, start + 1, end - 1);
}

function refuse(field: Field, token: Token, wanted = formatType(field.type)): never {
  const c = token.bytes[token.start];
  let shown = quoteValue(rawText({ ...token, end: Math.min(token.end, token.start + 200) }));
  if (c === 0x22) shown = `the string ${quoteValue(stringText(token))}`;
  else if (c === 0x7b) shown = 'an object';
  else if (c === 0x5b) shown = 'a list';
  else shown = shown.slice(1, -1);
  throw new FieldProblem('MR_DATA_TYPE', `"${field.name}" must be ${wanted}, not ${shown}`);
}
