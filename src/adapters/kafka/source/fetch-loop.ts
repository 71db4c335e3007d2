// Fetches from one broker, one request at a time, for the partitions that it leads and that have room.
// Partitions that gave something go to the end of the line, so that none starves. Trouble is told and
// not repaired here; the loop ends with it, or when it leads nothing any more.
import type { KafkaCluster } from '../client/kafka-cluster.ts';
import {
  type FetchAnswer,
  type FetchedPartition,
  fetchRecords,
  type FetchTarget,
} from './fetch-call.ts';
import type { PartitionSplit } from './partition-split.ts';
import { readBatchHeader } from './record-batch-header.ts';

export interface FetchLoopOptions {
  readonly node: number;
  readonly cluster: KafkaCluster;
  readonly isCommitted: boolean;
  /** Those that the node leads. */
  readonly splits: () => readonly PartitionSplit[];
  /** A partition's error code. */
  readonly onRefused: (split: PartitionSplit, fetched: FetchedPartition) => void;
  /** Answers came; called with each. */
  readonly onAnswer: () => void;
}

/** The broker answers at once when there is something, else after this. */
const waitMs = 500;
/** While a partition has no room: soon enough to go on with it. */
const shortWaitMs = 10;
const partitionBytesMax = 1 << 20;
const answerBytesMax = 16 << 20;

export class FetchLoop {
  readonly #options: FetchLoopOptions;
  #line: PartitionSplit[] = [];
  #isStopped = false;
  #room = Promise.withResolvers<void>();

  constructor(options: FetchLoopOptions) {
    this.#options = options;
  }

  /** A partition has room again, or is led by this node now. */
  wake(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** Ends when stopped or when the node leads nothing; throws when the broker cannot be asked. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      const room = this.#room.promise;
      const led = this.#options.splits();
      if (led.length === 0) return;
      const wanted = this.#inLine(led).filter((split) => split.hasRoom);
      if (wanted.length === 0) await room;
      else await this.#fetch(wanted, wanted.length < led.length ? shortWaitMs : waitMs);
    }
  }

  /** Partitions in their turn; new ones first. */
  #inLine(led: readonly PartitionSplit[]): readonly PartitionSplit[] {
    const isLed = new Set(led);
    const isKnown = new Set(this.#line);
    const known = this.#line.filter((split) => isLed.has(split));
    this.#line = [...led.filter((split) => !isKnown.has(split)), ...known];
    return this.#line;
  }

  async #fetch(wanted: readonly PartitionSplit[], wait: number): Promise<void> {
    const { cluster, node, isCommitted, onAnswer } = this.#options;
    const connection = await cluster.connection(node, 'fetch');
    const targets = wanted.map(targetOf);
    const answer = await fetchRecords(cluster.client, connection, targets, {
      waitMs: wait,
      bytesMax: answerBytesMax,
      partitionBytesMax,
      isCommitted,
    });
    if (this.#isStopped) return;
    onAnswer();
    this.#take(answer, wanted, targets);
  }

  #take(
    { errorCode, partitions }: FetchAnswer,
    wanted: readonly PartitionSplit[],
    targets: readonly FetchTarget[],
  ): void {
    const { cluster, onRefused } = this.#options;
    if (errorCode !== 0) throw new cluster.client.ProtocolError(errorCode);
    const byName = new Map(partitions.map((fetched) => [nameOf(fetched), fetched]));
    const served = new Set<PartitionSplit>();
    for (const [i, split] of wanted.entries()) {
      const fetched = byName.get(nameOf(split));
      if (fetched === undefined || targets[i]?.offset !== split.fetchOffset) continue;
      if (fetched.errorCode !== 0) onRefused(split, fetched);
      else if (this.#push(split, fetched)) served.add(split);
    }
    this.#line = [...this.#line.filter((split) => !served.has(split)), ...served];
  }

  /** True when there was something. */
  #push(split: PartitionSplit, { records, aborted }: FetchedPartition): boolean {
    const { isCommitted } = this.#options;
    const { fetchOffset } = split;
    const nextOffset = endOfBatches(records, fetchOffset);
    if (nextOffset === fetchOffset) return false;
    split.push({ bytes: records, fetchOffset, aborted, isCommitted }, nextOffset);
    return true;
  }
}

function nameOf({ topicId, partition }: FetchedPartition | PartitionSplit): string {
  return `${topicId} ${partition}`;
}

function targetOf({ topicId, partition, leaderEpoch, fetchOffset }: PartitionSplit): FetchTarget {
  return { topicId, partition, leaderEpoch, offset: fetchOffset };
}

/** Behind the last batch that is there whole. */
function endOfBatches(bytes: Uint8Array, fetchOffset: number): number {
  let next = fetchOffset;
  let at = 0;
  for (;;) {
    const header = readBatchHeader(bytes, at, bytes.length);
    if (header === null) return next;
    next = Math.max(next, header.lastOffset + 1);
    at += header.byteCount;
  }
}
