// What one write of pushed records is on disk: a line that says when, how many and how long, with a
// checksum, then the records, an object of JSON a line. A write that was cut off fails its checksum, and
// nobody was told that it was there.
import { crc32 } from 'node:zlib';

/** A whole frame in a buffer. */
export interface Frame {
  readonly timeMs: number;
  readonly rowCount: number;
  /** Its records: `bytes[start .. end)`. */
  readonly start: number;
  readonly end: number;
}

/** Bytes of the line before the records. */
export const frameHeadBytes = 52;
const headPattern = /^#push1 (\d{15}) (\d{8}) (\d{10}) ([0-9a-f]{8})\n$/;
const lineFeed = 10;

/** Greatest number of records in a frame. */
export const frameRowsMax = 10_000;

/** A frame of these records. */
export function encodeFrame(timeMs: number, records: readonly Uint8Array[]): Buffer {
  const payloadBytes = records.reduce((sum, record) => sum + record.length + 1, 0);
  const frame = Buffer.allocUnsafe(frameHeadBytes + payloadBytes);
  let at = frameHeadBytes;
  for (const record of records) {
    frame.set(record, at);
    at += record.length;
    frame[at++] = lineFeed;
  }
  const head = `#push1 ${digits(timeMs, 15)} ${digits(records.length, 8)} ${digits(payloadBytes, 10)}`;
  const crc = checksum(head, frame.subarray(frameHeadBytes)).toString(16).padStart(8, '0');
  frame.write(`${head} ${crc}\n`, 0, 'latin1');
  return frame;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function checksum(head: string, payload: Uint8Array): number {
  return crc32(payload, crc32(head));
}

/** How many bytes the frame at `start` has in all; null when its first line is not there, or no such. */
export function frameLength(bytes: Buffer, start: number, end: number): number | null {
  if (end - start < frameHeadBytes) return null;
  const match = headPattern.exec(bytes.toString('latin1', start, start + frameHeadBytes));
  return match === null ? null : frameHeadBytes + Number(match[3]);
}

/** The frame at `start`; null when it is not whole. */
export function readFrame(bytes: Buffer, start: number, end: number): Frame | null {
  const length = frameLength(bytes, start, end);
  if (length === null || end - start < length) return null;
  const head = bytes.toString('latin1', start, start + frameHeadBytes);
  const [, time, rows, , crc] = headPattern.exec(head) as unknown as readonly string[];
  const payload = bytes.subarray(start + frameHeadBytes, start + length);
  if (checksum(head.slice(0, -10), payload) !== Number.parseInt(crc ?? '', 16)) return null;
  return {
    timeMs: Number(time),
    rowCount: Number(rows),
    start: start + frameHeadBytes,
    end: start + length,
  };
}
