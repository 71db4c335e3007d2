// One fetch from one broker, with the records as bytes: the client library would make an object of
// each. Fetch 13 (Kafka 3.1 and newer) names topics by their id, so that a topic that was deleted and
// created again is not taken for the old one.
import type { Connection } from '@platformatic/kafka';
import type { KafkaClient } from '../client/load-client.ts';
import type { AbortedTransaction } from './aborted-filter.ts';
import { int16At, int32At, int64At } from './byte-numbers.ts';

export interface FetchTarget {
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly offset: number;
}

export interface FetchLimits {
  /** How long the broker waits for the first new record. */
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly isCommitted: boolean;
}

/** What came of one partition. */
export interface FetchedPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly errorCode: number;
  /** The first offset that is still there, and the one behind the last that may be read. */
  readonly startOffset: number;
  readonly endOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly records: Uint8Array;
}

export interface FetchAnswer {
  readonly errorCode: number;
  readonly throttleMs: number;
  readonly partitions: readonly FetchedPartition[];
}

const fetchKey = 1;
const fetchVersion = 13;

/** Sends a fetch and reads its answer. Rejects when the connection breaks. */
export function fetchRecords(
  client: KafkaClient,
  connection: Connection,
  targets: readonly FetchTarget[],
  limits: FetchLimits,
): Promise<FetchAnswer> {
  const { waitMs, bytesMax, isCommitted } = limits;
  const topics = Map.groupBy(targets, ({ topicId }) => topicId);
  const request = [...topics].map(([topicId, partitions]) => ({
    topicId,
    partitions: partitions.map(({ partition, leaderEpoch, offset }) => ({
      partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: limits.partitionBytesMax,
    })),
  }));
  const isolation = isCommitted ? 1 : 0;
  return new Promise((resolve, reject) => {
    connection.send<FetchAnswer>(
      fetchKey,
      fetchVersion,
      () => client.fetchV13.createRequest(waitMs, 1, bytesMax, isolation, 0, -1, request, [], ''),
      (_id, _key, _version, reader) => new AnswerReader(reader.buffer.slice()).read(),
      true,
      true,
      (error, answer) => {
        if (error !== null && error !== undefined) reject(error);
        else resolve(answer as FetchAnswer);
      },
    );
  });
}

class AnswerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): FetchAnswer {
    const throttleMs = this.#int32();
    const errorCode = this.#int16();
    this.#int32();
    const partitions: FetchedPartition[] = [];
    for (let topics = this.#length(); topics > 0; topics--) {
      const topicId = this.#uuid();
      for (let count = this.#length(); count > 0; count--) {
        partitions.push(this.#partition(topicId));
      }
      this.#tags();
    }
    return { throttleMs, errorCode, partitions };
  }

  #partition(topicId: string): FetchedPartition {
    const partition = this.#int32();
    const errorCode = this.#int16();
    // The high watermark, which counts records of open transactions too.
    this.#int64();
    const endOffset = this.#int64();
    const startOffset = this.#int64();
    const aborted: AbortedTransaction[] = [];
    for (let count = this.#length(); count > 0; count--) {
      aborted.push({ producerId: this.#int64(), firstOffset: this.#int64() });
      this.#tags();
    }
    this.#int32();
    const byteCount = Math.max(this.#length(), 0);
    const records = this.#bytes.subarray(this.#at, this.#at + byteCount);
    this.#at += byteCount;
    this.#tags();
    return { topicId, partition, errorCode, startOffset, endOffset, aborted, records };
  }

  #int16(): number {
    this.#at += 2;
    return int16At(this.#bytes, this.#at - 2);
  }

  #int32(): number {
    this.#at += 4;
    return int32At(this.#bytes, this.#at - 4);
  }

  #int64(): number {
    this.#at += 8;
    return int64At(this.#bytes, this.#at - 8);
  }

  #uvarint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A length stands one higher; 0 is none. */
  #length(): number {
    return this.#uvarint() - 1;
  }

  #uuid(): string {
    const hex = Buffer.from(this.#bytes.subarray(this.#at, this.#at + 16)).toString('hex');
    this.#at += 16;
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  #tags(): void {
    for (let count = this.#uvarint(); count > 0; count--) {
      this.#uvarint();
      this.#at += this.#uvarint();
    }
  }
}
