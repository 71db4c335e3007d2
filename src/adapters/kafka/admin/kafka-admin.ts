// The administrator of a Kafka cluster, by the client library's calls, which find coordinators and
// controllers and try again while those move. A group's state is taken from the list of groups: that
// knows groups of the old protocol and of the new one alike.
import type { Admin } from '@platformatic/kafka';
import { systemClock } from '../../../kernel/clock.ts';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type {
  BrokerAdmin,
  GroupState,
  NewTopic,
  OffsetPoint,
  PartitionOffset,
  TopicDescription,
  TopicPartition,
} from '../../../ports/broker-admin.ts';
import { type KafkaAccess, clientOptions } from '../client/kafka-access.ts';
import { KafkaCluster } from '../client/kafka-cluster.ts';
import { brokerCodes, kafkaError } from '../client/kafka-error.ts';
import { type KafkaClient, loadClient } from '../client/load-client.ts';
import { recordTimes } from './record-times.ts';

const clientId = 'millrace-admin';
const seenTries = 50;
const seenPauseMs = 100;

/** Opens an administrator; nothing is sent before the first call. Throws MR_CONFIG_INVALID without the client library. */
export async function openKafkaAdmin(access: KafkaAccess): Promise<BrokerAdmin> {
  const client = await loadClient();
  const admin = new client.Admin({
    ...(clientOptions(access, clientId) as ConstructorParameters<typeof Admin>[0]),
    retries: 8,
    retryDelay: 250,
    timeout: 10_000,
    autocreateTopics: false,
  });
  return new KafkaAdmin(client, admin, access);
}

class KafkaAdmin implements BrokerAdmin {
  readonly #client: KafkaClient;
  readonly #admin: Admin;
  readonly #access: KafkaAccess;
  #cluster: KafkaCluster | null = null;

  constructor(client: KafkaClient, admin: Admin, access: KafkaAccess) {
    this.#client = client;
    this.#admin = admin;
    this.#access = access;
  }

  async brokerCount(): Promise<number> {
    const { brokers } = await this.#try('ask for the brokers', () =>
      this.#admin.metadata({ topics: [], forceUpdate: true }),
    );
    return brokers.size;
  }

  async topics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    const present = new Set(
      await this.#try('list topics', () => this.#admin.listTopics({ includeInternals: true })),
    );
    const topics = names.filter((name) => present.has(name));
    if (topics.length === 0) return [];
    const what = `describe ${topics.join(', ')}`;
    const metadata = await this.#try(what, () =>
      this.#admin.metadata({ topics, forceUpdate: true }),
    );
    const resources = topics.map((resourceName) => ({
      resourceType: this.#client.ConfigResourceTypes.TOPIC,
      resourceName,
    }));
    const described = await this.#try(what, () => this.#admin.describeConfigs({ resources }));
    return topics.map((topic) => {
      const partitions = Object.values(metadata.topics.get(topic)?.partitions ?? {});
      const configs = described.find(({ resourceName }) => resourceName === topic)?.configs ?? [];
      return {
        topic,
        partitions: partitions.length,
        replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        settings: Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
      };
    });
  }

  async createTopic({ topic, partitions, replicas, settings }: NewTopic): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await this.#try(`create topic ${topic}`, () =>
      this.#admin.createTopics({ topics: [topic], partitions, replicas, configs }),
    );
    await this.#untilSeen(topic, partitions);
  }

  async addPartitions(topic: string, partitions: number): Promise<void> {
    // No list at all leaves the choice to the controller; an empty one would be wrong.
    const assignments = null as unknown as [];
    const topics = [{ name: topic, count: partitions, assignments }];
    await this.#try(`add partitions to ${topic}`, () => this.#admin.createPartitions({ topics }));
    await this.#untilSeen(topic, partitions);
  }

  /** The controller has decided; the other brokers learn of it a little later. */
  async #untilSeen(topic: string, partitions: number): Promise<void> {
    for (let tries = 0; tries < seenTries; tries++) {
      const [found] = await this.topics([topic]);
      if (found !== undefined && found.partitions >= partitions) return;
      await systemClock.sleep(seenPauseMs);
    }
  }

  async setTopicSettings(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({
      name,
      value,
      configOperation: this.#client.IncrementalAlterConfigOperationTypes.SET,
    }));
    const resources = [
      { resourceType: this.#client.ConfigResourceTypes.TOPIC, resourceName: topic, configs },
    ];
    await this.#try(`set ${Object.keys(settings).join(', ')} of ${topic}`, () =>
      this.#admin.incrementalAlterConfigs({ resources }),
    );
  }

  async groups(): Promise<ReadonlyMap<string, GroupState>> {
    const groups = await this.#try('list groups', () => this.#admin.listGroups());
    const stateOf = (state: string): GroupState =>
      /^(empty|dead)$/i.test(state) ? 'empty' : 'active';
    return new Map([...groups].map(([name, { state }]) => [name, stateOf(state)]));
  }

  async committed(group: string): Promise<readonly PartitionOffset[]> {
    const found = await this.#try(`read the offsets of group ${group}`, () =>
      this.#admin.listConsumerGroupOffsets({ groups: [group] }),
    );
    return found
      .flatMap(({ topics }) => topics)
      .flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, committedOffset }) => ({
          topic,
          partition,
          offset: Number(committedOffset),
        })),
      )
      .filter(({ offset }) => offset >= 0)
      .sort(byTopic);
  }

  async commit(group: string, offsets: readonly PartitionOffset[]): Promise<void> {
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, partitions]) => ({
      name,
      partitionOffsets: partitions.map(({ partition, offset }) => ({
        partition,
        offset: BigInt(offset),
      })),
    }));
    try {
      await this.#admin.alterConsumerGroupOffsets({ groupId: group, topics });
    } catch (error) {
      const membership = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'];
      if (brokerCodes(error).some((code) => membership.includes(code))) throw activeGroup(group);
      throw kafkaError(error, this.#attempt(`commit for group ${group}`));
    }
  }

  async offsets(
    partitions: readonly TopicPartition[],
    at: OffsetPoint,
  ): Promise<readonly PartitionOffset[]> {
    if (partitions.length === 0) return [];
    const timestamp = timestampOf(at);
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
    }));
    const found = await this.#try('ask for offsets', () => this.#admin.listOffsets({ topics }));
    return found
      .flatMap(({ name: topic, partitions: list }) =>
        list.map((p) => ({ topic, partition: p.partitionIndex, offset: Number(p.offset) })),
      )
      .sort(byTopic);
  }

  async recordTimes(positions: readonly PartitionOffset[]): Promise<readonly (number | null)[]> {
    if (positions.length === 0) return [];
    this.#cluster ??= new KafkaCluster(this.#client, this.#access, clientId);
    const cluster = this.#cluster;
    return this.#try('read the times of records', () => recordTimes(cluster, positions));
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#cluster?.close()]);
  }

  async #try<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw kafkaError(error, this.#attempt(what));
    }
  }

  #attempt(what: string): Parameters<typeof kafkaError>[1] {
    return { what, brokers: this.#access.brokers };
  }
}

function timestampOf(at: OffsetPoint): bigint {
  if (at === 'latest') return -1n;
  return at === 'earliest' ? -2n : BigInt(Math.trunc(at.timestampMs));
}

function byTopic(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}

function activeGroup(group: string): MillraceError {
  return new MillraceError('MR_GROUP_ACTIVE', `group "${group}" has members that read now`, {
    fix: 'stop its consumers and try again once the group is empty',
  });
}
