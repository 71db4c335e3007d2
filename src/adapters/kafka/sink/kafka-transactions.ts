// One Kafka transaction per process and checkpoint: outputs, dead letters, late records and the offsets
// of the sources with the checkpoint's id. Everything is sent and acknowledged when a checkpoint is
// prepared; the transaction is committed only when the checkpoint is complete on storage. What is
// written in between is held back, since a producer has one open transaction. What a crash leaves open
// is aborted by the next `committed` or `recover`, so the id in the offsets is the truth.
import type { Connection } from '@platformatic/kafka';
import type { JsonValue } from '../../../kernel/json-value.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type {
  CommittedEpoch,
  EpochAuthority,
  EpochSink,
  RestoredEpoch,
  SourcePositions,
} from '../../../ports/epoch-sink.ts';
import type { ClusterCalls } from './cluster-calls.ts';
import {
  committedCheckpoint,
  markedOffsets,
  markText,
  movedOffsets,
  type NotedOffset,
  type PartitionOffset,
} from './commit-mark.ts';
import { groupOffsets, partitionOffsets, type ReadTopic, readOffsets } from './group-offsets.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { isTimeoutRefused, timeoutError } from './transaction-timeout.ts';
import type { PartitionQueue } from './topic-batches.ts';

export interface TransactionOptions {
  readonly calls: ClusterCalls;
  /** Its name in manifests. */
  readonly name: string;
  /** Name of the job: of its transactional id, and in its notes. */
  readonly job: string;
  readonly timeoutMs: number;
  /** Streams read from this cluster. Their offsets are committed with the output. */
  readonly readTopics: readonly ReadTopic[];
  /** Where the note lies when no stream is read from this cluster: an offset of its own. */
  readonly noteAt: { readonly group: string; readonly topic: string };
  /** Topics that are written. */
  readonly topics: readonly string[];
  /** Somebody has moved offsets by hand, and the user knows. */
  readonly acceptsMovedOffsets: boolean;
}

/** What a manifest keeps. */
interface TransactionState {
  /** Offsets named a checkpoint when it was prepared. */
  readonly marked: boolean;
}

export class KafkaTransactions implements EpochSink, EpochAuthority {
  readonly name: string;
  readonly authority: EpochAuthority = this;
  readonly #options: TransactionOptions;
  #producer: KafkaProducer | null = null;
  /** Partitions and groups that belong to the open transaction. */
  readonly #partitions = new Set<PartitionQueue>();
  readonly #groups = new Set<string>();
  #beganMs: number | null = null;
  /** What the open transaction ends with; null while nothing was prepared since the last commit. */
  #preparedId: number | null = null;
  #isMarked = false;
  #isFirst = true;

  constructor(options: TransactionOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get producer(): KafkaProducer {
    if (this.#producer !== null) return this.#producer;
    throw new MillraceError('MR_INTERNAL', 'Kafka is written to before the job was recovered');
  }

  get transactionalId(): string {
    return transactionalIdOf(this.#options.job);
  }

  async committed(): Promise<CommittedEpoch> {
    await this.#renew();
    const noted = await this.#noted();
    return { id: committedCheckpoint(this.#options.job, noted) };
  }

  hadCommitted(state: JsonValue): boolean {
    return (state as Partial<TransactionState> | null)?.marked === true;
  }

  async prepare(id: number, positions: SourcePositions): Promise<JsonValue> {
    const state: TransactionState = { marked: this.#isMarked };
    const { producer } = this;
    producer.cut();
    producer.hold();
    await this.#guarded(async () => {
      await producer.allow();
      await this.#addOffsets(this.#offsetsOf(positions), id);
    });
    this.#preparedId = id;
    return { ...state };
  }

  async commit(id: number): Promise<void> {
    if (this.#preparedId === null || id < this.#preparedId) return;
    const what = `commit the transaction of checkpoint ${id}`;
    if (this.#beganMs !== null) {
      await this.#guarded(() => this.#end(true, what));
      this.#isMarked = true;
    }
    this.#preparedId = null;
    this.producer.release();
  }

  async recover(restored: RestoredEpoch | null): Promise<void> {
    // `committed` has just made a producer that nothing was written with.
    if (this.#producer === null || !this.#isFirst) await this.#renew();
    this.#isFirst = false;
    const { job, acceptsMovedOffsets, topics } = this.#options;
    const noted = await this.#noted();
    const committed = committedCheckpoint(job, noted);
    this.#isMarked = committed !== null;
    const offsets = this.#offsetsOf(restored?.positions ?? {});
    if (restored !== null && committed === restored.id && !acceptsMovedOffsets) {
      const moved = movedOffsets(noted, offsets);
      if (moved.length > 0) throw movedError(moved, restored.id);
    }
    await this.producer.openTopics(topics);
    if (committed === null || committed === (restored?.id ?? 0)) return;
    await this.#overwrite(noted, offsets, restored?.id ?? 0);
  }

  /** The output goes on from another checkpoint than its notes say: from now on they say this one. */
  async #overwrite(
    noted: readonly NotedOffset[],
    offsets: readonly PartitionOffset[],
    id: number,
  ): Promise<void> {
    const known = new Set(offsets.map(({ topic, partition }) => `${topic}-${partition}`));
    const others = markedOffsets(this.#options.job, noted)
      .filter(({ topic, partition }) => !known.has(`${topic}-${partition}`))
      .map(({ group, topic, partition, offset }) => ({
        ...{ group, topic, partition, offset },
        leaderEpoch: -1,
      }));
    await this.#guarded(async () => {
      await this.#addOffsets([...offsets, ...others], id);
      await this.#end(true, `note that the job goes on from checkpoint ${id}`);
    });
  }

  /** The one that is open is aborted by the broker, and whoever else wrote is shut out. */
  async #renew(): Promise<void> {
    const { calls, timeoutMs } = this.#options;
    this.#producer?.fail(new MillraceError('MR_KAFKA_FAILED', 'the job goes back'));
    this.#forget();
    this.#isFirst = true;
    const producer = new KafkaProducer({
      calls,
      transactionalId: this.transactionalId,
      transactionTimeoutMs: timeoutMs,
      beforeSend: (queues) => this.#guarded(() => this.#addPartitions(queues)),
      explain: (error) => this.#explained(error),
    });
    try {
      await producer.start();
    } catch (error) {
      throw isTimeoutRefused(error) ? await timeoutError(calls, timeoutMs, error) : error;
    }
    this.#producer = producer;
  }

  #forget(): void {
    this.#partitions.clear();
    this.#groups.clear();
    this.#beganMs = null;
    this.#preparedId = null;
  }

  #noted(): Promise<readonly NotedOffset[]> {
    const { calls, readTopics, noteAt } = this.#options;
    return readOffsets(calls, readTopics.length === 0 ? [noteAt] : readTopics);
  }

  #offsetsOf(positions: SourcePositions): readonly PartitionOffset[] {
    const { readTopics, noteAt } = this.#options;
    if (readTopics.length > 0) return partitionOffsets(readTopics, positions);
    return [{ ...noteAt, partition: 0, offset: 0n, leaderEpoch: -1 }];
  }

  #begin(): void {
    this.#beganMs ??= this.#options.calls.clock.monotonicMs();
  }

  async #addPartitions(queues: readonly PartitionQueue[]): Promise<void> {
    const added = queues.filter((queue) => !this.#partitions.has(queue));
    if (added.length === 0) return;
    this.#begin();
    const topics = [...Map.groupBy(added, ({ topic }) => topic)].map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition }) => partition),
    }));
    const { api } = this.#options.calls.client.addPartitionsToTxnV3;
    const transaction = { transactionalId: this.transactionalId, ...this.producer.identity };
    const asked = [{ ...transaction, verifyOnly: false, topics }];
    await this.#ask('add partitions to the transaction', (connection) =>
      api.async(connection, asked as never),
    );
    for (const queue of added) this.#partitions.add(queue);
  }

  async #addOffsets(offsets: readonly PartitionOffset[], id: number): Promise<void> {
    const { calls, job } = this.#options;
    const { producerId, producerEpoch } = this.producer.identity;
    const { addOffsetsToTxnV3, txnOffsetCommitV3 } = calls.client;
    for (const { group, topics } of groupOffsets(offsets, markText(job, id))) {
      if (!this.#groups.has(group)) {
        this.#begin();
        await this.#ask(`add group ${group} to the transaction`, (connection) =>
          addOffsetsToTxnV3.api.async(
            connection,
            this.transactionalId,
            producerId,
            producerEpoch,
            group,
          ),
        );
        this.#groups.add(group);
      }
      await calls.onCoordinator(
        { kind: 'group', key: group },
        `note the offsets of group ${group}`,
        (connection) =>
          txnOffsetCommitV3.api.async(
            connection,
            ...([this.transactionalId, group, producerId, producerEpoch] as const),
            ...([-1, '', null, topics as never] as const),
          ),
      );
    }
  }

  async #end(isCommitted: boolean, what: string): Promise<void> {
    if (this.#beganMs === null) return;
    const { producerId, producerEpoch } = this.producer.identity;
    const { api } = this.#options.calls.client.endTxnV3;
    await this.#ask(what, (connection) =>
      api.async(connection, this.transactionalId, producerId, producerEpoch, isCommitted),
    );
    this.#forget();
  }

  #ask<T>(what: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
    const { calls } = this.#options;
    return calls.onCoordinator({ kind: 'transaction', key: this.transactionalId }, what, ask);
  }

  async #guarded(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const explained = this.#explained(error);
      this.producer.fail(explained);
      throw explained;
    }
  }

  /** Brokers say the same of a transaction that took too long and of a process that was replaced. */
  #explained(error: unknown): MillraceError {
    const { calls, timeoutMs } = this.#options;
    const failure = calls.error(error, 'write in a transaction');
    if (failure.code !== 'MR_KAFKA_FENCED' || this.#beganMs === null) return failure;
    const openMs = calls.clock.monotonicMs() - this.#beganMs;
    if (openMs < timeoutMs) return failure;
    const message = `the transaction was open for ${Math.round(openMs / 1000)} s: the broker aborted it after ${timeoutMs / 1000} s`;
    return new MillraceError('MR_KAFKA_TRANSACTION_LOST', message, {
      fix: 'see why no checkpoint was completed for so long; the job goes back to its last one',
      cause: failure,
    });
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    if (producer === null) return;
    const isFenced = producer.failure?.code === 'MR_KAFKA_FENCED';
    producer.fail(new MillraceError('MR_KAFKA_FAILED', 'the job has ended'));
    if (this.#beganMs === null || isFenced) return;
    // Readers would wait for its end until the broker gives it up.
    await producer.idle();
    await this.#end(false, 'abort the transaction').catch(() => undefined);
  }
}

/** Brokers know the job's writer as this. */
export function transactionalIdOf(job: string): string {
  return `millrace-${job}`;
}

function movedError(moved: readonly string[], id: number): MillraceError {
  const message = `somebody has moved offsets since checkpoint ${id}: ${moved.join(', ')}`;
  return new MillraceError('MR_KAFKA_OFFSETS_MOVED', message, {
    fix: 'run with --accept-duplicates to go on from the checkpoint and put the offsets back, or with --fresh-state to begin anew where the stream’s `start` says',
  });
}
