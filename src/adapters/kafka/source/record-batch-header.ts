// The head of a record batch, format 2 (Kafka 0.11 and newer): 61 bytes before its records.
import { int16At, int32At, int64At } from './byte-numbers.ts';

/** Bytes before the records of a batch. */
export const batchHeadBytes = 61;

/** Bytes before what the length of a batch counts. */
const lengthBytes = 12;

export interface RecordBatchHeader {
  /** Of the whole batch. */
  readonly byteCount: number;
  readonly magic: number;
  readonly leaderEpoch: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly producerId: number;
}

/** Bits of a batch's attributes. */
const compressionMask = 0x07;
const logAppendBit = 0x08;
const transactionalBit = 0x10;
const controlBit = 0x20;

/** The batch at `p`; null when not all of it is there before `end`. */
export function readBatchHeader(
  bytes: Uint8Array,
  p: number,
  end: number,
): RecordBatchHeader | null {
  if (end - p < lengthBytes + 5) return null;
  const byteCount = lengthBytes + int32At(bytes, p + 8);
  if (byteCount > end - p || byteCount < lengthBytes) return null;
  const baseOffset = int64At(bytes, p);
  const magic = bytes[p + 16] as number;
  const isKnown = magic === 2 && byteCount >= batchHeadBytes;
  return {
    byteCount,
    magic,
    leaderEpoch: int32At(bytes, p + 12),
    baseOffset,
    lastOffset: isKnown ? baseOffset + int32At(bytes, p + 23) : baseOffset,
    attributes: isKnown ? int16At(bytes, p + 21) : 0,
    producerId: isKnown ? int64At(bytes, p + 43) : -1,
  };
}

/** 0: none, 1: gzip, 2: snappy, 3: lz4, 4: zstd. */
export function compressionOf({ attributes }: RecordBatchHeader): number {
  return attributes & compressionMask;
}

/** Records have the time when the broker took the batch, not their own. */
export function isLogAppend({ attributes }: RecordBatchHeader): boolean {
  return (attributes & logAppendBit) !== 0;
}

export function isTransactional({ attributes }: RecordBatchHeader): boolean {
  return (attributes & transactionalBit) !== 0;
}

export function isControl({ attributes }: RecordBatchHeader): boolean {
  return (attributes & controlBit) !== 0;
}

/** Checksum of the batch at `p`, as it was written. */
export function writtenChecksum(bytes: Uint8Array, p: number): number {
  return int32At(bytes, p + 17) >>> 0;
}

/** Where the bytes begin that the checksum is of. */
export const checksumFrom = 21;

export function baseTimestamp(bytes: Uint8Array, p: number): number {
  return int64At(bytes, p + 27);
}

export function maxTimestamp(bytes: Uint8Array, p: number): number {
  return int64At(bytes, p + 35);
}

export function recordCount(bytes: Uint8Array, p: number): number {
  return int32At(bytes, p + 57);
}
