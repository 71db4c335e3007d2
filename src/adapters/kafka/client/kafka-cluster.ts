// Connections to the brokers of a cluster, and what the cluster says of itself. A connection is used
// for one purpose, so that a long wait for records holds up nothing else; one that broke is replaced
// when it is next asked for. Nothing here tries again by itself.
import type { Connection } from '@platformatic/kafka';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { brokerAddress, connectionOptions, type KafkaAccess } from './kafka-access.ts';
import { brokerCodes, kafkaError } from './kafka-error.ts';
import type { KafkaClient } from './load-client.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface TopicView {
  readonly name: string;
  readonly id: string;
  /** The broker's error code; 0: none. */
  readonly errorCode: number;
  /** By number, without gaps. */
  readonly partitions: readonly PartitionView[];
}

export interface PartitionView {
  readonly partition: number;
  /** The leader's node, or −1. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

export interface ClusterView {
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly topics: readonly TopicView[];
}

/** A broker that stands still is left for another soon; it answers a fetch within a second. */
const fetchTimeoutMs = 6000;

export class KafkaCluster {
  readonly client: KafkaClient;
  readonly access: KafkaAccess;
  readonly #clientId: string;
  readonly #connections = new Map<string, Promise<Connection>>();
  #brokers: ReadonlyMap<number, BrokerAddress> = new Map();
  #isClosed = false;

  constructor(client: KafkaClient, access: KafkaAccess, clientId: string) {
    this.client = client;
    this.access = access;
    this.#clientId = clientId;
  }

  /**
   * Asks the first broker that answers. Without names: all topics that we may see. Throws
   * MR_KAFKA_UNREACHABLE, MR_KAFKA_TLS, MR_KAFKA_LOGIN.
   */
  async metadata(topics: readonly string[] | null): Promise<ClusterView> {
    const connection = await this.anyConnection();
    const { api } = this.client.metadataV12;
    const asked = api.async(connection, topics === null ? null : [...topics]);
    const response = await answerOf(asked).catch((error: unknown) => {
      throw this.#errorOf(error, 'ask the cluster');
    });
    this.#brokers = new Map(
      response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]),
    );
    return {
      brokers: this.#brokers,
      topics: response.topics.map(({ name, topicId, errorCode, partitions }) => ({
        name: name ?? '',
        id: topicId,
        errorCode,
        partitions: partitions
          .map((p) => ({
            partition: p.partitionIndex,
            leader: p.leaderId,
            leaderEpoch: p.leaderEpoch,
          }))
          .sort((a, b) => a.partition - b.partition),
      })),
    };
  }

  /** A connection to whichever broker answers first, those given and those known. */
  async anyConnection(): Promise<Connection> {
    const known = [...this.#brokers.values()];
    const failures: unknown[] = [];
    for (const address of [...this.access.brokers.map(brokerAddress), ...known]) {
      try {
        return await this.connectTo(address, 'any');
      } catch (error) {
        if (isFinal(error)) throw error;
        failures.push(error);
      }
    }
    throw this.#errorOf(failures[0], 'reach the cluster');
  }

  /** A connection to a broker by its node; `purpose` tells connections to one broker apart. */
  async connection(node: number, purpose: string): Promise<Connection> {
    const address = this.#brokers.get(node);
    if (address !== undefined) return this.connectTo(address, purpose);
    throw new MillraceError('MR_KAFKA_UNREACHABLE', `the cluster knows no broker ${node}`);
  }

  async connectTo({ host, port }: BrokerAddress, purpose: string): Promise<Connection> {
    const name = `${purpose} ${host}:${port}`;
    const open = await this.#connections.get(name)?.catch(() => null);
    if (open?.isConnected() === true) return open;
    if (this.#isClosed) throw new MillraceError('MR_KAFKA_UNREACHABLE', 'the connection is closed');
    const opening = this.#open(host, port, purpose);
    this.#connections.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      this.#connections.delete(name);
      throw this.#errorOf(error, `connect to ${host}:${port}`);
    }
  }

  async #open(host: string, port: number, purpose: string): Promise<Connection> {
    const given = connectionOptions(this.access);
    const requestTimeout = purpose === 'fetch' ? fetchTimeoutMs : given.requestTimeout;
    type Options = ConstructorParameters<typeof Connection>[1];
    const options = { ...given, requestTimeout } as Options;
    const connection = new this.client.Connection(this.#clientId, options);
    // Failures come through the calls; an event without a listener would end the process.
    connection.on('error', ignore);
    await connection.connect(host, port);
    return connection;
  }

  #errorOf(error: unknown, what: string): MillraceError {
    return kafkaError(error, { what, brokers: this.access.brokers });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = [...this.#connections.values()].map(async (opening) => {
      const connection = await opening;
      await connection.close();
    });
    this.#connections.clear();
    await Promise.allSettled(closing);
  }
}

/** The response also when some of its parts are errors: each part has its code. */
export async function answerOf<T>(response: Promise<T>): Promise<T> {
  try {
    return await response;
  } catch (error) {
    const answer = (error as { readonly response?: unknown }).response;
    if (brokerCodes(error).length > 0 && typeof answer === 'object' && answer !== null) {
      return answer as T;
    }
    throw error;
  }
}

/** No other broker would say otherwise. */
function isFinal(error: unknown): boolean {
  return error instanceof MillraceError && ['MR_KAFKA_LOGIN', 'MR_KAFKA_TLS'].includes(error.code);
}

function ignore(): void {}
