// `feast.types.Value` as a value of a type of ours. Whole numbers are taken for each other and for
// floating point where nothing is lost; anything else of another type throws `MalformedProto`. The
// timestamp that Feast makes of a missing one (the least int64) is null.
import { parseDecimal } from '../../../columns/parse-decimal.ts';
import { instantMsMax, parseDate } from '../../../columns/parse-time.ts';
import type { FieldType, Value } from '../../../kernel/types/field-type.ts';
import { MalformedProto, ProtoCursor } from './proto-cursor.ts';
import { feastValueTypes as types } from './value-types.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Goes to the member of the value that counts: the last one. False: the value is null. */
export function findMember(cursor: ProtoCursor): boolean {
  let field = 0;
  let wire = 0;
  let at = 0;
  while (cursor.next()) {
    ({ field, wire, at } = cursor);
    cursor.skip();
  }
  cursor.field = field;
  cursor.wire = wire;
  cursor.at = at;
  if (field === 0 || field === types.NULL) return false;
  if (wire !== wireOfMember(field)) throw new MalformedProto();
  return true;
}

function wireOfMember(field: number): number {
  switch (field) {
    case types.INT32:
    case types.INT64:
    case types.BOOL:
    case types.UNIX_TIMESTAMP:
      return 0;
    case types.DOUBLE:
      return 1;
    case types.FLOAT:
      return 5;
    default:
      return 2;
  }
}

/** The value of a whole message. */
export function readFeastValue(bytes: Uint8Array, type: FieldType): Value {
  return readWithin(bytes, 0, bytes.length, type);
}

function readWithin(bytes: Uint8Array, start: number, end: number, type: FieldType): Value {
  const cursor = new ProtoCursor().open(bytes, start, end);
  return findMember(cursor) ? readMember(cursor, type) : null;
}

/** The value of the member that `findMember` found. */
export function readMember(cursor: ProtoCursor, type: FieldType): Value {
  switch (type.kind) {
    case 'list':
      return readList(cursor, type.item);
    case 'map':
      expectField(cursor, cursor.field === types.STRUCT ? types.STRUCT : types.MAP);
      return Object.fromEntries(readEntries(cursor, cursor.delimited(), () => type.value));
    case 'struct':
      expectField(cursor, cursor.field === types.MAP ? types.MAP : types.STRUCT);
      return readStruct(cursor, cursor.delimited(), type);
    default:
      return readScalar(cursor, type, cursor.field);
  }
}

function expectField(cursor: ProtoCursor, field: number): void {
  if (cursor.field !== field || cursor.wire !== 2) throw new MalformedProto();
}

/** A scalar that Feast keeps as its value type `feastType`. */
function readScalar(cursor: ProtoCursor, type: FieldType, feastType: number): Value {
  switch (type.kind) {
    case 'bool':
      if (feastType !== types.BOOL) throw new MalformedProto();
      cursor.varint();
      return cursor.low !== 0;
    case 'int32':
    case 'int64':
    case 'count':
      return readInteger(cursor, type.kind, feastType);
    case 'float32':
    case 'float64':
      return readFloat(cursor, type.kind, feastType);
    case 'timestamp':
      return readInstant(cursor, feastType);
    case 'bytes': {
      if (feastType !== types.BYTES) throw new MalformedProto();
      const end = cursor.delimited();
      const start = cursor.at;
      cursor.at = end;
      return cursor.bytes.slice(start, end);
    }
    default:
      return readText(cursor, type, feastType);
  }
}

/** Milliseconds, or null for Feast's least int64; throws for what is no date in JavaScript. */
export function readInstant(cursor: ProtoCursor, feastType: number): number | null {
  if (feastType !== types.UNIX_TIMESTAMP) throw new MalformedProto();
  cursor.varint();
  if (cursor.low === 0 && cursor.high === 0x8000_0000) return null;
  return checkedInstant(cursor.signed * 1000);
}

export function checkedInstant(ms: number): number {
  if (Math.abs(ms) <= instantMsMax) return ms;
  throw new MalformedProto();
}

function readInteger(
  cursor: ProtoCursor,
  kind: 'int32' | 'int64' | 'count',
  feastType: number,
): Value {
  if (feastType !== types.INT64 && feastType !== types.INT32) throw new MalformedProto();
  cursor.varint();
  if (kind === 'int64') return cursor.bigint;
  const { signed } = cursor;
  if (kind === 'int32' ? signed !== (signed | 0) : !Number.isSafeInteger(signed)) {
    throw new MalformedProto();
  }
  return signed;
}

export function readFloat(
  cursor: ProtoCursor,
  kind: 'float32' | 'float64',
  feastType: number,
): number {
  switch (feastType) {
    case types.DOUBLE: {
      const value = cursor.float64();
      return kind === 'float32' ? Math.fround(value) : value;
    }
    case types.FLOAT:
      return cursor.float32();
    case types.INT64:
    case types.INT32:
      cursor.varint();
      if (Number.isSafeInteger(cursor.signed)) return cursor.signed;
      throw new MalformedProto();
    default:
      throw new MalformedProto();
  }
}

function readText(cursor: ProtoCursor, type: FieldType, feastType: number): Value {
  const isOwn =
    feastType === types.STRING ||
    (type.kind === 'json' && feastType === types.JSON) ||
    (type.kind === 'decimal' && feastType === types.DECIMAL);
  if (!isOwn || cursor.wire !== 2) throw new MalformedProto();
  const end = cursor.delimited();
  const text = decodeText(cursor.bytes.subarray(cursor.at, end));
  cursor.at = end;
  if (type.kind === 'date' && parseDate(text) === null) throw new MalformedProto();
  if (
    type.kind === 'decimal' &&
    typeof parseDecimal(text, type.precision, type.scale) !== 'bigint'
  ) {
    throw new MalformedProto();
  }
  return text;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedProto();
  }
}

const firstList = types.BYTES_LIST;
const lastList = types.UNIX_TIMESTAMP_LIST;

function readList(cursor: ProtoCursor, item: FieldType): Value {
  const { field } = cursor;
  if (cursor.wire !== 2) throw new MalformedProto();
  const end = cursor.delimited();
  if (field === types.VALUE_LIST)
    return readMessages(cursor, end, (at, to) => readWithin(cursor.bytes, at, to, item));
  if (field === types.MAP_LIST || field === types.STRUCT_LIST) {
    return readMessages(cursor, end, (at, to) => readMapItem(cursor.bytes, at, to, item));
  }
  const inner = new ProtoCursor().open(cursor.bytes, cursor.at, end);
  if (field === types.JSON_LIST) return readItems(inner, item, types.JSON);
  if (field === types.DECIMAL_LIST) return readItems(inner, item, types.DECIMAL);
  if (field < firstList || field > lastList) throw new MalformedProto();
  return readItems(inner, item, field - 10);
}

/** Scalars: packed or one by one. */
function readItems(cursor: ProtoCursor, item: FieldType, feastType: number): Value[] {
  const values: Value[] = [];
  const isText = feastType <= types.STRING || feastType >= types.JSON;
  while (cursor.next()) {
    if (cursor.field !== 1) {
      cursor.skip();
      continue;
    }
    if (isText || cursor.wire !== 2) {
      values.push(readScalar(cursor, item, feastType));
      continue;
    }
    const end = cursor.delimited();
    while (cursor.at < end) values.push(readScalar(cursor, item, feastType));
  }
  return values;
}

function readMessages(
  cursor: ProtoCursor,
  end: number,
  read: (start: number, end: number) => Value,
): Value[] {
  const values: Value[] = [];
  const inner = new ProtoCursor().open(cursor.bytes, cursor.at, end);
  while (inner.next()) {
    if (inner.field !== 1 || inner.wire !== 2) {
      inner.skip();
      continue;
    }
    const to = inner.delimited();
    values.push(read(inner.at, to));
    inner.at = to;
  }
  return values;
}

function readMapItem(bytes: Uint8Array, start: number, end: number, item: FieldType): Value {
  const cursor = new ProtoCursor().open(bytes, start, end);
  if (item.kind === 'map') return Object.fromEntries(readEntries(cursor, end, () => item.value));
  if (item.kind === 'struct') return readStruct(cursor, end, item);
  throw new MalformedProto();
}

function readStruct(
  cursor: ProtoCursor,
  end: number,
  { fields }: FieldType & { kind: 'struct' },
): Value {
  const typeOf = new Map(fields.map(({ name, type }) => [name, type]));
  const found = readEntries(cursor, end, (name) => typeOf.get(name) ?? null);
  return Object.fromEntries(fields.map(({ name }) => [name, found.get(name) ?? null]));
}

function readEntries(
  cursor: ProtoCursor,
  end: number,
  typeOf: (name: string) => FieldType | null,
): ReadonlyMap<string, Value> {
  const entries = new Map<string, Value>();
  const { bytes } = cursor;
  readMessages(cursor, end, (start, to) => {
    const entry = new ProtoCursor().open(bytes, start, to);
    let name = '';
    let from = to;
    let until = to;
    while (entry.next()) {
      if (entry.wire !== 2) {
        entry.skip();
        continue;
      }
      const partEnd = entry.delimited();
      if (entry.field === 1) name = decodeText(bytes.subarray(entry.at, partEnd));
      if (entry.field === 2) [from, until] = [entry.at, partEnd];
      entry.at = partEnd;
    }
    const type = typeOf(name);
    if (type !== null) entries.set(name, readWithin(bytes, from, until, type));
    return null;
  });
  return entries;
}
