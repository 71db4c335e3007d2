// One cell as the value of its field. Numbers of the usual shape are read in place, the rest as text.
// Throws FieldProblem for what does not fit; text stays a range of the input until the record is good.
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
import { putInt64, scanFloat, scanInteger, scanned } from '../../columns/decode/scan-number.ts';
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import type { CsvOptions } from './csv-options.ts';
import { bareCell, escapedCell } from './csv-scan.ts';

export interface Cell {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly kind: number;
}

/** What is left to do to a text cell once its record is good. */
export type AfterRecord = 'nothing' | 'unquote' | 'base64';

export interface CellReader {
  readonly field: Field;
  readonly builder: ColumnBuilder;
  readonly read: (cell: Cell, row: number) => AfterRecord;
  /** Stores what an absent cell means; false when the field cannot be absent. */
  readonly readNothing: (row: number) => boolean;
}

export function createCellReader(
  field: Field,
  builder: ColumnBuilder,
  options: CsvOptions,
): CellReader {
  const isText = field.type.kind === 'string';
  const fallback =
    field.default === undefined || field.default === null
      ? null
      : convertValue(field.type, field.default, field.name);
  const readNothing = (row: number): boolean => {
    if (builder.kind === 'bytes') {
      const fallsBack = fallback !== null;
      builder.nulls[row] = fallsBack || !field.nullable ? 0 : 1;
      builder.starts[row] = fallsBack ? -1 : 0;
      builder.ends[row] = 0;
      return fallsBack || field.nullable || isText;
    }
    if (fallback === null && !field.nullable) return false;
    putValue(builder, field.type, row, fallback);
    return true;
  };
  const read = (cell: Cell, row: number): AfterRecord => {
    if (cell.start === cell.end && !(isText && cell.kind !== bareCell)) {
      if (!readNothing(row)) {
        throw new FieldProblem('MR_DATA_MISSING_FIELD', `"${field.name}" is empty`);
      }
      return 'nothing';
    }
    builder.nulls[row] = 0;
    if (builder.kind === 'bytes') return readRange(field, builder, cell, row);
    if (!readNumber(field, builder, cell, { row, options }))
      readText(field, builder, cell, { row, options });
    return 'nothing';
  };
  return { field, builder, read, readNothing };
}

/** The common form of numbers; false when the slow way has to look. */
function readNumber(field: Field, builder: ColumnBuilder, cell: Cell, target: Target): boolean {
  const { bytes, start, end } = cell;
  const { row } = target;
  switch (field.type.kind) {
    case 'float64':
      if (builder.kind !== 'float64' || scanFloat(bytes, start) !== end) return false;
      builder.values[row] = scanned[0] as number;
      return true;
    case 'int32':
      if (builder.kind !== 'int32' || scanInteger(bytes, start) !== end) return false;
      builder.values[row] = scanned[0] as number;
      return builder.values[row] === scanned[0];
    case 'timestamp':
      if (target.options.timestamp !== 'ms') return false;
      if (builder.kind !== 'float64' || scanInteger(bytes, start) !== end) return false;
      builder.values[row] = scanned[0] as number;
      return true;
    case 'int64':
      if (builder.kind !== 'int64' || scanInteger(bytes, start) !== end) return false;
      putInt64(builder.words, row, scanned[0] as number);
      return true;
    default:
      return false;
  }
}

function readRange(
  field: Field,
  builder: ColumnBuilder & { kind: 'bytes' },
  cell: Cell,
  row: number,
): AfterRecord {
  const { bytes, start, end, kind } = cell;
  builder.starts[row] = start;
  builder.ends[row] = end;
  if (invalidUtf8At(bytes, start, end) >= 0) {
    throw new FieldProblem('MR_DATA_UTF8', `"${field.name}" is not UTF-8`);
  }
  if (field.type.kind === 'bytes') {
    if (decodeBase64(textOf(cell)) === null) refuse(field, cell, 'base64');
    return 'base64';
  }
  if (field.type.kind === 'json') checkJson(field, cell);
  return kind === escapedCell ? 'unquote' : 'nothing';
}

function checkJson(field: Field, cell: Cell): void {
  try {
    JSON.parse(textOf(cell));
  } catch {
    refuse(field, cell, 'JSON');
  }
}

interface Target {
  readonly row: number;
  readonly options: CsvOptions;
}

function readText(field: Field, builder: ColumnBuilder, cell: Cell, target: Target): void {
  if (field.type.kind === 'decimal' && builder.kind === 'int64') {
    builder.values[target.row] = exactDecimal(field.type, textOf(cell), field.name);
  } else {
    putValue(builder, field.type, target.row, valueOf(field, cell, target.options));
  }
}

function valueOf(field: Field, cell: Cell, options: CsvOptions): Value {
  const text = textOf(cell);
  switch (field.type.kind) {
    case 'bool':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : refuse(field, cell);
    case 'date':
      return parseDate(text) === null ? refuse(field, cell) : text;
    case 'timestamp':
      if (options.timestamp === 'iso') {
        return parseInstant(text) ?? refuse(field, cell, 'an ISO 8601 instant');
      }
      return isNumber(text)
        ? parseEpoch(field, text, options.timestamp)
        : refuse(field, cell, 'an epoch time');
    case 'float64':
    case 'float32':
      return isNumber(text) || isNotFinite(text)
        ? exactFloat(field.type, isNotFinite(text) ? 'Infinity' : text, field.name)
        : refuse(field, cell);
    case 'int32':
    case 'int64':
    case 'count':
      return isNumber(text) ? exactInteger(field.type, text, field.name) : refuse(field, cell);
    case 'decimal':
      return convertValue(field.type, text, field.name);
    default:
      checkJson(field, cell);
      return parseNested(field, text);
  }
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text);
}

function isNotFinite(text: string): boolean {
  return /^[+-]?(nan|inf|infinity)$/i.test(text);
}

/** The text of a cell, quotes undone. */
export function textOf({ bytes, start, end, kind }: Cell): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  return kind === escapedCell ? text.replaceAll('""', '"') : text;
}

function refuse(field: Field, cell: Cell, wanted = formatType(field.type)): never {
  const shown = quoteValue(textOf({ ...cell, end: Math.min(cell.end, cell.start + 200) }));
  throw new FieldProblem('MR_DATA_TYPE', `"${field.name}" must be ${wanted}, not ${shown}`);
}
