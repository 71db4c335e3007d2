// Opens a topic for reading: its partitions, where each begins, a decoder for each. What can be found
// wrong before the first record is found here, and leaves nothing open.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { suggestName } from '../../../kernel/nearest-name.ts';
import type { MessageDecoder } from '../../../ports/format.ts';
import type { SourceContext, SourceSplit } from '../../../ports/source.ts';
import { KafkaCluster, type TopicView } from '../client/kafka-cluster.ts';
import { kafkaError } from '../client/kafka-error.ts';
import { type KafkaClient, loadClient } from '../client/load-client.ts';
import { tryAgain } from '../client/try-again.ts';
import { type KafkaOptions, type ResolvedReading, resolveReading } from '../kafka-options.ts';
import { createMessageDecoder } from './message-decoder.ts';
import { earliestTime, latestTime, type OffsetAt, offsetsAt } from './partition-offsets.ts';
import { type KafkaPosition, PartitionSplit } from './partition-split.ts';
import { RecordSet, type Unpack } from './record-set.ts';
import { startOffsets } from './start-offsets.ts';
import { TopicReader } from './topic-reader.ts';

/** A broker that is about to come up is waited for. */
const openForMs = 10_000;
/** A topic that was created a moment ago may not be known everywhere. */
const unknownForMs = 1000;

/** The partitions of a topic as splits, and what keeps them being read. */
export async function openTopic(
  options: KafkaOptions,
  context: SourceContext,
): Promise<readonly SourceSplit[]> {
  const client = await loadClient();
  const cluster = new KafkaCluster(client, options, `millrace-${context.stream}`);
  try {
    return await new OpenTopic(options, context, cluster).open();
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

class OpenTopic {
  readonly #options: KafkaOptions;
  readonly #context: SourceContext;
  readonly #cluster: KafkaCluster;
  readonly #reading: ResolvedReading;
  readonly #unpack: Unpack;
  readonly #open = new Set<PartitionSplit>();
  readonly #reader: TopicReader;

  constructor(options: KafkaOptions, context: SourceContext, cluster: KafkaCluster) {
    this.#options = options;
    this.#context = context;
    this.#cluster = cluster;
    this.#reading = resolveReading(options);
    this.#unpack = unpackWith(cluster.client);
    const { isCommitted, discoverIntervalMs } = this.#reading;
    this.#reader = new TopicReader({
      topic: options.topic,
      cluster,
      clock: context.clock,
      isCommitted,
      discoverIntervalMs: this.#reading.isBounded ? Number.POSITIVE_INFINITY : discoverIntervalMs,
      report: (message) => context.report?.(message),
      onPartition: (partition, topicId) => this.#discovered(partition, topicId),
      onOutOfRange: (split, signal) => this.#backIntoRange(split, signal),
    });
  }

  async open(): Promise<readonly SourceSplit[]> {
    const { clock, signal, startAt } = this.#context;
    const again = { clock, signal, forMs: openForMs };
    const view = await tryAgain(() => this.#look(), again);
    for (const [id, position] of startAt) this.#checkPosition(id, position as KafkaPosition, view);
    if (startAt.size === 0) await this.#decoder().open?.();
    const starts = await tryAgain(() => this.#starts(view), again);
    const ends = await tryAgain(() => this.#ends(view), again);
    const splits = view.partitions.map(({ partition }) => {
      const start = starts.get(partition) ?? { offset: 0, leaderEpoch: -1 };
      return this.#split({
        partition,
        topicId: view.id,
        start,
        until: ends?.get(partition) ?? null,
      });
    });
    this.#reader.start(splits, view);
    return splits;
  }

  /** The topic with a leader for each partition. */
  async #look(): Promise<TopicView> {
    const { topic } = this.#options;
    const { clock, signal } = this.#context;
    const startMs = clock.monotonicMs();
    for (;;) {
      const { topics } = await this.#cluster.metadata([topic]);
      const view = topics[0];
      if (view?.errorCode === 0) {
        if (view.partitions.every(({ leader }) => leader >= 0)) return view;
        throw new MillraceError(
          'MR_KAFKA_FAILED',
          `topic ${topic} has a partition without a leader`,
        );
      }
      const error = this.#errorOf(view?.errorCode ?? 3);
      if (error.code !== 'MR_KAFKA_TOPIC_UNKNOWN') throw error;
      if (clock.monotonicMs() - startMs > unknownForMs) throw await this.#unknownTopic();
      await clock.sleep(200, signal);
    }
  }

  #errorOf(errorCode: number): MillraceError {
    const { client, access } = this.#cluster;
    const what = `read topic ${this.#options.topic}`;
    return kafkaError(new client.ProtocolError(errorCode), { what, brokers: access.brokers });
  }

  async #unknownTopic(): Promise<MillraceError> {
    const { topic } = this.#options;
    const { topics } = await this.#cluster.metadata(null);
    const names = topics.map(({ name }) => name).filter((name) => !name.startsWith('__'));
    const message = `there is no topic ${topic} at ${this.#options.brokers.join(', ')}`;
    const fix = names.length === 0 ? 'create it' : suggestName(topic, names);
    return new MillraceError('MR_KAFKA_TOPIC_UNKNOWN', message, { context: { topic }, fix });
  }

  #checkPosition(id: string, position: KafkaPosition, view: TopicView): void {
    const { topic } = this.#options;
    const isOurs = view.partitions.some(({ partition }) => `${topic}-${partition}` === id);
    if (isOurs && position.topicId === view.id) return;
    const message = isOurs
      ? `topic ${topic} was deleted and created again since the position of ${id} was taken`
      : `the checkpoint has a position of ${id}, which topic ${topic} does not have`;
    throw new MillraceError(isOurs ? 'MR_KAFKA_TOPIC_RECREATED' : 'MR_SOURCE_POSITION', message, {
      context: { split: id },
      fix: 'begin anew with --fresh-state if that is meant',
    });
  }

  /** Partitions of a job that goes on and that it did not have begin at their beginning. */
  async #starts(view: TopicView): Promise<ReadonlyMap<number, OffsetAt>> {
    const { startAt, group = null } = this.#context;
    const { topic } = this.#options;
    const { isCommitted } = this.#reading;
    const start = startAt.size === 0 ? this.#reading.start : 'earliest';
    const question = { topic, partitions: view.partitions, isCommitted };
    const chosenGroup = this.#options.group ?? group;
    const found = await startOffsets(this.#cluster, { ...question, start, group: chosenGroup });
    for (const { partition } of view.partitions) {
      const saved = startAt.get(`${topic}-${partition}`) as KafkaPosition | undefined;
      if (saved !== undefined) found.set(partition, saved);
    }
    return found;
  }

  async #ends(view: TopicView): Promise<ReadonlyMap<number, number> | null> {
    if (!this.#reading.isBounded) return null;
    const { partitions } = view;
    const { topic } = this.#options;
    const { isCommitted } = this.#reading;
    const question = { topic, partitions, timestamp: latestTime, isCommitted };
    const ends = await offsetsAt(this.#cluster, question);
    return new Map([...ends].map(([partition, { offset }]) => [partition, offset]));
  }

  #decoder(): MessageDecoder {
    return createMessageDecoder(this.#options, this.#context);
  }

  #split(given: {
    readonly partition: number;
    readonly topicId: string;
    readonly start: OffsetAt;
    readonly until: number | null;
  }): PartitionSplit {
    const { topic } = this.#options;
    const split: PartitionSplit = new PartitionSplit({
      ...given,
      topic,
      decoder: this.#decoder(),
      records: new RecordSet(`${topic}-${given.partition}`, this.#unpack),
      onRoom: () => this.#reader.wake(split),
      onClose: () => this.#closed(split),
    });
    this.#open.add(split);
    return split;
  }

  /** Connections end with the last split. */
  async #closed(split: PartitionSplit): Promise<void> {
    this.#open.delete(split);
    if (this.#open.size === 0) await this.#reader.close();
  }

  /** A partition that was not there before: from its beginning, nothing of it is lost. */
  #discovered(partition: number, topicId: string): PartitionSplit {
    const start = { offset: 0, leaderEpoch: -1 };
    const split = this.#split({ partition, topicId, start, until: null });
    this.#context.report?.(`topic ${this.#options.topic} has a new partition: ${partition}`);
    this.#context.addSplit?.(split);
    return split;
  }

  async #backIntoRange(split: PartitionSplit, signal: AbortSignal): Promise<number> {
    const { clock } = this.#context;
    const forMs = Number.POSITIVE_INFINITY;
    const { first, end } = await tryAgain(() => this.#rangeOf(split), { clock, signal, forMs });
    const at = split.fetchOffset;
    if (at >= first && at <= end) return at;
    const { onOutOfRange } = this.#reading;
    const lost = at < first ? first - at : 0;
    const what =
      at < first
        ? `${lost} records before offset ${first} of ${split.id} are gone`
        : `${split.id} ends at offset ${end}, before the position ${at}: the broker lost its end`;
    if (onOutOfRange === 'fail') throw outOfRange(split, what);
    const goal = at > end || onOutOfRange === 'latest' ? end : first;
    const skipped = Math.max(goal - at, 0);
    this.#context.report?.(`${what}; reading goes on at offset ${goal} (${skipped} passed over)`);
    this.#context.onSkipped?.(skipped);
    return goal;
  }

  async #rangeOf(split: PartitionSplit): Promise<{ first: number; end: number }> {
    const { partitions } = await this.#look();
    const { topic } = this.#options;
    const { isCommitted } = this.#reading;
    const own = partitions.filter(({ partition }) => partition === split.partition);
    const question = { topic, partitions: own, isCommitted };
    const [first, end] = await Promise.all(
      [earliestTime, latestTime].map((timestamp) =>
        offsetsAt(this.#cluster, { ...question, timestamp }),
      ),
    );
    const offsetIn = (found: ReadonlyMap<number, OffsetAt> | undefined): number =>
      found?.get(split.partition)?.offset ?? 0;
    return { first: offsetIn(first), end: offsetIn(end) };
  }
}

function outOfRange(split: PartitionSplit, what: string): MillraceError {
  return new MillraceError('MR_SOURCE_POSITION', what, {
    context: { split: split.id, offset: split.fetchOffset },
    fix: "go on without them with onOutOfRange: 'earliest' in kafka(…), or begin anew with --fresh-state",
  });
}

function unpackWith(client: KafkaClient): Unpack {
  return (compression, bytes) => {
    const algorithm = client.compressionsAlgorithmsByBitmask[compression];
    if (algorithm === undefined) throw new Error(`compression ${compression} is not known`);
    return algorithm.decompressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  };
}
