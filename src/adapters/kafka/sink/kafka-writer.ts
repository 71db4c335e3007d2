// What a job writes to one cluster with one guarantee: rows of views, dead letters, late records, and
// the offsets of the streams that it reads there. Exactly-once: all in one transaction a checkpoint.
// At-least-once: sent at once, acknowledged before a checkpoint is complete. At-most-once: sent when a
// checkpoint is complete, and never again.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { EpochSink } from '../../../ports/epoch-sink.ts';
import type { RowValues } from '../../../ports/row-values.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { VectorSink } from '../../../ports/vector-sink.ts';
import type { KafkaAccess } from '../client/kafka-access.ts';
import { KafkaCluster } from '../client/kafka-cluster.ts';
import { loadClient } from '../client/load-client.ts';
import { ClusterCalls } from './cluster-calls.ts';
import type { ReadTopic } from './group-offsets.ts';
import type { AppendedRecord, KafkaProducer } from './kafka-producer.ts';
import { KafkaTransactions } from './kafka-transactions.ts';
import { type Delivery, PlainEpochs } from './plain-epochs.ts';
import { RowEncoder } from './row-encoder.ts';
import { ensureTopic } from './side-topics.ts';

export interface KafkaWriterOptions {
  readonly access: KafkaAccess;
  /** Its name in manifests: no other sink of the job has it. */
  readonly name: string;
  readonly job: string;
  readonly delivery: Delivery;
  readonly outputs: readonly KafkaViewOutput[];
  /** Streams that are read from this cluster: their offsets are committed by this writer. */
  readonly readTopics: readonly ReadTopic[];
  /** Of a job with checkpoints. */
  readonly epochs: KafkaEpochOptions | null;
  readonly clock: Clock;
  readonly report: (message: string) => void;
}

export interface KafkaEpochOptions {
  /** Interval and timeout of checkpoints and a minute. */
  readonly transactionTimeoutMs: number;
  readonly acceptsMovedOffsets: boolean;
}

export interface KafkaViewOutput {
  readonly view: StoredView;
  readonly topic: string;
  /** Writes the values of its records; null or absent: they are JSON. */
  readonly values?: RowValues | null;
}

interface OpenOutput {
  readonly topic: string;
  readonly encoder: RowEncoder;
}

/** Opened by `openKafkaWriter`; the job closes it. */
export class KafkaWriter implements VectorSink {
  readonly #options: KafkaWriterOptions;
  readonly #calls: ClusterCalls;
  readonly #closing: AbortController;
  readonly #cluster: KafkaCluster;
  readonly #outputs: ReadonlyMap<string, readonly OpenOutput[]>;
  readonly #transactions: KafkaTransactions | null;
  readonly #plain: PlainEpochs | null;

  constructor(options: KafkaWriterOptions, cluster: KafkaCluster) {
    const { clock, outputs, delivery } = options;
    this.#options = options;
    this.#cluster = cluster;
    this.#closing = new AbortController();
    this.#calls = new ClusterCalls({ cluster, clock, signal: this.#closing.signal });
    const open = outputs.map(({ view, topic, values = null }) => {
      return { view, topic, encoder: new RowEncoder(view, values) };
    });
    this.#outputs = Map.groupBy(open, ({ view }) => view.view);
    const isTransactional = delivery === 'exactly-once';
    this.#transactions = isTransactional ? this.#newTransactions() : null;
    this.#plain = isTransactional ? null : this.#newPlain(delivery);
  }

  #newTransactions(): KafkaTransactions {
    const { epochs, job, name, readTopics, outputs } = this.#options;
    if (epochs === null) {
      throw new MillraceError('MR_CONFIG_INVALID', 'exactly-once output needs checkpoints', {
        fix: 'give the environment `checkpoints`',
      });
    }
    const topics = outputs.map(({ topic }) => topic);
    return new KafkaTransactions({
      calls: this.#calls,
      name,
      job,
      readTopics,
      noteAt: { group: job, topic: topics[0] ?? '' },
      topics,
      timeoutMs: epochs.transactionTimeoutMs,
      acceptsMovedOffsets: epochs.acceptsMovedOffsets,
    });
  }

  #newPlain(delivery: Exclude<Delivery, 'exactly-once'>): PlainEpochs {
    const { name, readTopics, outputs, report } = this.#options;
    const topics = outputs.map(({ topic }) => topic);
    return new PlainEpochs({ calls: this.#calls, name, delivery, readTopics, topics, report });
  }

  get epochs(): EpochSink {
    return (this.#transactions ?? this.#plain) as EpochSink;
  }

  get #producer(): KafkaProducer {
    return ((this.#transactions ?? this.#plain) as KafkaTransactions | PlainEpochs).producer;
  }

  get isHeldBack(): boolean {
    return this.#producer.isFull;
  }

  write(batch: VectorBatch): Promise<void> | undefined {
    const outputs = this.#outputs.get(batch.view);
    if (outputs === undefined) return undefined;
    const producer = this.#producer;
    for (const { topic, encoder } of outputs) {
      for (let row = 0; row < batch.rowCount; row++) {
        encoder.encode(batch, row);
        producer.append(topic, encoder);
      }
    }
    return producer.send();
  }

  /** A record of a side topic, which is made when there is none. */
  async writeRecord(topic: string, record: AppendedRecord): Promise<void> {
    const producer = this.#producer;
    if (!producer.isOpen(topic)) {
      await ensureTopic(this.#calls, topic, this.#options.report);
      await producer.openTopics([topic]);
    }
    producer.append(topic, record);
    await producer.send();
  }

  /** Without checkpoints: before anything is written. */
  async begin(): Promise<void> {
    if (this.#options.epochs === null) await this.epochs.recover(null);
  }

  async flush(): Promise<void> {
    if (this.#transactions !== null) return;
    const producer = this.#producer;
    producer.cut();
    await producer.allow();
  }

  async close(): Promise<void> {
    try {
      await this.#transactions?.close();
      await this.#plain?.close();
    } finally {
      this.#closing.abort();
      await this.#cluster.close();
    }
  }
}

/**
 * Opens what a job writes to a cluster. **Shape**: rows as JSON, key first (`row-encoder.ts`), partition
 * by murmur2 of the key as Java's producer, timestamp `as_of`. **Guarantee**: as `delivery` says.
 * **Errors**: MR_CONFIG_INVALID without the client library; MR_KAFKA_* from `recover` on.
 */
export async function openKafkaWriter(options: KafkaWriterOptions): Promise<KafkaWriter> {
  const client = await loadClient();
  const cluster = new KafkaCluster(client, options.access, `millrace-${options.job}`);
  const writer = new KafkaWriter(options, cluster);
  try {
    await writer.begin();
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}
