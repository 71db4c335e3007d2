// Requests to the brokers of one cluster that are asked again, with pauses that grow, until a deadline:
// to whoever answers, or to the coordinator of a group or a transactional id, which is looked up anew
// after each failure.
import type { Connection } from '@platformatic/kafka';
import type { Clock } from '../../../kernel/clock.ts';
import { brokerCodes } from '../client/kafka-error.ts';
import type { ClusterView, KafkaCluster } from '../client/kafka-cluster.ts';
import type { KafkaClient } from '../client/load-client.ts';
import { failureKind, writeError } from './broker-failure.ts';

export interface ClusterCallsOptions {
  readonly cluster: KafkaCluster;
  readonly clock: Clock;
  /** Once it is aborted nothing is asked again. */
  readonly signal: AbortSignal;
  /** How long what may pass is asked again. Default 2 minutes. */
  readonly patienceMs?: number;
}

const pauseMinMs = 2;
const pauseMaxMs = 1000;
/** Brokers need a moment to tell each other of a new topic: longer waits mean that there is none. */
const topicPatienceMs = 5000;

const coordinatorTypes = { group: 0, transaction: 1 } as const;
export type CoordinatorKind = keyof typeof coordinatorTypes;

export class ClusterCalls {
  readonly clock: Clock;
  readonly #options: ClusterCallsOptions;
  readonly #coordinators = new Map<string, number>();

  constructor(options: ClusterCallsOptions) {
    this.clock = options.clock;
    this.#options = options;
  }

  get client(): KafkaClient {
    return this.#options.cluster.client;
  }

  get isClosing(): boolean {
    return this.#options.signal.aborted;
  }

  /** Partitions and their leaders. Throws MR_KAFKA_TOPIC_UNKNOWN and MR_KAFKA_DENIED. */
  metadata(topics: readonly string[]): Promise<ClusterView> {
    return this.retry(`read the metadata of ${topics.join(', ')}`, async () => {
      const view = await this.#options.cluster.metadata(topics);
      const failed = view.topics.find(({ errorCode }) => errorCode !== 0);
      if (failed === undefined) return view;
      throw new this.client.ProtocolError(failed.errorCode);
    });
  }

  connection(node: number): Promise<Connection> {
    return this.#options.cluster.connection(node, 'write');
  }

  /** Asks any broker until one answers. */
  onAny<T>(what: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
    const { cluster } = this.#options;
    return this.retry(what, () => cluster.askAny({ what, purpose: 'any' }, ask));
  }

  /** Asks the broker that changes topics; with KRaft every broker passes it on. */
  onController<T>(what: string, ask: (connection: Connection) => Promise<T>): Promise<T> {
    return this.onAny(what, ask);
  }

  /** Asks the coordinator of a group or transactional id until it answers. */
  onCoordinator<T>(
    coordinator: { readonly kind: CoordinatorKind; readonly key: string },
    what: string,
    ask: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const { kind, key } = coordinator;
    return this.retry(what, async () => {
      try {
        const node = await this.#coordinator(kind, key);
        return await ask(await this.#options.cluster.connection(node, 'coordinate'));
      } catch (error) {
        this.#coordinators.delete(`${kind} ${key}`);
        throw error;
      }
    });
  }

  async #coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind} ${key}`);
    if (known !== undefined) return known;
    const { cluster } = this.#options;
    await cluster.metadata([]);
    const { api } = this.client.findCoordinatorV4;
    const { coordinators } = await cluster.askAny(
      { what: `find the coordinator of ${key}`, purpose: 'look' },
      (connection) => api.async(connection, coordinatorTypes[kind], [key]),
    );
    const node = coordinators[0]?.nodeId ?? -1;
    this.#coordinators.set(`${kind} ${key}`, node);
    return node;
  }

  /** Tries until it succeeds, fails for good, or takes too long; rejects with a MillraceError. */
  async retry<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const { clock, signal, patienceMs = 120_000 } = this.#options;
    const startMs = clock.monotonicMs();
    for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMaxMs, pauseMs * 2)) {
      try {
        return await attempt();
      } catch (error) {
        const isTopic = brokerCodes(error).includes('UNKNOWN_TOPIC_OR_PARTITION');
        const isLate = clock.monotonicMs() - startMs > (isTopic ? topicPatienceMs : patienceMs);
        if (failureKind(error) !== 'again' || isLate || signal.aborted) {
          throw this.error(error, what);
        }
        await clock.sleep(pauseMs, signal);
      }
    }
  }

  /** Whatever was thrown, as an error of ours. */
  error(error: unknown, what: string): ReturnType<typeof writeError> {
    return writeError(error, what, this.#options.cluster.access.brokers);
  }
}
