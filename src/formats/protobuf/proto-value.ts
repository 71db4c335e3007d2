// One value of a Protobuf type as a value of a field: which type can fill which, how it is read, and
// what it is when it is absent.
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { formatDate, instantMsMax } from '../../columns/parse-time.ts';
import {
  type Field,
  type FieldType,
  formatType,
  type Value,
} from '../../kernel/types/field-type.ts';
import type { ProtoCursor } from './proto-cursor.ts';
import {
  jsonName,
  type ProtoField,
  type ProtoMessage,
  type ProtoScalar,
  type ProtoType,
} from './proto-schema.ts';
import { isWrapper, timestampName } from './well-known.ts';

export type EpochUnit = 'ms' | 's' | 'us';

/** Reads one value at the cursor, behind its tag. */
export type ReadProto = (cursor: ProtoCursor) => Value;

export interface ReadContext {
  readonly unit: EpochUnit;
  readonly path: string;
}

const highWord = 2 ** 32;
const floats = ['float32', 'float64'];
const wide = ['int64', 'count', ...floats, 'timestamp'];

const readableAs: Readonly<Record<ProtoScalar, readonly string[]>> = {
  double: ['float64'],
  float: floats,
  int32: ['int32', 'date', ...wide],
  sint32: ['int32', 'date', ...wide],
  sfixed32: ['int32', 'date', ...wide],
  uint32: wide,
  fixed32: wide,
  int64: wide,
  sint64: wide,
  sfixed64: wide,
  uint64: wide,
  fixed64: wide,
  bool: ['bool'],
  string: ['string', 'bytes', 'json', 'decimal', 'date'],
  bytes: ['bytes', 'string'],
};

/** The field of a message that fills a field of a stream: by name, or by the name that JSON has. */
export function fieldNamed(message: ProtoMessage, name: string): ProtoField | undefined {
  const { fields } = message;
  return fields.find((f) => f.name === name) ?? fields.find((f) => jsonName(f.name) === name);
}

/** Whether values of a message's field can be read as the type. */
export function canReadField(field: ProtoField, type: FieldType): boolean {
  if (field.presence === 'map') return type.kind === 'map' && canRead(field.type, type.value);
  if (field.presence === 'repeated') return type.kind === 'list' && canRead(field.type, type.item);
  return canRead(field.type, type);
}

function canRead(type: ProtoType, asked: FieldType): boolean {
  switch (type.kind) {
    case 'scalar':
      return readableAs[type.scalar].includes(asked.kind);
    case 'enum':
      return asked.kind === 'string' || asked.kind === 'int32';
    case 'message': {
      const { message } = type;
      if (isWrapper(message.fullName)) return canRead(message.fields[0]?.type as ProtoType, asked);
      if (message.fullName === timestampName && asked.kind === 'timestamp') return true;
      return asked.kind === 'struct' && asked.fields.every((field) => canFill(message, field));
    }
  }
}

/** Whether a message has what fills a field: its value, or the field's default, or null. */
export function canFill(message: ProtoMessage, field: Field): boolean {
  const written = fieldNamed(message, field.name);
  if (written !== undefined) return canReadField(written, field.type);
  return field.nullable || (field.default !== undefined && field.default !== null);
}

/** A function that reads one value (of a repeated field: one item) as the type. */
export function createReadProto(
  type: ProtoType,
  asked: FieldType,
  context: ReadContext,
): ReadProto {
  switch (type.kind) {
    case 'scalar':
      return readScalar(type.scalar, asked, context);
    case 'enum': {
      const { names } = type.enumeration;
      return (cursor) => {
        cursor.integer('int32');
        return asked.kind === 'int32' ? cursor.low : (names.get(cursor.low) ?? String(cursor.low));
      };
    }
    case 'message':
      return readMessage(type.message, asked, context);
  }
}

function readScalar(scalar: ProtoScalar, asked: FieldType, context: ReadContext): ReadProto {
  switch (scalar) {
    case 'double':
      return (cursor) => finite(cursor.view.getFloat64(cursor.take(8), true), asked, context);
    case 'float':
      return (cursor) => finite(cursor.view.getFloat32(cursor.take(4), true), asked, context);
    case 'bool':
      return (cursor) => {
        cursor.varint();
        return cursor.low !== 0 || cursor.high !== 0;
      };
    case 'string':
      return readText(asked, context);
    case 'bytes':
      return asked.kind === 'string'
        ? (cursor) => cursor.text()
        : (cursor) => cursor.bytes.slice(cursor.run(), cursor.p);
    default: {
      const value = integerValue(scalar, asked, context);
      return (cursor) => {
        cursor.integer(scalar);
        return value(cursor);
      };
    }
  }
}

function readText(asked: FieldType, { path }: ReadContext): ReadProto {
  if (asked.kind === 'bytes') return (cursor) => cursor.bytes.slice(cursor.run(), cursor.p);
  if (asked.kind === 'string') return (cursor) => cursor.text();
  if (asked.kind !== 'json') return (cursor) => convertValue(asked, cursor.text(), path);
  return (cursor) => {
    const text = cursor.text();
    try {
      JSON.parse(text);
    } catch {
      throw new FieldProblem('MR_DATA_TYPE', `"${path}" must be json, and its text is not`);
    }
    return text;
  };
}

/** What the integer at the cursor is as the type. */
export function integerValue(
  scalar: ProtoScalar,
  asked: FieldType,
  { unit, path }: ReadContext,
): (cursor: ProtoCursor) => number | bigint | string {
  const isUnsigned = scalar === 'uint64' || scalar === 'fixed64';
  const numberOf = (cursor: ProtoCursor): number =>
    (isUnsigned ? cursor.high >>> 0 : cursor.high) * highWord + (cursor.low >>> 0);
  switch (asked.kind) {
    case 'int64':
      return (cursor) => {
        if (isUnsigned && cursor.high < 0) throw outside(numberOf(cursor), asked, path);
        return (BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0);
      };
    case 'date':
      return ({ low }) => formatDate(low);
    case 'int32':
      return ({ low }) => low;
    case 'count':
      return (cursor) => within(numberOf(cursor), Number.MAX_SAFE_INTEGER, asked, path);
    case 'timestamp':
      return (cursor) => within(toMs(cursor, unit, numberOf), instantMsMax, asked, path);
    case 'float32':
      return (cursor) => Math.fround(numberOf(cursor));
    default:
      return numberOf;
  }
}

function toMs(
  cursor: ProtoCursor,
  unit: EpochUnit,
  numberOf: (cursor: ProtoCursor) => number,
): number {
  if (unit === 'ms') return numberOf(cursor);
  if (unit === 's') return numberOf(cursor) * 1000;
  return cursor.high * 4_294_967 + Math.floor((cursor.high * 296 + (cursor.low >>> 0)) / 1000);
}

function readMessage(message: ProtoMessage, asked: FieldType, context: ReadContext): ReadProto {
  if (isWrapper(message.fullName)) return readWrapper(message, asked, context);
  if (message.fullName === timestampName && asked.kind === 'timestamp') return readInstant;
  if (asked.kind !== 'struct') throw new Error(`${context.path}: no ${formatType(asked)}`);
  return readStruct(message, asked.fields, context);
}

function readWrapper(message: ProtoMessage, asked: FieldType, context: ReadContext): ReadProto {
  const field = message.fields[0] as ProtoField;
  const read = createReadProto(field.type, asked, context);
  const zero = absentValue(field, { name: context.path, type: asked, nullable: false });
  return (cursor) => {
    let value = zero;
    cursor.inside(() => {
      cursor.varint();
      const tag = cursor.low >>> 0;
      if (tag >>> 3 === 1 && (tag & 7) === wireOf(field.type)) value = read(cursor);
      else cursor.skip(tag);
    });
    return value;
  };
}

function readInstant(cursor: ProtoCursor): number {
  let ms = 0;
  let nanos = 0;
  cursor.inside(() => {
    cursor.varint();
    const tag = cursor.low >>> 0;
    if (tag === 8) {
      cursor.varint();
      ms = (cursor.high * highWord + (cursor.low >>> 0)) * 1000;
    } else if (tag === 16) {
      cursor.integer('int32');
      nanos = cursor.low;
    } else cursor.skip(tag);
  });
  return within(ms + Math.floor(nanos / 1e6), instantMsMax, { kind: 'timestamp' }, 'seconds');
}

function readStruct(
  message: ProtoMessage,
  fields: readonly Field[],
  context: ReadContext,
): ReadProto {
  const members = fields.map((field) => {
    const path = `${context.path}.${field.name}`;
    const written = fieldNamed(message, field.name);
    const step = written === undefined ? null : createStep(written, field, { ...context, path });
    return { field, written, step, path };
  });
  const byNumber = new Map(members.map((member) => [member.written?.number, member]));
  return (cursor) => {
    const values = new Map<string, Value>();
    cursor.inside(() => {
      cursor.varint();
      const tag = cursor.low >>> 0;
      const member = byNumber.get(tag >>> 3);
      const before = member === undefined ? undefined : values.get(member.field.name);
      const value = member?.step?.(cursor, tag & 7, before);
      if (value === undefined) cursor.skip(tag);
      else values.set(member?.field.name as string, value);
    });
    return Object.fromEntries(
      members.map(({ field, written, path }) => {
        const given = values.get(field.name);
        return [field.name, given ?? absentValue(written, { ...field, name: path })];
      }),
    );
  };
}

/** Reads a field behind its tag, given what came of it before; undefined: not of this wire type. */
export type Step = (
  cursor: ProtoCursor,
  wire: number,
  before: Value | undefined,
) => Value | undefined;

/** The step of any field: one value, the items of a list so far, the entries of a map so far. */
export function createStep(written: ProtoField, field: Field, context: ReadContext): Step {
  const { type } = field;
  if (written.presence === 'map' && type.kind === 'map') {
    return mapStep(written, type.value, context);
  }
  const wire = wireOf(written.type);
  if (written.presence !== 'repeated' || type.kind !== 'list') {
    const read = createReadProto(written.type, type, context);
    return (cursor, found) => (found === wire ? read(cursor) : undefined);
  }
  const read = createReadProto(written.type, type.item, context);
  return (cursor, found, before) => {
    if (found !== wire && (found !== 2 || wire === 2)) return undefined;
    const items = (before ?? []) as Value[];
    if (found === wire) items.push(read(cursor));
    // Numbers of a list come packed: one run of them all.
    else cursor.inside(() => items.push(read(cursor)));
    return items;
  };
}

function mapStep({ keyType, type }: ProtoField, asked: FieldType, context: ReadContext): Step {
  const key = keyType as ProtoScalar;
  const keyField: ProtoType = { kind: 'scalar', scalar: key };
  const readKey = key === 'string' ? null : createReadProto(keyField, keyAs(key), context);
  const read = createReadProto(type, asked, context);
  const zero = { name: context.path, type: asked, nullable: true };
  const entry = { name: '', number: 2, presence: 'implicit' as const, type, keyType: null };
  return (cursor, wire, before) => {
    if (wire !== 2) return undefined;
    let name = key === 'string' ? '' : String(key === 'bool' ? false : 0);
    let value = absentValue(entry, zero);
    cursor.inside(() => {
      cursor.varint();
      const tag = cursor.low >>> 0;
      if (tag === (8 | wireOf(keyField))) {
        name = readKey === null ? cursor.text() : String(readKey(cursor));
      } else if (tag === (16 | wireOf(type))) value = read(cursor);
      else cursor.skip(tag);
    });
    return Object.fromEntries([
      ...Object.entries((before ?? {}) as object),
      [name, value],
    ]) as Value;
  };
}

function keyAs(key: ProtoScalar): FieldType {
  return { kind: key === 'bool' ? 'bool' : 'int64' };
}

/** What a field of a stream is when its message does not have it. */
export function absentValue(written: ProtoField | undefined, field: Field): Value {
  const { type, name, nullable } = field;
  if (written?.presence === 'repeated') return [];
  if (written?.presence === 'map') return {};
  if (written?.presence === 'implicit' && written.type.kind !== 'message') {
    return zeroOf(written.type, type);
  }
  if (field.default !== undefined && field.default !== null) {
    return convertValue(type, field.default, name);
  }
  if (nullable) return null;
  throw new FieldProblem('MR_DATA_MISSING_FIELD', `"${name}" is missing`);
}

function zeroOf(type: ProtoType, asked: FieldType): Value {
  switch (asked.kind) {
    case 'bool':
      return false;
    case 'int64':
      return 0n;
    case 'bytes':
      return new Uint8Array(0);
    case 'date':
      return type.kind === 'scalar' && type.scalar === 'string' ? null : formatDate(0);
    case 'json':
      return 'null';
    case 'decimal':
      return null;
    case 'string':
      return type.kind === 'enum' ? (type.enumeration.names.get(0) ?? '0') : '';
    default:
      return 0;
  }
}

/** The wire type of one value. */
export function wireOf(type: ProtoType): number {
  if (type.kind === 'enum') return 0;
  if (type.kind === 'message') return 2;
  switch (type.scalar) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'string':
    case 'bytes':
      return 2;
    case 'float':
    case 'fixed32':
    case 'sfixed32':
      return 5;
    default:
      return 0;
  }
}

function finite(value: number, type: FieldType, { path }: ReadContext): number {
  if (Number.isFinite(value)) return value;
  throw notFinite(value, type, path);
}

export function notFinite(value: number, type: FieldType, path: string): FieldProblem {
  const message = `"${path}" is ${value}: not a finite ${formatType(type)}`;
  return new FieldProblem('MR_DATA_RANGE', message);
}

function within(value: number, limit: number, type: FieldType, path: string): number {
  if (Math.abs(value) <= limit) return value;
  throw outside(value, type, path);
}

function outside(value: number, type: FieldType, path: string): FieldProblem {
  const message = `"${path}" is ${value}: outside ${formatType(type)}`;
  return new FieldProblem('MR_DATA_RANGE', message);
}
