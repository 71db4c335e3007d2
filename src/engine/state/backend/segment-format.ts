// The bytes of a segment: header, records one after the other, footer, trailer. The footer repeats of
// every record what a restore needs (hash, place, timers), so that images are only read when they are
// wanted. Every part has its own CRC-32C; numbers are little-endian.
// Record: crc u32 · length u32 · view u8 · flags u8 · key group u16 · key length u32 ·
// [wake f64] · [idle wake f64] · key · image. The crc covers all behind it, the length everything.
import { crc32c } from '../../../kernel/crc32c.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { StateFileReader } from '../../../ports/state-files.ts';
import { StateReader } from '../bytes/state-reader.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import type { ViewStateSchema } from '../residence.ts';

const formatVersion = 1;
const magic = 0x4753524d;
const trailerBytes = 32;
export const recordHeaderBytes = 16;
/** Records of a segment: their numbers have 20 bits in the index. */
export const recordsMax: number = 1 << 20;

/** How a stored key's two times relate, in the flags of its record and in the index. */
export const wakeKinds = {
  /** No timer at all, or none that can fire while idle: `wake` alone counts. */
  wakeOnly: 0,
  /** One time for both. */
  same: 1,
  /** Another, later time while idle. */
  both: 2,
} as const;

const hasWake = 4;
const kindMask = 3;

/** One view whose keys a segment holds; a record's `view` is the place in the list. */
export interface SegmentView {
  readonly uid: string;
  readonly schema: ViewStateSchema;
}

/** Where a record's parts are, filled by `parseRecord`. */
export interface RecordParts {
  view: number;
  length: number;
  wakeMs: number;
  idleWakeMs: number;
  keyStart: number;
  keyEnd: number;
  /** The image ends with the record. */
  end: number;
}

export function emptyRecordParts(): RecordParts {
  const never = Number.POSITIVE_INFINITY;
  return { view: 0, length: 0, wakeMs: never, idleWakeMs: never, keyStart: 0, keyEnd: 0, end: 0 };
}

/** The flags of a record by its times. */
export function flagsOf(wakeMs: number, idleWakeMs: number): number {
  if (wakeMs === Number.POSITIVE_INFINITY) return 0;
  return hasWake | kindOf(wakeMs, idleWakeMs);
}

export function kindOf(wakeMs: number, idleWakeMs: number): number {
  if (idleWakeMs === Number.POSITIVE_INFINITY) return wakeKinds.wakeOnly;
  return idleWakeMs <= wakeMs ? wakeKinds.same : wakeKinds.both;
}

/** Whether the bytes `data[at .. end)` begin with a whole record that is as it was written. */
export function isIntact(data: Uint8Array, at: number, end: number): boolean {
  if (at + recordHeaderBytes > end) return false;
  const length = u32At(data, at + 4);
  if (length < recordHeaderBytes || at + length > end) return false;
  return crc32c(data, at + 4, at + length) === u32At(data, at);
}

/** Takes an intact record apart. */
export function parseRecord(data: Uint8Array, at: number, parts: RecordParts): void {
  const length = u32At(data, at + 4);
  const flags = data[at + 9] as number;
  let key = at + recordHeaderBytes;
  parts.view = data[at + 8] as number;
  parts.length = length;
  parts.end = at + length;
  parts.wakeMs = Number.POSITIVE_INFINITY;
  parts.idleWakeMs = Number.POSITIVE_INFINITY;
  if ((flags & hasWake) !== 0) {
    parts.wakeMs = f64At(data, key);
    key += 8;
    if ((flags & kindMask) === wakeKinds.same) parts.idleWakeMs = parts.wakeMs;
  }
  if ((flags & kindMask) === wakeKinds.both) {
    parts.idleWakeMs = f64At(data, key);
    key += 8;
  }
  parts.keyStart = key;
  parts.keyEnd = key + u32At(data, at + 12);
}

/** Writes length and checksum of the record that is `data[start .. end)`. */
export function sealRecord(data: Uint8Array, start: number, end: number): void {
  putU32(data, start + 4, end - start);
  putU32(data, start, crc32c(data, start + 4, end));
}

/** What a segment begins with: mark, version, length and checksum have their place in every version. */
export function encodeHeader(views: readonly SegmentView[]): Uint8Array {
  const writer = new StateWriter();
  writer.u32(magic);
  writer.u32(formatVersion);
  writer.u32(0);
  writer.string(JSON.stringify({ views }));
  putU32(writer.data, 8, writer.length);
  writer.u32(crc32c(writer.data, 0, writer.length));
  return writer.toBytes();
}

/** The records of a segment as columns. */
export interface SegmentTable {
  readonly count: number;
  /** `count + 1` positions: record i is `[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array;
  readonly hashes: Uint32Array;
  readonly views: Uint8Array;
  readonly wakes: Float64Array;
  readonly idleWakes: Float64Array;
}

/** Footer and trailer of a segment. */
export function encodeFooter(table: SegmentTable, footerAt: number): Uint8Array {
  const { count } = table;
  const bytes = new Uint8Array(footerBytes(count) + trailerBytes);
  let at = 0;
  for (const column of columnsOf(table)) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  const crc = crc32c(bytes, 0, at);
  const trailer = new DataView(bytes.buffer, at);
  trailer.setFloat64(0, footerAt, true);
  trailer.setUint32(8, count, true);
  trailer.setUint32(12, crc, true);
  trailer.setUint32(16, formatVersion, true);
  trailer.setUint32(24, magic, true);
  trailer.setUint32(28, crc32c(bytes, at, at + 28), true);
  return bytes;
}

function footerBytes(count: number): number {
  return count * 16 + (count + 1) * 4 + count * 4 + count;
}

/** Widest numbers first, so that each column lies at a multiple of its width. */
function columnsOf({
  count,
  wakes,
  idleWakes,
  offsets,
  hashes,
  views,
}: SegmentTable): readonly (Float64Array | Uint32Array | Uint8Array)[] {
  return [
    wakes.subarray(0, count),
    idleWakes.subarray(0, count),
    offsets.subarray(0, count + 1),
    hashes.subarray(0, count),
    views.subarray(0, count),
  ];
}

/** Header and footer of a sealed segment. Errors: MR_STATE_CORRUPT, MR_STATE_VERSION. */
export function readSegment(
  file: StateFileReader,
  name: string,
): { readonly views: readonly SegmentView[]; readonly table: SegmentTable } {
  const views = readHeader(file, name);
  const { size } = file;
  const trailer = readExactly(file, name, size - trailerBytes, trailerBytes);
  const view = new DataView(trailer.buffer);
  const isTrailer = view.getUint32(24, true) === magic;
  if (!isTrailer || view.getUint32(28, true) !== crc32c(trailer, 0, 28)) {
    throw corrupt(name, size - trailerBytes, 'its end is not that of a segment');
  }
  const footerAt = view.getFloat64(0, true);
  const count = view.getUint32(8, true);
  const length = footerBytes(count);
  if (footerAt + length + trailerBytes !== size) throw corrupt(name, footerAt, 'it is cut short');
  const footer = readExactly(file, name, footerAt, length);
  if (crc32c(footer) !== view.getUint32(12, true)) {
    throw corrupt(name, footerAt, 'the checksum of its table does not match');
  }
  return { views, table: decodeTable(footer, count) };
}

function decodeTable({ buffer }: Uint8Array<ArrayBuffer>, count: number): SegmentTable {
  const offsetsAt = count * 16;
  const hashesAt = offsetsAt + (count + 1) * 4;
  return {
    count,
    wakes: new Float64Array(buffer, 0, count),
    idleWakes: new Float64Array(buffer, count * 8, count),
    offsets: new Uint32Array(buffer, offsetsAt, count + 1),
    hashes: new Uint32Array(buffer, hashesAt, count),
    views: new Uint8Array(buffer, hashesAt + count * 4, count),
  };
}

function readHeader(file: StateFileReader, name: string): readonly SegmentView[] {
  const start = readExactly(file, name, 0, 12);
  if (u32At(start, 0) !== magic) throw corrupt(name, 0, 'it is not a segment');
  const length = u32At(start, 8);
  const header = readExactly(file, name, 0, length + 4);
  if (crc32c(header, 0, length) !== u32At(header, length)) {
    throw corrupt(name, 0, 'the checksum of its header does not match');
  }
  const version = u32At(start, 4);
  if (version !== formatVersion) throw newer(name, version, formatVersion);
  const text = new StateReader(header, 12, length).string();
  return (JSON.parse(text) as { views: readonly SegmentView[] }).views;
}

/** Bytes of a file that must be there. */
export function readExactly(
  file: StateFileReader,
  name: string,
  position: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  if (position < 0 || position + length > file.size) {
    throw corrupt(name, Math.max(0, position), 'it is too short');
  }
  const bytes = new Uint8Array(length);
  const count = file.readInto(bytes, 0, length, position);
  if (count !== length) throw corrupt(name, position, 'it is too short');
  return bytes;
}

/** A state file is not as it was written. */
export function corrupt(name: string, offset: number, what: string): MillraceError {
  return new MillraceError(
    'MR_STATE_CORRUPT',
    `state file "${name}" is corrupt at offset ${offset}: ${what}`,
    { context: { path: name, offset }, fix: 'restore an older checkpoint and check the disk' },
  );
}

/** A state file has a format that is not known here. */
export function newer(name: string, version: number, known: number): MillraceError {
  return new MillraceError(
    'MR_STATE_VERSION',
    `state file "${name}" has format ${version}; this version of millrace knows ${known}`,
    { context: { path: name }, fix: 'run the version of millrace that wrote it' },
  );
}

export function u32At(data: Uint8Array, at: number): number {
  return (
    ((data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24)) >>>
    0
  );
}

function putU32(data: Uint8Array, at: number, value: number): void {
  data[at] = value;
  data[at + 1] = value >>> 8;
  data[at + 2] = value >>> 16;
  data[at + 3] = value >>> 24;
}

const scratch = new DataView(new ArrayBuffer(8));

function f64At(data: Uint8Array, at: number): number {
  scratch.setUint32(0, u32At(data, at), true);
  scratch.setUint32(4, u32At(data, at + 4), true);
  return scratch.getFloat64(0, true);
}
