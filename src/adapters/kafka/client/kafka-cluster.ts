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

/** A broker that stands still is left for another soon; it answers these within a second. */
const shortTimeoutMs = 6000;
const shortPurposes = ['fetch', 'look'];

/** For the message of an error, and for which connection is used. */
export interface Question {
  readonly what: string;
  readonly purpose: string;
}

type Ask<T> = (connection: Connection) => Promise<T>;

export class KafkaCluster {
  readonly client: KafkaClient;
  readonly access: KafkaAccess;
  readonly #clientId: string;
  readonly #connections = new Map<string, Promise<Connection>>();
  #brokers: ReadonlyMap<number, BrokerAddress> = new Map();
  /** Answered last: asked first. */
  #answering: BrokerAddress | null = null;
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
    const { api } = this.client.metadataV12;
    const names = topics === null ? null : [...topics];
    const response = await this.askAny({ what: 'ask the cluster', purpose: 'look' }, (connection) =>
      answerOf(api.async(connection, names)),
    );
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

  /**
   * Asks one broker after the other, those given and those known, until one answers. One that does not
   * is connected to anew when it is next asked: what stood still may never answer on an old connection.
   * Throws what a broker answered, or MR_KAFKA_UNREACHABLE.
   */
  async askAny<T>({ what, purpose }: Question, ask: Ask<T>): Promise<T> {
    const failures: MillraceError[] = [];
    for (const address of this.#addresses()) {
      try {
        const answer = await ask(await this.connectTo(address, purpose));
        this.#answering = address;
        return answer;
      } catch (error) {
        const known = this.#errorOf(error, what);
        if (known.code !== 'MR_KAFKA_UNREACHABLE') throw known;
        this.#forget(address, purpose);
        failures.push(known);
      }
    }
    throw failures[0] ?? this.#errorOf(new Error('there are no brokers'), what);
  }

  /** Each once; the one that answered last comes first. */
  #addresses(): readonly BrokerAddress[] {
    const first = this.#answering === null ? [] : [this.#answering];
    const all = [...first, ...this.access.brokers.map(brokerAddress), ...this.#brokers.values()];
    return [...new Map(all.map((address) => [nameOf(address), address])).values()];
  }

  #forget(address: BrokerAddress, purpose: string): void {
    if (this.#answering !== null && nameOf(this.#answering) === nameOf(address)) {
      this.#answering = null;
    }
    const name = `${purpose} ${nameOf(address)}`;
    const opening = this.#connections.get(name);
    this.#connections.delete(name);
    void opening?.then((connection) => connection.close()).catch(ignore);
  }

  /** A connection to a broker by its node; `purpose` tells connections to one broker apart. */
  async connection(node: number, purpose: string): Promise<Connection> {
    const address = this.#brokers.get(node);
    if (address !== undefined) return this.connectTo(address, purpose);
    throw new MillraceError('MR_KAFKA_UNREACHABLE', `the cluster knows no broker ${node}`);
  }

  async connectTo(address: BrokerAddress, purpose: string): Promise<Connection> {
    const { host, port } = address;
    const name = `${purpose} ${nameOf(address)}`;
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
    const isShort = shortPurposes.includes(purpose);
    const requestTimeout = isShort ? shortTimeoutMs : given.requestTimeout;
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

function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}

function ignore(): void {}
