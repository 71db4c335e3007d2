// The records of one fetched piece of a partition, found where they lie: bounds of their values,
// offsets, and where each record stands. Aborted and control batches are passed over; compressed
// ones are unpacked into memory that is used again. Nothing is made per record.
import { crc32c } from '../../../kernel/crc32c.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { RecordOrigin } from '../../../ports/dead-letter-sink.ts';
import { type AbortedTransaction, AbortedFilter } from './aborted-filter.ts';
import { cursor, int16At, readVarint } from './byte-numbers.ts';
import {
  baseTimestamp,
  batchHeadBytes,
  checksumFrom,
  compressionOf,
  isControl,
  isLogAppend,
  isTransactional,
  maxTimestamp,
  readBatchHeader,
  recordCount,
  type RecordBatchHeader,
  writtenChecksum,
} from './record-batch-header.ts';
import { readOrigin } from './record-origin.ts';

/** What a broker gave of one partition. */
export interface FetchedPiece {
  /** Whole record batches, and perhaps a part of one. */
  readonly bytes: Uint8Array;
  /** Records before this one were asked for by nobody: a batch comes whole. */
  readonly fetchOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Pass over aborted transactions. */
  readonly isCommitted: boolean;
}

/** Unpacks the records of a batch: 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
export type Unpack = (compression: number, bytes: Uint8Array) => Uint8Array;

/** Unpacked bytes after which a step ends. */
const unpackedBytesMax = 8 << 20;

/** Batches of records that were read in one step. */
interface BatchTimes {
  readonly firstMessage: number;
  readonly baseMs: number;
  /** Set when every record has this time. */
  readonly appendMs: number | null;
}

export class RecordSet {
  /** Values of messages, as a decoder wants them. */
  bytes: Uint8Array = new Uint8Array(0);
  bounds: Int32Array = new Int32Array(0);
  offsets: Float64Array = new Float64Array(0);
  count = 0;
  /** After everything that was read so far, what was passed over included. */
  nextOffset = 0;
  leaderEpoch = -1;
  /** Where each record stands. */
  #places: Int32Array = new Int32Array(0);
  #times: BatchTimes[] = [];
  #piece: FetchedPiece | null = null;
  #filter = new AbortedFilter([]);
  #at = 0;
  #unpacked: Uint8Array = new Uint8Array(0);
  #unpackedLength = 0;
  readonly #unpack: Unpack;
  readonly #name: string;

  /** `name` of the partition, for messages of errors. */
  constructor(name: string, unpack: Unpack) {
    this.#name = name;
    this.#unpack = unpack;
  }

  begin(piece: FetchedPiece): void {
    this.#piece = piece;
    this.#filter = new AbortedFilter(piece.aborted);
    this.#at = 0;
    this.count = 0;
    this.nextOffset = piece.fetchOffset;
  }

  /** Nothing of the piece is left to read. */
  get isOver(): boolean {
    return this.#piece === null;
  }

  /**
   * Reads batches until there are at least `countMin` messages or the piece is over; what was read
   * before is forgotten. Throws MR_KAFKA_CORRUPT.
   */
  read(countMin: number): void {
    const piece = this.#piece;
    if (piece === null) return;
    const { bytes } = piece;
    this.count = 0;
    this.#times = [];
    this.#unpackedLength = 0;
    let isPlain = true;
    while (this.count < countMin && this.#unpackedLength < unpackedBytesMax) {
      const header = readBatchHeader(bytes, this.#at, bytes.length);
      if (header === null) {
        this.#piece = null;
        break;
      }
      const isPacked = compressionOf(header) !== 0;
      if (this.count === 0) isPlain = !isPacked;
      else if (isPlain && isPacked) break;
      this.#readBatch(piece, header, isPlain);
      this.#at += header.byteCount;
      this.nextOffset = Math.max(this.nextOffset, header.lastOffset + 1);
    }
    this.bytes = isPlain ? bytes : this.#unpacked;
  }

  #readBatch(piece: FetchedPiece, header: RecordBatchHeader, isPlain: boolean): void {
    const { bytes, isCommitted, fetchOffset } = piece;
    const at = this.#at;
    const { byteCount, baseOffset, lastOffset, producerId } = header;
    if (header.magic !== 2) throw this.#corrupt(header, `has format ${header.magic}, not 2`);
    if (crc32c(bytes, at + checksumFrom, at + byteCount) !== writtenChecksum(bytes, at)) {
      throw this.#corrupt(header, 'does not have the checksum that was written with it');
    }
    this.leaderEpoch = header.leaderEpoch;
    if (isControl(header)) {
      if (isAbortMarker(bytes, at + batchHeadBytes)) this.#filter.end(producerId, lastOffset);
      return;
    }
    const isLeftOut =
      isCommitted && isTransactional(header) && this.#filter.isAborted(producerId, lastOffset);
    if (isLeftOut || lastOffset < fetchOffset) return;
    this.#times.push({
      firstMessage: this.count,
      baseMs: baseTimestamp(bytes, at),
      appendMs: isLogAppend(header) ? maxTimestamp(bytes, at) : null,
    });
    const count = recordCount(bytes, at);
    const start = at + batchHeadBytes;
    const end = at + byteCount;
    if (count < 0 || count > end - start + (isPlain ? 0 : 1 << 30)) {
      throw this.#corrupt(header, `says that it has ${count} records`);
    }
    if (isPlain) this.#readRecords({ bytes, start, end, count, baseOffset, fetchOffset });
    else {
      const records = this.#unpackBatch(header, bytes.subarray(start, end));
      this.#readRecords({ ...records, count, baseOffset, fetchOffset });
    }
  }

  /** Puts the records of a batch behind those that were unpacked before it. */
  #unpackBatch(header: RecordBatchHeader, packed: Uint8Array): Region {
    const compression = compressionOf(header);
    let records = packed;
    if (compression !== 0) {
      try {
        records = this.#unpack(compression, packed);
      } catch (cause) {
        throw this.#corrupt(header, 'cannot be decompressed', cause);
      }
    }
    const start = this.#unpackedLength;
    const end = start + records.length;
    // One byte more, which the last value has behind it.
    if (end >= this.#unpacked.length) {
      const larger = new Uint8Array(Math.max(end + 1, this.#unpacked.length * 2));
      larger.set(this.#unpacked.subarray(0, start));
      this.#unpacked = larger;
    }
    this.#unpacked.set(records, start);
    this.#unpackedLength = end;
    return { bytes: this.#unpacked, start, end };
  }

  #readRecords(batch: BatchRecords): void {
    const { bytes, end, count, baseOffset, fetchOffset } = batch;
    this.#grow(this.count + count);
    const { bounds, offsets } = this;
    const places = this.#places;
    let message = this.count;
    let p = batch.start;
    for (let i = 0; i < count; i++) {
      const length = readVarint(bytes, p);
      const next = cursor.at + length;
      if (length < 0 || next > end) throw this.#brokenRecord(baseOffset, i);
      places[message] = p;
      // After the attributes: the time, which only errors need.
      p = cursor.at + 1;
      while ((bytes[p] as number) >= 0x80) p++;
      const offset = baseOffset + readVarint(bytes, p + 1);
      const keyLength = readVarint(bytes, cursor.at);
      p = cursor.at + (keyLength > 0 ? keyLength : 0);
      const valueLength = readVarint(bytes, p);
      p = cursor.at;
      const valueEnd = valueLength < 0 ? p : p + valueLength;
      if (valueEnd >= next || keyLength < -1 || valueLength < -1)
        throw this.#brokenRecord(baseOffset, i);
      bounds[2 * message] = valueLength < 0 ? -1 : p;
      bounds[2 * message + 1] = valueEnd;
      offsets[message] = offset;
      if (offset >= fetchOffset) message++;
      p = next;
    }
    this.count = message;
  }

  #grow(count: number): void {
    if (this.offsets.length >= count) return;
    const capacity = Math.max(count, this.offsets.length * 2, 1024);
    const { bounds, offsets } = this;
    const places = this.#places;
    this.bounds = new Int32Array(capacity * 2);
    this.bounds.set(bounds);
    this.offsets = new Float64Array(capacity);
    this.offsets.set(offsets);
    this.#places = new Int32Array(capacity);
    this.#places.set(places);
  }

  /** Key, time and headers of the message with this offset, of those that were read. */
  originOf(offset: number): Omit<RecordOrigin, 'topic' | 'partition'> | null {
    const message = this.indexOf(offset);
    const batch = this.#times.findLast(({ firstMessage }) => firstMessage <= message);
    if (this.offsets[message] !== offset || batch === undefined) return null;
    const { timestampDeltaMs, ...origin } = readOrigin(this.bytes, this.#places[message] as number);
    return { ...origin, timestampMs: batch.appendMs ?? batch.baseMs + timestampDeltaMs };
  }

  /** The first message with this offset or a later one; `count` when there is none. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.offsets[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #brokenRecord(baseOffset: number, index: number): MillraceError {
    return corruptBatch(this.#name, baseOffset, `has a broken record (number ${index})`);
  }

  #corrupt({ baseOffset }: RecordBatchHeader, what: string, cause?: unknown): MillraceError {
    return corruptBatch(this.#name, baseOffset, what, cause);
  }
}

interface Region {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface BatchRecords extends Region {
  readonly count: number;
  readonly baseOffset: number;
  readonly fetchOffset: number;
}

/** A control record says what it is in its key: a version and a type, 0 for abort. */
function isAbortMarker(bytes: Uint8Array, start: number): boolean {
  readVarint(bytes, start);
  let p = cursor.at + 1;
  while ((bytes[p] as number) >= 0x80) p++;
  readVarint(bytes, p + 1);
  const keyLength = readVarint(bytes, cursor.at);
  return keyLength >= 4 && int16At(bytes, cursor.at + 2) === 0;
}

function corruptBatch(name: string, offset: number, what: string, cause?: unknown): MillraceError {
  const message = `${name}: the record batch at offset ${offset} ${what}`;
  return new MillraceError('MR_KAFKA_CORRUPT', message, {
    cause,
    context: { split: name, offset },
    fix: 'look at the broker’s disk; start the job again if it happened on the way',
  });
}
