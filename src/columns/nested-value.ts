// Lists, maps and structs as bytes inside a packed row. The type says how to read them back: the
// bytes hold counts, presence and payloads, nothing else. Values are those of `field-type.ts`.
import type { FieldType, Value } from '../kernel/types/field-type.ts';
import { formatDate, parseDate } from './parse-time.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8');

/** Bytes that grow while they are written. */
export interface ByteSink {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly length: number;
  /** Makes room for `size` bytes and returns where they start; `bytes` and `view` may be new after it. */
  take(size: number): number;
}

/** Appends a value that fits `type` and is not null. */
export function writeNested(sink: ByteSink, type: FieldType, value: Value): void {
  switch (type.kind) {
    case 'bool':
      return writeByte(sink, value === true ? 1 : 0);
    case 'int32':
      return writeInt32(sink, Number(value));
    case 'date':
      return writeInt32(sink, parseDate(String(value)) ?? 0);
    case 'int64': {
      const at = sink.take(8);
      sink.view.setBigInt64(at, BigInt(value as bigint | number), true);
      return;
    }
    case 'float32':
    case 'float64':
    case 'count':
    case 'timestamp': {
      const at = sink.take(8);
      sink.view.setFloat64(at, Number(value), true);
      return;
    }
    case 'string':
    case 'json':
    case 'decimal':
      return writeText(sink, String(value));
    case 'bytes':
      return writeBytes(sink, value as Uint8Array);
    default:
      return writeContainer(sink, type, value);
  }
}

type ContainerType = FieldType & { kind: 'list' | 'map' | 'struct' };

function writeContainer(sink: ByteSink, type: ContainerType, value: Value): void {
  if (type.kind === 'list') {
    const items = value as readonly Value[];
    writeInt32(sink, items.length);
    for (const item of items) writeOptional(sink, type.item, item);
    return;
  }
  const record = value as Readonly<Record<string, Value>>;
  if (type.kind === 'struct') {
    for (const field of type.fields) writeOptional(sink, field.type, record[field.name]);
    return;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(record);
  writeInt32(sink, entries.length);
  for (const [name, item] of entries) {
    writeText(sink, String(name));
    writeOptional(sink, type.value, item as Value);
  }
}

function writeOptional(sink: ByteSink, type: FieldType, value: Value | undefined): void {
  const isPresent = value !== null && value !== undefined;
  writeByte(sink, isPresent ? 1 : 0);
  if (isPresent) writeNested(sink, type, value);
}

function writeByte(sink: ByteSink, byte: number): void {
  const at = sink.take(1);
  sink.bytes[at] = byte;
}

function writeInt32(sink: ByteSink, value: number): void {
  const at = sink.take(4);
  sink.view.setInt32(at, value, true);
}

function writeText(sink: ByteSink, text: string): void {
  writeBytes(sink, encoder.encode(text));
}

function writeBytes(sink: ByteSink, bytes: Uint8Array): void {
  writeInt32(sink, bytes.length);
  const at = sink.take(bytes.length);
  sink.bytes.set(bytes, at);
}

/** Where a reader of nested bytes is. */
export interface ByteCursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

/** The value at the cursor; the cursor moves behind it. */
export function readNested(cursor: ByteCursor, type: FieldType): Value {
  switch (type.kind) {
    case 'bool':
      return cursor.bytes[cursor.at++] === 1;
    case 'int32':
      return readInt32(cursor);
    case 'date':
      return formatDate(readInt32(cursor));
    case 'int64':
      cursor.at += 8;
      return cursor.view.getBigInt64(cursor.at - 8, true);
    case 'float32':
    case 'float64':
    case 'count':
    case 'timestamp':
      return readFloat64(cursor);
    case 'string':
    case 'json':
    case 'decimal':
      return decoder.decode(takeBytes(cursor));
    case 'bytes':
      return takeBytes(cursor).slice();
    default:
      return readContainer(cursor, type);
  }
}

function readContainer(cursor: ByteCursor, type: ContainerType): Value {
  if (type.kind === 'list') {
    const count = readInt32(cursor);
    return Array.from({ length: count }, () => readOptional(cursor, type.item));
  }
  const record: Record<string, Value> = {};
  if (type.kind === 'struct') {
    for (const { name, type: member } of type.fields)
      set(record, name, readOptional(cursor, member));
    return record;
  }
  for (let count = readInt32(cursor); count > 0; count--) {
    const name = decoder.decode(takeBytes(cursor));
    set(record, name, readOptional(cursor, type.value));
  }
  return record;
}

/** A plain assignment, also for names such as `__proto__`. */
function set(record: Record<string, Value>, name: string, value: Value): void {
  if (name !== '__proto__') {
    record[name] = value;
    return;
  }
  Object.defineProperty(record, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function readOptional(cursor: ByteCursor, type: FieldType): Value {
  return isPresent(cursor) ? readNested(cursor, type) : null;
}

/** Whether a value follows the presence byte at the cursor. */
export function isPresent(cursor: ByteCursor): boolean {
  return cursor.bytes[cursor.at++] === 1;
}

export function readInt32(cursor: ByteCursor): number {
  cursor.at += 4;
  return cursor.view.getInt32(cursor.at - 4, true);
}

export function readFloat64(cursor: ByteCursor): number {
  cursor.at += 8;
  return cursor.view.getFloat64(cursor.at - 8, true);
}

/** The bytes after a length at the cursor, not copied. */
export function takeBytes(cursor: ByteCursor): Uint8Array {
  const length = readInt32(cursor);
  cursor.at += length;
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}
