// Records on their way to one topic: an open batch per partition, and behind it those that wait to be
// sent, in order. What is appended while it holds back stays behind the cut until it is released.
import { murmur2, partitionOf } from './murmur2.ts';
import { type ByteRange, RecordBatch, type RecordHeader } from './record-batch.ts';

/** Brokers take 1 MiB by default (`message.max.bytes`), head included. */
const batchBytesMax = 1_000_000;
/** Sequence numbers begin anew after this. */
const sequenceMax = 2 ** 31;

/** What waits for one partition. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** Of the next batch that is sent for the first time. */
  nextSequence = 0;
  /** Full or cut off, oldest first. */
  readonly batches: RecordBatch[] = [];
  /** How many of them were there at the last cut. */
  cutCount = 0;
  /** How many of them may be sent while the others are held back. */
  allowedCount = 0;
  #open: RecordBatch | null = null;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The batch that takes the next record of about so many bytes. */
  batchFor(bytes: number): RecordBatch {
    if (this.#open !== null && this.#open.byteCount + bytes > batchBytesMax) this.close();
    this.#open ??= new RecordBatch();
    return this.#open;
  }

  /** What was appended so far is a batch, or several. */
  close(): void {
    if (this.#open !== null) this.batches.push(this.#open);
    this.#open = null;
  }

  /** What was appended so far ends here. */
  cut(): void {
    this.close();
    this.cutCount = this.batches.length;
  }

  /** The oldest batch that may be sent; null when there is none. */
  next(isHeld: boolean): RecordBatch | null {
    if (isHeld) return this.allowedCount > 0 ? (this.batches[0] ?? null) : null;
    if (this.batches.length === 0) this.close();
    return this.batches[0] ?? null;
  }

  /** The oldest batch lies at the broker. */
  acknowledge(): void {
    const count = this.batches.shift()?.count ?? 0;
    this.nextSequence = (this.nextSequence + count) % sequenceMax;
    this.cutCount = Math.max(0, this.cutCount - 1);
    this.allowedCount = Math.max(0, this.allowedCount - 1);
  }
}

export class TopicBatches {
  readonly topic: string;
  readonly partitions: readonly PartitionQueue[];
  #next = 0;

  constructor(topic: string, partitionCount: number) {
    this.topic = topic;
    this.partitions = Array.from(
      { length: partitionCount },
      (_, partition) => new PartitionQueue(topic, partition),
    );
  }

  /** Appends a record to the partition of its key; those without one go round. Returns its bytes. */
  append(
    key: ByteRange,
    value: ByteRange,
    timestampMs: number,
    headers?: readonly RecordHeader[],
  ): number {
    const queue = this.partitions[this.#partitionOf(key)] as PartitionQueue;
    const bytes = Math.max(0, key.end - key.start) + Math.max(0, value.end - value.start) + 32;
    const batch = queue.batchFor(bytes);
    const before = batch.byteCount;
    batch.append(key, value, timestampMs, headers);
    return batch.byteCount - before;
  }

  #partitionOf({ bytes, start, end }: ByteRange): number {
    const { length } = this.partitions;
    if (end >= 0) return partitionOf(murmur2(bytes, start, end), length);
    this.#next = (this.#next + 1) % length;
    return this.#next;
  }
}
