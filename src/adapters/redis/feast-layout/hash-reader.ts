// Fields of Feast's hashes as packed rows, which is what every reader here knows. A row is there when
// its time is (Feast's rule). Without a version of ours Feast wrote it: the event time stands for it.
import {
  packedRowLayout,
  packedRowVersion,
  slotKindOf,
  type SlotKind,
  slotsOffset,
} from '../../../columns/packed-row.ts';
import { writeNested } from '../../../columns/nested-value.ts';
import { parseDecimal } from '../../../columns/parse-decimal.ts';
import { parseDate } from '../../../columns/parse-time.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { type Field, formatType, type Value } from '../../../kernel/types/field-type.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import { versionBytes } from './hash-writer.ts';
import { ProtoBytes } from './proto-bytes.ts';
import { MalformedProto, ProtoCursor } from './proto-cursor.ts';
import { checkedInstant, findMember, readFloat, readInstant, readMember } from './read-value.ts';
import { feastValueTypes as types } from './value-types.ts';

/** What Redis gives for one field. */
export type HashValue = Uint8Array | null | undefined;

export interface FeastHashReader {
  /**
   * The packed rows of hashes whose fields were asked for in the order of `hashFieldsOf`: null for
   * each that has none. Throws MR_FEAST_VALUE for a value of another type than its feature's.
   */
  rows(hashes: readonly (readonly HashValue[])[]): readonly (Uint8Array | null)[];
}

export function createFeastHashReader(view: StoredView): FeastHashReader {
  return new HashReader(view);
}

class HashReader implements FeastHashReader {
  readonly view: StoredView;
  readonly kinds: readonly SlotKind[];
  readonly slots: number;
  readonly cursor = new ProtoCursor();
  rowBytes = 256;

  constructor(view: StoredView) {
    this.view = view;
    this.kinds = view.features.map(slotKindOf);
    this.slots = slotsOffset(view.features.length);
  }

  rows(hashes: readonly (readonly HashValue[])[]): readonly (Uint8Array | null)[] {
    // Rows are handed out: each call has its own bytes.
    const out = new ProtoBytes(Math.max(64, hashes.length * this.rowBytes));
    const starts = new Int32Array(hashes.length + 1);
    for (const [i, hash] of hashes.entries()) {
      this.row(out, hash);
      starts[i + 1] = out.length;
    }
    this.rowBytes = Math.ceil(out.length / Math.max(1, hashes.length));
    return hashes.map((_, i) => {
      const [start, end] = [starts[i] as number, starts[i + 1] as number];
      return start === end ? null : out.bytes.subarray(start, end);
    });
  }

  row(out: ProtoBytes, hash: readonly HashValue[]): void {
    const { features } = this.view;
    const count = features.length;
    const time = hash[count];
    if (time === null || time === undefined) return;
    const fixed = this.slots + count * 8;
    const start = out.take(fixed);
    out.bytes.fill(0, start, start + fixed);
    this.header(out, start, time, hash[count + 1]);
    for (let i = 0; i < count; i++) {
      const value = hash[i];
      const isNull = value === null || value === undefined || value.length === 0;
      if (isNull || !this.slot(out, start, i, value)) {
        const byte = start + packedRowLayout.nulls + (i >> 3);
        out.bytes[byte] = (out.bytes[byte] as number) | (1 << (i & 7));
      }
    }
    out.view.setUint32(start + packedRowLayout.length, out.length - start, true);
  }

  header(out: ProtoBytes, start: number, time: Uint8Array, version: HashValue): void {
    const eventTimeMs = this.time(time);
    let [asOfMs, seq] = [eventTimeMs, 0];
    if (version?.length === versionBytes) {
      const view = new DataView(version.buffer, version.byteOffset, versionBytes);
      [asOfMs, seq] = [view.getFloat64(0, true), view.getFloat64(8, true)];
    }
    const { view } = out;
    view.setUint8(start + packedRowLayout.version, packedRowVersion);
    view.setUint16(start + packedRowLayout.fieldCount, this.view.features.length, true);
    view.setFloat64(start + packedRowLayout.asOfMs, asOfMs, true);
    view.setFloat64(start + packedRowLayout.seq, seq, true);
    view.setFloat64(start + packedRowLayout.eventTimeMs, eventTimeMs, true);
  }

  time(bytes: Uint8Array): number {
    try {
      return readFeastTime(this.cursor.open(bytes));
    } catch (error) {
      throw error instanceof MalformedProto ? this.malformed(`_ts:${this.view.view}`) : error;
    }
  }

  /** Writes the value of feature `i`; false: it is null. */
  slot(out: ProtoBytes, start: number, i: number, bytes: Uint8Array): boolean {
    const field = this.view.features[i] as Field;
    const at = start + this.slots + i * 8;
    try {
      const cursor = this.cursor.open(bytes);
      if (!findMember(cursor)) return false;
      return writeSlot(out, { field, kind: this.kinds[i] as SlotKind, start, at }, cursor);
    } catch (error) {
      throw error instanceof MalformedProto ? this.malformed(field.name, field) : error;
    }
  }

  malformed(name: string, field?: Field): MillraceError {
    const type = field === undefined ? 'a time' : formatType(field.type);
    const text = `what the store holds for "${this.view.view}:${name}" is not ${type}`;
    return new MillraceError('MR_FEAST_VALUE', text, {
      fix: 'compare the definition with the one that wrote it, and write the view anew',
    });
  }
}

/** Milliseconds of a `google.protobuf.Timestamp`. */
export function readFeastTime(cursor: ProtoCursor): number {
  let seconds = 0;
  let nanos = 0;
  while (cursor.next()) {
    if (cursor.wire !== 0) {
      cursor.skip();
      continue;
    }
    cursor.varint();
    if (cursor.field === 1) seconds = cursor.signed;
    if (cursor.field === 2) nanos = cursor.signed;
  }
  return checkedInstant(seconds * 1000 + nanos / 1e6);
}

interface SlotPlace {
  readonly field: Field;
  readonly kind: SlotKind;
  /** Where the row starts, and where its slot lies. */
  readonly start: number;
  readonly at: number;
}

function writeSlot(out: ProtoBytes, place: SlotPlace, cursor: ProtoCursor): boolean {
  const { kind } = place.field.type;
  switch (kind) {
    case 'float64':
    case 'float32':
      out.view.setFloat64(place.at, readFloat(cursor, kind, cursor.field), true);
      return true;
    case 'int64':
      return writeInt64(out, place.at, cursor);
    case 'timestamp':
      return writeInstant(out, place.at, readInstant(cursor, cursor.field));
    case 'string':
      if (cursor.field !== types.STRING) throw new MalformedProto();
      return writeBytes(out, place, cursor);
    case 'bytes':
      if (cursor.field !== types.BYTES) throw new MalformedProto();
      return writeBytes(out, place, cursor);
    default:
      return writeValue(out, place, readMember(cursor, place.field.type));
  }
}

function writeInt64(out: ProtoBytes, at: number, cursor: ProtoCursor): boolean {
  if (cursor.field !== types.INT64 && cursor.field !== types.INT32) throw new MalformedProto();
  cursor.varint();
  out.view.setUint32(at, cursor.low, true);
  out.view.setUint32(at + 4, cursor.high, true);
  return true;
}

function writeInstant(out: ProtoBytes, at: number, ms: number | null): boolean {
  if (ms !== null) out.view.setFloat64(at, ms, true);
  return ms !== null;
}

function writeBytes(out: ProtoBytes, place: SlotPlace, cursor: ProtoCursor): boolean {
  const end = cursor.delimited();
  const from = out.length;
  out.raw(cursor.bytes, cursor.at, end);
  writeRange(out, place, from);
  return true;
}

function writeRange(out: ProtoBytes, { start, at }: SlotPlace, from: number): void {
  out.view.setUint32(at, from - start, true);
  out.view.setUint32(at + 4, out.length - from, true);
}

const utf8 = new TextEncoder();

function writeValue(out: ProtoBytes, place: SlotPlace, value: Value): boolean {
  if (value === null) return false;
  const { kind, at } = place;
  const { type } = place.field;
  if (kind === 'float64') out.view.setFloat64(at, Number(value), true);
  else if (kind === 'bool') out.bytes[at] = value === true ? 1 : 0;
  else if (kind === 'int32') {
    const number = type.kind === 'date' ? (parseDate(String(value)) ?? 0) : Number(value);
    out.view.setInt32(at, number, true);
  } else if (kind === 'int64' && type.kind === 'decimal') {
    const unscaled = parseDecimal(String(value), type.precision, type.scale);
    out.view.setBigInt64(at, typeof unscaled === 'bigint' ? unscaled : 0n, true);
  } else {
    const from = out.length;
    if (type.kind === 'json' || type.kind === 'decimal') {
      const text = utf8.encode(String(value));
      out.raw(text, 0, text.length);
    } else writeNested(out, type, value);
    writeRange(out, place, from);
  }
  return true;
}
