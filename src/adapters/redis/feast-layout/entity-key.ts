// Keys of Feast's hashes (entity key serialization version 3) from encoded keys of ours, and back.
// Join keys are in code-point order, whatever order the entity has. What Feast has no form for: a null
// part is type 0 without bytes, which no SDK asks for; dates are text; a view without a key has
// Feast's one dummy entity. Instants are whole seconds there: others are refused, not merged.
import { formatDate, parseDate } from '../../../columns/parse-time.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type KeyKind, isKeyKind, keyTagNull, keyTags } from '../../../kernel/key-encoding.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import { ProtoBytes } from './proto-bytes.ts';
import { feastValueTypes } from './value-types.ts';

const { BYTES, STRING, INT32, INT64, UNIX_TIMESTAMP } = feastValueTypes;
const dummyJoinKey = '__dummy_id';
const twoTo32 = 4_294_967_296;
const utf8 = new TextEncoder();
const ascii = new TextDecoder('ascii');

export interface FeastKeyCodec {
  /** Bytes that every key of the entity begins with. */
  readonly prefix: Uint8Array;
  /** Bytes that every key ends with: the project. */
  readonly suffix: Uint8Array;
  /** Appends the key of `data[start .. end)`, an encoded key of ours. */
  write(out: ProtoBytes, data: Uint8Array, start: number): void;
  encode(key: Uint8Array): Uint8Array;
  /** Our key, or null for a key of another entity, project or type. */
  decode(key: Uint8Array): Uint8Array | null;
}

/** Throws MR_FEAST_LAYOUT for a key part that Feast has no type for. */
export function createFeastKeyCodec(project: string, fields: readonly Field[]): FeastKeyCodec {
  return new KeyCodec(project, fields);
}

/** Feast's type of a key part; null when it has none. */
export function feastKeyType(kind: KeyKind): number | null {
  switch (kind) {
    case 'bytes':
      return BYTES;
    case 'string':
    case 'date':
      return STRING;
    case 'int32':
      return INT32;
    case 'int64':
      return INT64;
    case 'timestamp':
      return UNIX_TIMESTAMP;
    case 'bool':
      return null;
  }
}

interface Part {
  readonly kind: KeyKind;
  readonly type: number;
  /** Bytes of the payload in our encoding; null: a length comes first. */
  readonly size: number | null;
}

function partOf({ name, type }: Field): Part {
  const { kind } = type;
  const feastType = isKeyKind(kind) ? feastKeyType(kind) : null;
  if (!isKeyKind(kind) || feastType === null) {
    throw new MillraceError('MR_FEAST_LAYOUT', `key "${name}" is ${kind}: Feast has no such key`, {
      fix: "use a string or an int32 as the key, or layout: 'packed'",
    });
  }
  const sizes: Partial<Record<KeyKind, number>> = { int32: 4, date: 4, int64: 8, timestamp: 8 };
  return { kind, type: feastType, size: sizes[kind] ?? null };
}

class KeyCodec implements FeastKeyCodec {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
  readonly parts: readonly Part[];
  /** Numbers of the parts in the order of Feast. */
  readonly order: readonly number[];
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly scratch = new ProtoBytes(256);

  constructor(project: string, fields: readonly Field[]) {
    this.parts = fields.map(partOf);
    const names = fields.map(({ name }) => utf8.encode(name));
    this.order = [...names.keys()].toSorted((a, b) =>
      Buffer.compare(names[a] as Uint8Array, names[b] as Uint8Array),
    );
    this.prefix = prefixOf(this.order.map((i) => names[i] as Uint8Array));
    this.suffix = utf8.encode(project);
    this.starts = new Int32Array(fields.length);
    this.ends = new Int32Array(fields.length);
  }

  write(out: ProtoBytes, data: Uint8Array, start: number): void {
    out.raw(this.prefix, 0, this.prefix.length);
    this.locate(data, start);
    for (const i of this.order) this.writePart(out, data, i);
    out.raw(this.suffix, 0, this.suffix.length);
  }

  /** Finds where the parts lie; an end below the start marks a null. */
  locate(data: Uint8Array, start: number): void {
    let at = start;
    for (let i = 0; i < this.parts.length; i++) {
      const tag = data[at++];
      let size = (this.parts[i] as Part).size;
      if (tag === keyTagNull) size = -1;
      else if (size === null) {
        size = readUint32(data, at);
        at += 4;
      }
      this.starts[i] = at;
      this.ends[i] = at + size;
      at += Math.max(size, 0);
    }
  }

  writePart(out: ProtoBytes, data: Uint8Array, i: number): void {
    const part = this.parts[i] as Part;
    const start = this.starts[i] as number;
    const end = this.ends[i] as number;
    if (end < start) {
      out.uint32(0);
      out.uint32(0);
      return;
    }
    out.uint32(part.type);
    if (part.kind === 'timestamp') return writeSeconds(out, data, start);
    if (part.kind === 'date') return writeDate(out, data, start);
    out.uint32(end - start);
    out.raw(data, start, end);
  }

  encode(key: Uint8Array): Uint8Array {
    this.scratch.reset();
    this.write(this.scratch, key, 0);
    return this.scratch.bytes.slice(0, this.scratch.length);
  }

  decode(key: Uint8Array): Uint8Array | null {
    const { prefix, suffix, parts } = this;
    const end = key.length - suffix.length;
    if (end < prefix.length || !startsAt(key, prefix, 0) || !startsAt(key, suffix, end))
      return null;
    let at = prefix.length;
    for (const i of this.order) {
      if (at + 8 > end) return null;
      const { type } = parts[i] as Part;
      const written = readUint32(key, at);
      const size = readUint32(key, at + 4);
      at += 8;
      const isNull = written === 0 && size === 0;
      if ((written !== type && !isNull) || at + size > end) return null;
      this.starts[i] = at;
      this.ends[i] = isNull ? -1 : at + size;
      at += size;
    }
    return at === end ? this.ourKey(key) : null;
  }

  ourKey(key: Uint8Array): Uint8Array | null {
    const out = this.scratch;
    out.reset();
    for (const [i, part] of this.parts.entries()) {
      const start = this.starts[i] as number;
      const end = this.ends[i] as number;
      if (end < 0) out.byte(keyTagNull);
      else {
        out.byte(keyTags[part.kind]);
        if (!writeOurPart(out, part, key.subarray(start, end))) return null;
      }
    }
    return out.bytes.slice(0, out.length);
  }
}

function prefixOf(names: readonly Uint8Array[]): Uint8Array {
  const out = new ProtoBytes(64);
  const isKeyless = names.length === 0;
  const written = isKeyless ? [utf8.encode(dummyJoinKey)] : names;
  out.uint32(written.length);
  for (const name of written) {
    out.uint32(STRING);
    out.uint32(name.length);
    out.raw(name, 0, name.length);
  }
  if (isKeyless) {
    out.uint32(STRING);
    out.uint32(0);
  }
  return out.bytes.slice(0, out.length);
}

function writeOurPart(out: ProtoBytes, { kind, size }: Part, payload: Uint8Array): boolean {
  if (kind === 'date') {
    const days = parseDate(ascii.decode(payload));
    if (days === null) return false;
    out.uint32(days);
    return true;
  }
  if (size !== null && payload.length !== size) return false;
  if (kind === 'timestamp') {
    const low = readUint32(payload, 0);
    const seconds = (readUint32(payload, 4) | 0) * twoTo32 + low;
    const ms = seconds * 1000;
    if (!Number.isSafeInteger(ms)) return false;
    const high = Math.floor(ms / twoTo32);
    out.uint32(ms - high * twoTo32);
    out.uint32(high);
    return true;
  }
  if (size === null) out.uint32(payload.length);
  out.raw(payload, 0, payload.length);
  return true;
}

function writeSeconds(out: ProtoBytes, data: Uint8Array, start: number): void {
  const ms = (readUint32(data, start + 4) | 0) * twoTo32 + readUint32(data, start);
  const seconds = ms / 1000;
  if (!Number.isInteger(seconds)) {
    const text = `a key of type timestamp has the value ${ms} ms: Feast's have whole seconds`;
    throw new MillraceError('MR_FEAST_LAYOUT', text, {
      fix: "cut the key to seconds where it is made, or use layout: 'packed'",
    });
  }
  const high = Math.floor(seconds / twoTo32);
  out.uint32(8);
  out.uint32(seconds - high * twoTo32);
  out.uint32(high);
}

function writeDate(out: ProtoBytes, data: Uint8Array, start: number): void {
  const text = utf8.encode(formatDate(readUint32(data, start) | 0));
  out.uint32(text.length);
  out.raw(text, 0, text.length);
}

function readUint32(data: Uint8Array, at: number): number {
  const low = (data[at] as number) | ((data[at + 1] as number) << 8);
  return (low | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24)) >>> 0;
}

function startsAt(data: Uint8Array, part: Uint8Array, at: number): boolean {
  for (let i = 0; i < part.length; i++) if (data[at + i] !== part[i]) return false;
  return true;
}
