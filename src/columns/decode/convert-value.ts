// A JSON-like value as the JavaScript value of a field type, checked: what does not fit throws
// FieldProblem with the path in its message. Used for lists, maps, structs and defaults. Numbers may
// come as `NumberText`, so that an int64 or a decimal inside a list is not rounded on the way.
import { Buffer } from 'node:buffer';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import { FieldProblem, quoteValue } from './field-problem.ts';
import { formatDecimal, parseDecimal, parseExact, toInteger } from '../parse-decimal.ts';
import { instantMsMax, parseDate } from '../parse-time.ts';

/** A number of JSON as it was written. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The value for `type`; `path` names it in messages. Null is refused: the caller knows nullability. */
export function convertValue(type: FieldType, json: unknown, path: string): Value {
  switch (type.kind) {
    case 'bool':
      return typeof json === 'boolean' ? json : refuse(type, json, path);
    case 'string':
      return convertString(type, json, path);
    case 'bytes':
      return convertBytes(type, json, path);
    case 'date':
      return typeof json === 'string' && parseDate(json) !== null ? json : refuse(type, json, path);
    case 'json':
      return JSON.stringify(json, (_, item: unknown) => plainNumber(item));
    case 'decimal':
      return convertDecimal(type, json, path);
    case 'list':
      if (!Array.isArray(json)) return refuse(type, json, path);
      return json.map((item, i) => convertItem(type.item, item, `${path}[${i}]`));
    case 'map':
      return convertMap(type, json, path);
    case 'struct':
      return convertStruct(type, json, path);
    default:
      return convertNumber(type, json, path);
  }
}

function convertItem(type: FieldType, json: unknown, path: string): Value {
  return json === null ? null : convertValue(type, json, path);
}

function convertString(type: FieldType, json: unknown, path: string): Value {
  if (typeof json !== 'string') return refuse(type, json, path);
  if (!json.isWellFormed())
    throw new FieldProblem('MR_DATA_UTF8', `"${path}" holds half of a surrogate pair`);
  return json;
}

function convertBytes(type: FieldType, json: unknown, path: string): Value {
  if (json instanceof Uint8Array) return json;
  const bytes = typeof json === 'string' ? decodeBase64(json) : null;
  return bytes ?? refuse(type, json, path);
}

/** The bytes of base64 text (standard or URL alphabet, padding optional), or null. */
export function decodeBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return null;
  const digits = text.replace(/=+$/, '').length;
  if (digits % 4 === 1 || (text.endsWith('=') && text.length % 4 !== 0)) return null;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function convertDecimal(type: FieldType & { kind: 'decimal' }, json: unknown, path: string): Value {
  const text = typeof json === 'string' ? json : numberText(json);
  if (text === null) return refuse(type, json, path);
  return formatDecimal(exactDecimal(type, text, path), type.scale);
}

/** The unscaled value of decimal text, or FieldProblem. */
export function exactDecimal(
  type: FieldType & { kind: 'decimal' },
  text: string,
  path: string,
): bigint {
  const unscaled = parseDecimal(text, type.precision, type.scale);
  if (typeof unscaled === 'bigint') return unscaled;
  if (unscaled === 'malformed') return refuse(type, text, path);
  const why = unscaled === 'scale' ? `more than ${type.scale} decimal places` : 'too many digits';
  throw new FieldProblem(
    'MR_DATA_RANGE',
    `"${path}" is ${quoteValue(text)}: ${why} for ${formatType(type)}`,
  );
}

function convertNumber(type: FieldType, json: unknown, path: string): Value {
  const text = numberText(json);
  if (text === null) return refuse(type, json, path);
  if (type.kind === 'float64' || type.kind === 'float32') {
    return exactFloat(type, text, path);
  }
  const integer = exactInteger(type, text, path);
  return type.kind === 'int64' ? integer : Number(integer);
}

/** The double (or float) nearest to number text; infinite is out of range. */
export function exactFloat(type: FieldType, text: string, path: string): number {
  const value = type.kind === 'float32' ? Math.fround(Number(text)) : Number(text);
  if (Number.isFinite(value)) return value;
  throw new FieldProblem(
    Number.isNaN(value) ? 'MR_DATA_TYPE' : 'MR_DATA_RANGE',
    `"${path}" is ${quoteValue(text)}: not a finite ${formatType(type)}`,
  );
}

const integerLimits: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  count: [-(2n ** 53n) + 1n, 2n ** 53n - 1n],
  timestamp: [-BigInt(instantMsMax), BigInt(instantMsMax)],
};

/** The whole number of number text within the limits of int32, int64, count or timestamp. */
export function exactInteger(type: FieldType, text: string, path: string): bigint {
  const exact = parseExact(text);
  const integer = exact === null ? null : toInteger(exact);
  if (exact !== null && integer === null) {
    throw new FieldProblem(
      'MR_DATA_TYPE',
      `"${path}" is ${quoteValue(text)}: not a whole number, as ${formatType(type)} needs`,
    );
  }
  const [least, greatest] = integerLimits[type.kind] ?? [0n, 0n];
  if (integer === null || integer < least || integer > greatest) {
    throw new FieldProblem(
      'MR_DATA_RANGE',
      `"${path}" is ${quoteValue(text)}: outside ${formatType(type)}`,
    );
  }
  return integer;
}

function convertMap(type: FieldType & { kind: 'map' }, json: unknown, path: string): Value {
  if (!isRecord(json)) return refuse(type, json, path);
  return Object.fromEntries(
    Object.entries(json).map(([name, item]) => [
      name,
      convertItem(type.value, item, `${path}.${name}`),
    ]),
  );
}

function convertStruct(type: FieldType & { kind: 'struct' }, json: unknown, path: string): Value {
  if (!isRecord(json)) return refuse(type, json, path);
  const result: Record<string, Value> = {};
  for (const field of type.fields) {
    const given = Object.hasOwn(json, field.name) ? json[field.name] : undefined;
    result[field.name] = convertMember(field, given, `${path}.${field.name}`);
  }
  return result;
}

function convertMember(field: Field, json: unknown, path: string): Value {
  const given = json === undefined ? field.default : json;
  if (given !== null && given !== undefined) return convertValue(field.type, given, path);
  if (field.nullable) return null;
  if (given === null) return refuse(field.type, null, path);
  throw new FieldProblem('MR_DATA_MISSING_FIELD', `"${path}" is missing`);
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return (
    typeof json === 'object' &&
    json !== null &&
    !Array.isArray(json) &&
    !(json instanceof NumberText) &&
    !(json instanceof Uint8Array)
  );
}

function numberText(json: unknown): string | null {
  if (json instanceof NumberText) return json.text;
  if (typeof json === 'number' || typeof json === 'bigint') return String(json);
  return null;
}

function plainNumber(json: unknown): unknown {
  return json instanceof NumberText ? rawJson(json.text) : json;
}

// JSON.rawJSON is in every supported Node, but not yet in the library types of ES2024.
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(this: void, text: string): unknown };

function refuse(type: FieldType, json: unknown, path: string): never {
  const text = numberText(json);
  const shown = text ?? (typeof json === 'string' ? quoteValue(json) : describe(json));
  throw new FieldProblem('MR_DATA_TYPE', `"${path}" must be ${formatType(type)}, not ${shown}`);
}

function describe(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  return typeof json === 'boolean' ? String(json) : 'an object';
}
