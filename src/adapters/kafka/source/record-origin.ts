// Key, time and headers of one record, read only for records that failed.
import type { RecordOrigin } from '../../../ports/dead-letter-sink.ts';
import { cursor, readVarint, readVarlong } from './byte-numbers.ts';

export interface ReadOrigin extends Pick<RecordOrigin, 'key' | 'headers'> {
  /** After the time of the record's batch. */
  readonly timestampDeltaMs: number;
}

const utf8 = new TextDecoder();

/** The record that begins at `start` with its length. */
export function readOrigin(bytes: Uint8Array, start: number): ReadOrigin {
  readVarint(bytes, start);
  const timestampDeltaMs = readVarlong(bytes, cursor.at + 1);
  readVarint(bytes, cursor.at);
  const key = readPart(bytes);
  readPart(bytes);
  const count = readVarint(bytes, cursor.at);
  const headers: [string, Uint8Array | null][] = [];
  for (let i = 0; i < count; i++) {
    const name = utf8.decode(readPart(bytes) ?? undefined);
    headers.push([name, readPart(bytes)]);
  }
  return { timestampDeltaMs, key, headers };
}

/** A copy of the bytes at the cursor, whose length stands before them; null for a length of −1. */
function readPart(bytes: Uint8Array): Uint8Array | null {
  const length = readVarint(bytes, cursor.at);
  if (length < 0) return null;
  const start = cursor.at;
  cursor.at = start + length;
  return bytes.slice(start, cursor.at);
}
