// Entity keys as people write them: what stands behind the last colon of a row's key in Redis. Parts
// are joined by `|`; text is kept as it is but for `%`, `|`, control characters and bytes that are not
// UTF-8, which are `%XX`; `%N` is null. Exact in both directions for keys that `encodeKey` makes.
import { Buffer } from 'node:buffer';
import { decodeKey, encodeKey, isKeyKind, keyTagNull } from '../../../kernel/key-encoding.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';

const nullText = '%N';

/** Encoded keys of these fields as text. */
export function keyTextOf(
  fields: readonly Field[],
): (data: Uint8Array, start: number, end: number) => string {
  const [only] = fields;
  const isText = fields.length === 1 && only?.type.kind === 'string';
  return (data, start, end) => {
    if (isText && isPlain(data, start + 5, end)) return latin1(data, start + 5, end);
    if (fields.length === 0) return '';
    try {
      return partsText(fields, data.subarray(start, end));
    } catch {
      // No key of these fields: no row has this name.
      return `%X${Buffer.from(data.subarray(start, end)).toString('hex')}`;
    }
  };
}

/** The encoded key that text stands for; null when it is none of these fields. */
export function encodedKeyOf(fields: readonly Field[], text: string): Uint8Array | null {
  if (fields.length === 0) return text === '' ? new Uint8Array(0) : null;
  const parts = text.split('|');
  if (parts.length !== fields.length) return null;
  try {
    return Buffer.concat(fields.map((field, i) => encodedPart(field, parts[i] ?? '')));
  } catch {
    return null;
  }
}

function latin1(data: Uint8Array, start: number, end: number): string {
  if (end - start > 24) {
    return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('latin1');
  }
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(data[i] as number);
  return text;
}

/** Whether bytes are printable ASCII without a sign that is escaped. */
function isPlain(data: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = data[i] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x25 || byte === 0x7c) return false;
  }
  // Shorter: null.
  return end >= start;
}

function partsText(fields: readonly Field[], key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  let text = '';
  let at = 0;
  for (const [i, field] of fields.entries()) {
    if (i > 0) text += '|';
    if (key[at] === keyTagNull) {
      text += nullText;
      at += 1;
      continue;
    }
    const { kind } = field.type;
    const isVariable = kind === 'string' || kind === 'bytes';
    const size = isVariable ? 4 + view.getUint32(at + 1, true) : fixedSizes[kind];
    const part = key.subarray(at, at + 1 + (size ?? 0));
    if (kind === 'string') text += escaped(part.subarray(5));
    else if (kind === 'bytes') text += Buffer.from(part.subarray(5)).toString('hex');
    else text += String(decodeKey([field], part)[field.name]);
    at += part.length;
  }
  return text;
}

const fixedSizes: Readonly<Record<string, number>> = {
  bool: 1,
  int32: 4,
  date: 4,
  int64: 8,
  timestamp: 8,
};

function escaped(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  // A replacement sign may stand for bytes that are no text.
  const isWhole = !text.includes('\ufffd');
  let result = '';
  if (isWhole) {
    for (const sign of text)
      result += mustEscape(sign.charCodeAt(0)) ? hex(sign.charCodeAt(0)) : sign;
    return result;
  }
  for (const byte of bytes) {
    result += byte > 0x7e || mustEscape(byte) ? hex(byte) : String.fromCharCode(byte);
  }
  return result;
}

function mustEscape(code: number): boolean {
  return code < 0x20 || code === 0x25 || code === 0x7c || code === 0x7f;
}

function hex(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
}

function encodedPart(field: Field, text: string): Uint8Array {
  if (text === nullText) return Uint8Array.of(keyTagNull);
  const { kind } = field.type;
  if (kind === 'string') return encodedText(text);
  return encodeKey([field], { [field.name]: partValue(kind, text) });
}

function encodedText(text: string): Uint8Array {
  const parts = text.split(/(%[0-9A-F]{2})/);
  const bytes = Buffer.concat(
    parts.map((part, i) =>
      i % 2 === 1 ? Buffer.of(Number.parseInt(part.slice(1), 16)) : Buffer.from(part, 'utf8'),
    ),
  );
  const head = Buffer.alloc(5);
  head[0] = 2;
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function partValue(kind: string, text: string): Value {
  if (!isKeyKind(kind)) return null;
  if (kind === 'bool') return text === 'true';
  if (kind === 'int32' || kind === 'timestamp') return Number(text);
  if (kind === 'int64') return BigInt(text);
  return kind === 'bytes' ? Buffer.from(text, 'hex') : text;
}
