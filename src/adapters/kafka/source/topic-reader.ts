// Keeps a topic's partitions being read: a fetch loop for each broker that leads some, new leaders
// found when old ones are gone, new partitions found by asking now and then. What may pass is waited
// for, as long as it takes; what cannot pass ends the split that it concerns, with the reason.
import type { Clock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { KafkaCluster, TopicView } from '../client/kafka-cluster.ts';
import { kafkaError } from '../client/kafka-error.ts';
import type { FetchedPartition } from './fetch-call.ts';
import { FetchLoop } from './fetch-loop.ts';
import type { PartitionSplit } from './partition-split.ts';

export interface TopicReaderOptions {
  readonly topic: string;
  readonly cluster: KafkaCluster;
  readonly clock: Clock;
  readonly isCommitted: boolean;
  readonly discoverIntervalMs: number;
  /** Told what people should know. */
  readonly report: (message: string) => void;
  /** A partition that was not there before; the reader goes on with its split. */
  readonly onPartition: (partition: number, topicId: string) => PartitionSplit;
  /** The position of a split is not in the log: where to go on, or an error. */
  readonly onOutOfRange: (split: PartitionSplit, signal: AbortSignal) => Promise<number>;
}

const firstPauseMs = 50;
const longestPauseMs = 1000;
/** A topic that is not there for this long was deleted. */
const goneAfterMs = 3000;

export class TopicReader {
  readonly #options: TopicReaderOptions;
  readonly #splits: PartitionSplit[] = [];
  readonly #loops = new Map<number, FetchLoop>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #isLooking = false;
  #mustLookAgain = false;
  #trouble: string | null = null;
  #goneSinceMs: number | null = null;

  constructor(options: TopicReaderOptions) {
    this.#options = options;
  }

  /** Begins to fetch for these splits, as the cluster said. */
  start(splits: readonly PartitionSplit[], view: TopicView): void {
    this.#splits.push(...splits);
    this.#assign(view);
    if (Number.isFinite(this.#options.discoverIntervalMs)) this.#keep(this.#discover());
  }

  /** A split has room again. */
  wake(split: PartitionSplit): void {
    this.#loops.get(split.leader)?.wake();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    for (const loop of this.#loops.values()) loop.stop();
    await this.#options.cluster.close();
    await Promise.all(this.#running);
  }

  /** The reader fails every split when one of its own tasks does. */
  #keep(task: Promise<void>): void {
    const kept: Promise<void> = task
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#running.delete(kept));
    this.#running.add(kept);
  }

  #fail(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    for (const split of this.#splits) split.fail(error);
  }

  /** Now and then asks for partitions that are new. */
  async #discover(): Promise<void> {
    const { clock, discoverIntervalMs } = this.#options;
    const { signal } = this.#abort;
    for (;;) {
      await clock.sleep(discoverIntervalMs, signal);
      if (signal.aborted) return;
      this.#look();
    }
  }

  /** Asks the cluster who leads what, now; again when something changes meanwhile. */
  #look(): void {
    if (this.#isLooking) {
      this.#mustLookAgain = true;
      return;
    }
    this.#isLooking = true;
    this.#keep(this.#lookUntilKnown().finally(() => (this.#isLooking = false)));
  }

  async #lookUntilKnown(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    for (let pauseMs = firstPauseMs; !signal.aborted; ) {
      this.#mustLookAgain = false;
      const isKnown = await this.#lookOnce();
      if (isKnown && !this.#mustLookAgain) return;
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  /** True when every partition has a leader. */
  async #lookOnce(): Promise<boolean> {
    const { cluster, topic, clock } = this.#options;
    try {
      const { topics } = await cluster.metadata([topic]);
      const view = topics[0];
      if (view === undefined || view.errorCode !== 0) return this.#withoutTopic(view);
      this.#goneSinceMs = null;
      if (this.#splits.some(({ topicId }) => topicId !== view.id)) throw recreated(topic);
      return this.#assign(view);
    } catch (error) {
      const known = kafkaError(error, this.#attempt);
      if (known.retry !== 'backoff') throw known;
      this.#inTrouble(`${known.message}; trying again`);
      return false;
    } finally {
      if (this.#goneSinceMs !== null && clock.monotonicMs() - this.#goneSinceMs > goneAfterMs) {
        this.#fail(gone(topic));
      }
    }
  }

  #withoutTopic(view: TopicView | undefined): boolean {
    const { cluster, clock } = this.#options;
    const code = view?.errorCode ?? 0;
    const error = kafkaError(new cluster.client.ProtocolError(code), this.#attempt);
    if (error.code === 'MR_KAFKA_TOPIC_UNKNOWN') this.#goneSinceMs ??= clock.monotonicMs();
    else if (error.retry !== 'backoff') throw error;
    return false;
  }

  get #attempt(): { readonly what: string; readonly brokers: readonly string[] } {
    const { topic, cluster } = this.#options;
    return { what: `read topic ${topic}`, brokers: cluster.access.brokers };
  }

  #assign(view: TopicView): boolean {
    for (const { partition } of view.partitions) {
      if (this.#splits.some((split) => split.partition === partition)) continue;
      this.#splits.push(this.#options.onPartition(partition, view.id));
    }
    let isKnown = true;
    for (const split of this.#splits) {
      const { leader = -1, leaderEpoch = -1 } = view.partitions[split.partition] ?? {};
      // What the cluster says may be older than what we know already.
      if (leaderEpoch < split.leaderEpoch) isKnown = false;
      else {
        split.leader = leader;
        split.leaderEpoch = leaderEpoch;
      }
      isKnown &&= split.leader >= 0;
    }
    for (const { leader } of this.#splits) if (leader >= 0) this.#fetchFrom(leader);
    return isKnown;
  }

  #fetchFrom(node: number): void {
    const running = this.#loops.get(node);
    if (running !== undefined) return running.wake();
    if (this.#abort.signal.aborted) return;
    const { cluster, isCommitted } = this.#options;
    const loop = new FetchLoop({
      node,
      cluster,
      isCommitted,
      splits: () => this.#splits.filter((split) => split.leader === node),
      onRefused: (split, fetched) => this.#refused(split, fetched),
      onAnswer: () => this.#wentWell(),
    });
    this.#loops.set(node, loop);
    this.#keep(this.#run(node, loop));
  }

  /** A loop that fails leaves its partitions without a leader until the cluster names one. */
  async #run(node: number, loop: FetchLoop): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    try {
      await loop.run();
    } catch (error) {
      if (signal.aborted) return;
      const known = kafkaError(error, this.#attempt);
      if (known.retry !== 'backoff') throw known;
      this.#inTrouble(`${known.message}; trying again`);
      for (const split of this.#splits) if (split.leader === node) split.leader = -1;
      await clock.sleep(firstPauseMs, signal);
    } finally {
      this.#loops.delete(node);
    }
    this.#look();
  }

  #refused(split: PartitionSplit, { errorCode }: FetchedPartition): void {
    const { cluster } = this.#options;
    split.leader = -1;
    const name = cluster.client.protocolErrorsCodesById[errorCode as 0] as string | undefined;
    if (name === 'OFFSET_OUT_OF_RANGE') return this.#keep(this.#backIntoRange(split));
    const isStale = ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID'].includes(name ?? '');
    const error = kafkaError(new cluster.client.ProtocolError(errorCode), this.#attempt);
    if (error.retry === 'backoff' || isStale) this.#keep(this.#lookSoon());
    else split.fail(error);
  }

  /** Who leads may not have come around yet. */
  async #lookSoon(): Promise<void> {
    await this.#options.clock.sleep(firstPauseMs, this.#abort.signal);
    if (!this.#abort.signal.aborted) this.#look();
  }

  async #backIntoRange(split: PartitionSplit): Promise<void> {
    split.isParked = true;
    try {
      split.jump(await this.#options.onOutOfRange(split, this.#abort.signal));
      split.isParked = false;
      this.#look();
    } catch (error) {
      split.fail(error);
    }
  }

  #inTrouble(message: string): void {
    if (this.#trouble === null) this.#options.report(message);
    this.#trouble = message;
  }

  #wentWell(): void {
    if (this.#trouble !== null) this.#options.report(`topic ${this.#options.topic} is read again`);
    this.#trouble = null;
  }
}

function recreated(topic: string): MillraceError {
  const message = `topic ${topic} was deleted and created again: its offsets are of other records now`;
  return new MillraceError('MR_KAFKA_TOPIC_RECREATED', message, {
    fix: 'begin anew with --fresh-state if the new topic is meant to be read',
  });
}

function gone(topic: string): MillraceError {
  return new MillraceError('MR_KAFKA_TOPIC_UNKNOWN', `topic ${topic} does not exist any more`, {
    fix: 'create it and begin anew, or take the stream out of the environment',
  });
}
