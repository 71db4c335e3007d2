// Sends records to the brokers of one cluster, each once and in order per partition: every batch keeps
// its number until it was acknowledged, so that what is sent again is recognised. With a transactional
// id its batches belong to transactions that `KafkaTransactions` ends. After a failure nothing more is
// sent: whoever uses it makes a new one.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { Connection } from '@platformatic/kafka';
import type { ClusterView } from '../client/kafka-cluster.ts';
import type { ClusterCalls } from './cluster-calls.ts';
import { sendBatches, type SendOutcome } from './produce-request.ts';
import type { ByteRange, RecordHeader } from './record-batch.ts';
import { type PartitionQueue, TopicBatches } from './topic-batches.ts';

export interface ProducerOptions {
  readonly calls: ClusterCalls;
  /** Null: no transactions. */
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  /** Called before batches go to partitions, with those partitions. */
  readonly beforeSend?: (queues: readonly PartitionQueue[]) => Promise<void>;
  /** A failure in words for people; default: what the broker said. */
  readonly explain?: (error: unknown) => MillraceError;
}

/** A record as it is appended: its bytes are copied. */
export interface AppendedRecord {
  readonly key: ByteRange;
  readonly value: ByteRange;
  readonly timestampMs: number;
  readonly headers: readonly RecordHeader[];
}

/** Whom the brokers know a producer as. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Whoever writes waits above this many bytes on their way, until half of them are acknowledged. */
const pendingBytesMax = 32 * 2 ** 20;
/** Held back bytes above which no more is wanted. */
const heldBytesMax = 64 * 2 ** 20;
const requestBytesMax = 8 * 2 ** 20;
const pauseMs = 20;
const idleMsMax = 5000;

export class KafkaProducer {
  /** Bytes that were appended and not acknowledged. */
  byteCount = 0;
  recordCount = 0;
  readonly #options: ProducerOptions;
  readonly #topics = new Map<string, TopicBatches>();
  readonly #busy = new Set<number>();
  readonly #inFlight = new Set<PartitionQueue>();
  #identity: ProducerIdentity | null = null;
  readonly #leaders = new Map<PartitionQueue, number>();
  #isHeld = false;
  #failure: MillraceError | null = null;
  /** Since when a request fails again and again; null while all is well. */
  #failingSinceMs: number | null = null;
  #acknowledged: PromiseWithResolvers<void>[] = [];
  #relieved: PromiseWithResolvers<void> | null = null;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** The number by which brokers know it. With a transactional id all earlier ones are shut out. */
  async start(): Promise<void> {
    const { calls, transactionalId, transactionTimeoutMs } = this.#options;
    const { api } = calls.client.initProducerIdV4;
    const ask = async (connection: Connection): Promise<ProducerIdentity> => {
      const given = await api.async(connection, transactionalId, transactionTimeoutMs, -1n, -1);
      return { producerId: given.producerId, producerEpoch: given.producerEpoch };
    };
    const what = `become the producer ${transactionalId ?? 'of this process'}`;
    this.#identity =
      transactionalId === null
        ? await calls.onAny(what, ask)
        : await calls.onCoordinator({ kind: 'transaction', key: transactionalId }, what, ask);
  }

  get identity(): ProducerIdentity {
    if (this.#identity !== null) return this.#identity;
    throw new MillraceError('MR_INTERNAL', 'a producer is used before it was started');
  }

  get failure(): MillraceError | null {
    return this.#failure;
  }

  /** Reads how many partitions topics have; before anything is appended to them. */
  async openTopics(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.#topics.has(topic));
    if (unknown.length === 0) return;
    const metadata = await this.#options.calls.metadata(unknown);
    for (const { name, partitions } of metadata.topics) {
      this.#topics.set(name, new TopicBatches(name, partitions.length));
    }
    this.#noteLeaders(metadata);
  }

  async #findLeaders(): Promise<void> {
    this.#noteLeaders(await this.#options.calls.metadata([...this.#topics.keys()]));
  }

  #noteLeaders({ topics }: ClusterView): void {
    for (const { name, partitions } of topics) {
      for (const { partition, leader } of partitions) {
        const queue = this.#topics.get(name)?.partitions[partition];
        if (queue !== undefined && leader >= 0) this.#leaders.set(queue, leader);
      }
    }
  }

  isOpen(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** Copies a record; it is sent when `send` is called. Its topic was opened. */
  append(topic: string, { key, value, timestampMs, headers }: AppendedRecord): void {
    const batches = this.#topics.get(topic);
    if (batches === undefined) throw new MillraceError('MR_INTERNAL', `${topic} is not open`);
    this.byteCount += batches.append(key, value, timestampMs, headers);
    this.recordCount += 1;
  }

  /** Sends what may be sent; a promise when whoever writes should wait. */
  send(): Promise<void> | undefined {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#pump();
    if (this.#isHeld || this.byteCount < pendingBytesMax) return undefined;
    this.#relieved ??= Promise.withResolvers();
    return this.#relieved.promise;
  }

  /** From now on nothing is sent but what `allow` lets through. */
  hold(): void {
    this.#isHeld = true;
  }

  get isFull(): boolean {
    return this.#isHeld && this.byteCount > heldBytesMax;
  }

  /** What was appended so far is one piece, for `allow`. */
  cut(): void {
    for (const queue of this.#queues()) queue.cut();
  }

  /** Sends what was appended before the last cut; resolves once all of it is acknowledged. */
  async allow(): Promise<void> {
    for (const queue of this.#queues()) queue.allowedCount = queue.cutCount;
    if (this.#failure !== null) throw this.#failure;
    if (!this.#hasCut()) return;
    const acknowledged = Promise.withResolvers<void>();
    this.#acknowledged.push(acknowledged);
    this.#pump();
    await acknowledged.promise;
  }

  /** What was held back may be sent. */
  release(): void {
    this.#isHeld = false;
    if (this.#failure === null) this.#pump();
  }

  /** Nothing more is sent; everybody who waits hears of it. */
  fail(error: MillraceError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    for (const waiting of [...this.#acknowledged, ...(this.#relieved ? [this.#relieved] : [])]) {
      waiting.promise.catch(() => undefined);
      waiting.reject(error);
    }
    this.#acknowledged = [];
    this.#relieved = null;
  }

  /** Until no request is on its way; not for long. */
  async idle(): Promise<void> {
    const { clock } = this.#options.calls;
    const startMs = clock.monotonicMs();
    while (this.#busy.size > 0 && clock.monotonicMs() - startMs < idleMsMax) await clock.sleep(5);
  }

  *#queues(): Iterable<PartitionQueue> {
    for (const { partitions } of this.#topics.values()) yield* partitions;
  }

  #hasCut(): boolean {
    for (const queue of this.#queues()) if (queue.cutCount > 0) return true;
    return false;
  }

  /** One request per broker at a time, with the oldest batch of each of its partitions. */
  #pump(): void {
    const ready = new Map<number, PartitionQueue[]>();
    for (const queue of this.#queues()) {
      const leader = this.#leaders.get(queue) ?? -1;
      if (this.#busy.has(leader) || this.#inFlight.has(queue)) continue;
      if (queue.next(this.#isHeld) === null) continue;
      const ofLeader = ready.get(leader);
      if (ofLeader === undefined) ready.set(leader, [queue]);
      else ofLeader.push(queue);
    }
    for (const [leader, queues] of ready) void this.#sendTo(leader, queues);
  }

  async #sendTo(leader: number, ready: readonly PartitionQueue[]): Promise<void> {
    const queues = this.#withinLimit(ready);
    this.#busy.add(leader);
    for (const queue of queues) this.#inFlight.add(queue);
    try {
      await this.#options.beforeSend?.(queues);
      const { calls, transactionalId } = this.#options;
      const sender = { ...this.identity, transactionalId };
      const outcomes = await sendBatches({ calls, leader, queues, isHeld: this.#isHeld, sender });
      await this.#take(queues, outcomes);
    } catch (error) {
      const { calls, explain } = this.#options;
      this.fail(explain?.(error) ?? calls.error(error, 'send records'));
    } finally {
      this.#busy.delete(leader);
      for (const queue of queues) this.#inFlight.delete(queue);
    }
    if (this.#failure === null) this.#pump();
  }

  #withinLimit(queues: readonly PartitionQueue[]): readonly PartitionQueue[] {
    let bytes = 0;
    return queues.filter((queue, i) => {
      bytes += queue.next(this.#isHeld)?.byteCount ?? 0;
      return i === 0 || bytes <= requestBytesMax;
    });
  }

  async #take(queues: readonly PartitionQueue[], outcomes: readonly SendOutcome[]): Promise<void> {
    let isAgain = false;
    for (const [i, queue] of queues.entries()) {
      const outcome = outcomes[i] as SendOutcome;
      if (outcome.kind === 'failed') throw outcome.error;
      if (outcome.kind === 'again') {
        isAgain = true;
        this.#checkPatience(outcome.error);
      } else {
        this.byteCount -= queue.batches[0]?.byteCount ?? 0;
        queue.acknowledge();
      }
    }
    if (isAgain) {
      await this.#options.calls.clock.sleep(pauseMs);
      await this.#findLeaders();
      return;
    }
    this.#failingSinceMs = null;
    this.#tell();
  }

  #checkPatience(error: unknown): void {
    const { calls } = this.#options;
    const nowMs = calls.clock.monotonicMs();
    this.#failingSinceMs ??= nowMs;
    if (calls.isClosing || nowMs - this.#failingSinceMs > deliveryMs) throw error;
  }

  #tell(): void {
    if (this.#acknowledged.length > 0 && !this.#hasCut()) {
      for (const { resolve } of this.#acknowledged) resolve();
      this.#acknowledged = [];
    }
    if (this.#relieved !== null && this.byteCount < pendingBytesMax / 2) {
      this.#relieved.resolve();
      this.#relieved = null;
    }
  }
}

/** A batch that no broker takes for this long fails the job. */
const deliveryMs = 120_000;
