// Keys of the database: the view's number (big-endian, so that a view's rows are neighbours), then
// the encoded entity key. LMDB limits keys: a longer one is cut and completed by its SHA-256, and
// the row's value then starts with the whole key. Order is that of the keys up to the cut.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

const plainMax = 1800;
const digestSize = 32;
/** Number of the records that are not rows: schema, notes. */
export const metaNumber = 0;

export interface KeyRange {
  readonly data: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Writes the database key of an entity key into `target`; returns its length. */
export function writeRowKey(target: Uint8Array, number: number, key: KeyRange): number {
  target[0] = number >> 8;
  target[1] = number & 255;
  const length = key.end - key.start;
  if (length <= plainMax) {
    for (let i = key.start, at = 2; i < key.end; i++, at++) target[at] = key.data[i] as number;
    return 2 + length;
  }
  const whole = key.data.subarray(key.start, key.end);
  target.set(whole.subarray(0, plainMax), 2);
  target.set(createHash('sha256').update(whole).digest(), 2 + plainMax);
  return 2 + plainMax + digestSize;
}

/** Room for the longest database key. */
export const rowKeySizeMax: number = 2 + plainMax + digestSize;

export function isCut(databaseKeyLength: number): boolean {
  return databaseKeyLength === rowKeySizeMax;
}

/** The value to store under a cut key: the whole key's length, the key, the row. */
export function withWholeKey(key: KeyRange, row: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(key.end - key.start);
  return Buffer.concat([head, key.data.subarray(key.start, key.end), row]);
}

/** Key and row of an entry as they were given. */
export function splitEntry(
  databaseKey: Uint8Array,
  value: Uint8Array,
): { readonly key: Uint8Array; readonly row: Uint8Array } {
  if (!isCut(databaseKey.length)) return { key: databaseKey.subarray(2), row: value };
  const length = Buffer.from(value.buffer, value.byteOffset, 4).readUInt32LE();
  return { key: value.subarray(4, 4 + length), row: value.subarray(4 + length) };
}

export function metaKey(name: string): Buffer {
  const text = Buffer.from(name, 'utf8');
  return Buffer.concat([Buffer.of(metaNumber >> 8, metaNumber & 255), text]);
}

/** The greatest `as_of` of all views. */
export const greatestAsOfKey: Buffer = metaKey('greatest-as-of');

/** The first possible key of the view with this number. */
export function rangeStart(number: number): Buffer {
  return Buffer.of(number >> 8, number & 255);
}
