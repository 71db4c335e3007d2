// Entity keys as bytes: equal keys have equal bytes on every path (engine, stores, servers).
// Per key part, in the entity's order: one tag byte (0 = null, else the type), then the payload,
// little-endian; strings and bytes carry a u32 length first. An empty key is no bytes at all.
import { MillraceError } from './errors/millrace-error.ts';
import type { Field, Value } from './types/field-type.ts';

export const keyTagNull = 0;

/** Tag byte per type of key part; types not listed cannot be keys. */
export const keyTags = {
  bool: 1,
  string: 2,
  int32: 3,
  int64: 4,
  bytes: 5,
  date: 7,
  timestamp: 8,
} as const;

export type KeyKind = keyof typeof keyTags;

export function isKeyKind(kind: string): kind is KeyKind {
  return Object.hasOwn(keyTags, kind);
}

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });
const dayMs = 86_400_000;

/** Encodes one key; `key` has a value per field by name. Throws MR_UNKNOWN_KEY when it does not fit the fields. */
export function encodeKey(
  fields: readonly Field[],
  key: Readonly<Record<string, unknown>>,
): Uint8Array {
  const parts = fields.map((field) => encodePart(field, key[field.name]));
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** The values of an encoded key by name: the inverse of `encodeKey`. */
export function decodeKey(fields: readonly Field[], bytes: Uint8Array): Record<string, Value> {
  const key: Record<string, Value> = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const field of fields) {
    const kind = bytes[at++] === keyTagNull ? null : keyKind(field);
    if (kind === null) {
      key[field.name] = null;
      continue;
    }
    const size = fixedSize(kind) ?? view.getUint32(at, true);
    if (fixedSize(kind) === null) at += 4;
    key[field.name] = decodePayload(kind, view, at, size);
    at += size;
  }
  return key;
}

function fixedSize(kind: KeyKind): number | null {
  if (kind === 'bool') return 1;
  if (kind === 'int32' || kind === 'date') return 4;
  return kind === 'int64' || kind === 'timestamp' ? 8 : null;
}

function decodePayload(kind: KeyKind, view: DataView, at: number, size: number): Value {
  switch (kind) {
    case 'bool':
      return view.getUint8(at) === 1;
    case 'int32':
      return view.getInt32(at, true);
    case 'date':
      return new Date(view.getInt32(at, true) * dayMs).toISOString().slice(0, 10);
    case 'int64':
      return view.getBigInt64(at, true);
    case 'timestamp':
      return Number(view.getBigInt64(at, true));
    case 'string':
      return text.decode(bytesOf(view, at, size));
    case 'bytes':
      return bytesOf(view, at, size).slice();
  }
}

function bytesOf(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}

function keyKind(field: Field): KeyKind {
  if (isKeyKind(field.type.kind)) return field.type.kind;
  throw new MillraceError(
    'MR_UNKNOWN_KEY',
    `"${field.name}" is a ${field.type.kind}: it cannot be a key`,
  );
}

function encodePart(field: Field, value: unknown): Uint8Array {
  if (value === null && field.nullable) return Uint8Array.of(keyTagNull);
  const kind = keyKind(field);
  const payload = encodePayload(kind, value);
  if (payload === null) {
    throw new MillraceError(
      'MR_UNKNOWN_KEY',
      `key "${field.name}" must be ${kind}, not ${describe(value)}`,
      {
        fix: `give ${field.name}=<${kind}>`,
      },
    );
  }
  const lengthSize = fixedSize(kind) === null ? 4 : 0;
  const part = new Uint8Array(1 + lengthSize + payload.length);
  part[0] = keyTags[kind];
  if (lengthSize > 0) new DataView(part.buffer).setUint32(1, payload.length, true);
  part.set(payload, 1 + lengthSize);
  return part;
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return `the ${value === null ? 'value' : typeof value} ${shown}`;
}

function encodePayload(kind: KeyKind, value: unknown): Uint8Array | null {
  switch (kind) {
    case 'string':
      return typeof value === 'string' ? utf8.encode(value) : null;
    case 'bytes':
      return value instanceof Uint8Array ? value : null;
    case 'bool':
      return typeof value === 'boolean' ? Uint8Array.of(value ? 1 : 0) : null;
    case 'int32':
      return isInt32(value) ? encodeInt32(value) : null;
    case 'date':
      return typeof value === 'string' && isDate(value)
        ? encodeInt32(Date.parse(value) / dayMs)
        : null;
    case 'int64':
      return encodeInt64(value);
    case 'timestamp':
      return typeof value === 'number' ? encodeInt64(value) : null;
  }
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value));
}

function encodeInt32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

function encodeInt64(value: unknown): Uint8Array | null {
  const isWhole =
    typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  if (!isWhole || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) return null;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}
