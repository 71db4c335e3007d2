// Output without transactions. At-least-once: records are sent as they come, a checkpoint waits until they
// are acknowledged; what came after it is sent again after a failure. At-most-once: records wait until
// their checkpoint is complete, and are forgotten when the job goes back. Offsets of sources are
// committed after the checkpoint, for those who watch the group: recovery does not read them.
import type { JsonValue } from '../../../kernel/json-value.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { EpochSink, SourcePositions } from '../../../ports/epoch-sink.ts';
import type { ClusterCalls } from './cluster-calls.ts';
import { commitOffsets, partitionOffsets, type ReadTopic } from './group-offsets.ts';
import { KafkaProducer } from './kafka-producer.ts';

export type Delivery = 'exactly-once' | 'at-least-once' | 'at-most-once';

export interface PlainEpochsOptions {
  readonly calls: ClusterCalls;
  readonly name: string;
  readonly delivery: Exclude<Delivery, 'exactly-once'>;
  readonly readTopics: readonly ReadTopic[];
  readonly topics: readonly string[];
  readonly report: (message: string) => void;
}

export class PlainEpochs implements EpochSink {
  readonly name: string;
  readonly #options: PlainEpochsOptions;
  #producer: KafkaProducer | null = null;
  /** Where sources go on after the checkpoint that was prepared last. */
  #positions: SourcePositions = {};

  constructor(options: PlainEpochsOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get producer(): KafkaProducer {
    if (this.#producer !== null) return this.#producer;
    throw new MillraceError('MR_INTERNAL', 'Kafka is written to before the job was recovered');
  }

  get #isAtMostOnce(): boolean {
    return this.#options.delivery === 'at-most-once';
  }

  async prepare(_id: number, positions: SourcePositions): Promise<JsonValue> {
    this.#positions = positions;
    this.producer.cut();
    if (!this.#isAtMostOnce) await this.producer.allow();
    return {};
  }

  async commit(): Promise<void> {
    if (this.#isAtMostOnce) await this.producer.allow();
    const { calls, readTopics, report } = this.#options;
    const offsets = partitionOffsets(readTopics, this.#positions);
    await commitOffsets(calls, offsets, '').catch((error: unknown) => {
      // Lag is shown wrongly until the next checkpoint: nothing that the job depends on.
      report(error instanceof Error ? error.message : String(error));
    });
  }

  async recover(): Promise<void> {
    const { calls, topics } = this.#options;
    this.#producer?.fail(new MillraceError('MR_KAFKA_FAILED', 'the job goes back'));
    const producer = new KafkaProducer({ calls, transactionalId: null, transactionTimeoutMs: 0 });
    await producer.start();
    await producer.openTopics(topics);
    if (this.#isAtMostOnce) producer.hold();
    this.#producer = producer;
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    if (producer === null) return;
    if (producer.failure === null && !this.#isAtMostOnce) {
      producer.cut();
      await producer.allow();
    }
    producer.fail(new MillraceError('MR_KAFKA_FAILED', 'the job has ended'));
  }
}
