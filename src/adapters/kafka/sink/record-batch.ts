// Records of one partition as a batch of Kafka's format 2, written straight into bytes: no object per
// record. Producer, epoch and sequence are filled in when the batch is sent for the first time, and
// stay for every repetition, so that a broker recognises it.
import { crc32c } from '../../../kernel/crc32c.ts';

const headBytes = 61;
const transactionalBit = 16;

/** Who sends a batch, and its place among all that this sender gave to the partition. */
export interface BatchSender {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
}

/** Bytes of a part of a record; `end` −1: there is none (null). */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface RecordHeader {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
}

export const nothing: ByteRange = { bytes: new Uint8Array(0), start: 0, end: -1 };

export class RecordBatch {
  count = 0;
  #bytes: Buffer;
  #length = headBytes;
  #firstMs = 0;
  #greatestMs = Number.NEGATIVE_INFINITY;
  #isSealed = false;

  constructor(byteCapacity = 16_384) {
    this.#bytes = Buffer.allocUnsafeSlow(byteCapacity);
  }

  get byteCount(): number {
    return this.#length;
  }

  append(
    key: ByteRange,
    value: ByteRange,
    timestampMs: number,
    headers: readonly RecordHeader[] = noHeaders,
  ): void {
    if (this.count === 0) this.#firstMs = timestampMs;
    if (timestampMs > this.#greatestMs) this.#greatestMs = timestampMs;
    const deltaMs = timestampMs - this.#firstMs;
    const keyBytes = key.end < 0 ? -1 : key.end - key.start;
    const valueBytes = value.end < 0 ? -1 : value.end - value.start;
    const size =
      1 +
      sizeOfLong(deltaMs) +
      sizeOf(this.count) +
      sizeOf(keyBytes) +
      Math.max(0, keyBytes) +
      sizeOf(valueBytes) +
      Math.max(0, valueBytes) +
      sizeOfHeaders(headers);
    this.#ensure(size + 5);
    this.#number(size);
    this.#bytes[this.#length++] = 0;
    this.#long(deltaMs);
    this.#number(this.count);
    this.#range(key, keyBytes);
    this.#range(value, valueBytes);
    this.#number(headers.length);
    for (const { name, value: content } of headers) {
      this.#range({ bytes: name, start: 0, end: name.length }, name.length);
      const length = content === null ? -1 : content.length;
      this.#range(content === null ? nothing : { bytes: content, start: 0, end: length }, length);
    }
    this.count += 1;
  }

  /** The whole batch as it is sent; again the same once it was sealed. */
  seal(sender: BatchSender): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    if (this.#isSealed) return bytes;
    this.#isSealed = true;
    bytes.writeBigInt64BE(0n, 0);
    bytes.writeInt32BE(this.#length - 12, 8);
    bytes.writeInt32BE(-1, 12);
    bytes.writeInt8(2, 16);
    bytes.writeInt16BE(sender.isTransactional ? transactionalBit : 0, 21);
    bytes.writeInt32BE(this.count - 1, 23);
    bytes.writeBigInt64BE(BigInt(this.#firstMs), 27);
    bytes.writeBigInt64BE(BigInt(this.#greatestMs), 35);
    bytes.writeBigInt64BE(sender.producerId, 43);
    bytes.writeInt16BE(sender.producerEpoch, 51);
    bytes.writeInt32BE(sender.sequence, 53);
    bytes.writeInt32BE(this.count, 57);
    bytes.writeUInt32BE(crc32c(bytes.subarray(21)) >>> 0, 17);
    return bytes;
  }

  #ensure(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  #range({ bytes, start, end }: ByteRange, size: number): void {
    this.#number(size);
    if (size <= 0) return;
    const target = this.#bytes;
    if (size > 48) target.set(bytes.subarray(start, end), this.#length);
    else {
      for (let i = start, at = this.#length; i < end; i++, at++) target[at] = bytes[i] as number;
    }
    this.#length += size;
  }

  /** A zigzag number of up to 32 bits. */
  #number(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A zigzag number of up to 53 bits. */
  #long(value: number): void {
    let rest = value < 0 ? -value * 2 - 1 : value * 2;
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }
}

const noHeaders: readonly RecordHeader[] = [];

function sizeOf(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0;
  if (rest < 128) return 1;
  if (rest < 16_384) return 2;
  if (rest < 2_097_152) return 3;
  return rest < 268_435_456 ? 4 : 5;
}

function sizeOfLong(value: number): number {
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  let size = 1;
  for (; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

function sizeOfHeaders(headers: readonly RecordHeader[]): number {
  let size = sizeOf(headers.length);
  for (const { name, value } of headers) {
    size += sizeOf(name.length) + name.length + sizeOf(value?.length ?? -1) + (value?.length ?? 0);
  }
  return size;
}
