// What a cluster of brokers says of its topics and groups, and what can be changed there. Offsets are
// whole numbers below 2^53. Nothing here deletes a topic or a record.

/** An administrator of one cluster. */
export interface BrokerAdmin {
  brokerCount(): Promise<number>;
  /** Those of the topics that are there. */
  topics(names: readonly string[]): Promise<readonly TopicDescription[]>;
  createTopic(topic: NewTopic): Promise<void>;
  /** Raises the number of partitions of a topic. */
  addPartitions(topic: string, partitions: number): Promise<void>;
  setTopicSettings(topic: string, settings: Readonly<Record<string, string>>): Promise<void>;
  /** All groups that have a state or offsets, with their state. */
  groups(): Promise<ReadonlyMap<string, GroupState>>;
  /** What a group has committed; nothing for a group that is not there. */
  committed(group: string): Promise<readonly PartitionOffset[]>;
  /** Commits for a group without members; throws MR_GROUP_ACTIVE when it has some. */
  commit(group: string, offsets: readonly PartitionOffset[]): Promise<void>;
  /** Offsets of partitions: the first one, the one behind the last, or the first at or after an instant. */
  offsets(
    partitions: readonly TopicPartition[],
    at: OffsetPoint,
  ): Promise<readonly PartitionOffset[]>;
  /** When the first record at or after each offset was written, epoch ms; null where there is none. */
  recordTimes(positions: readonly PartitionOffset[]): Promise<readonly (number | null)[]>;
  close(): Promise<void>;
}

export type OffsetPoint = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** `active`: it has members. */
export type GroupState = 'active' | 'empty';

export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  /** All settings in force, also those that nobody set. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: Readonly<Record<string, string>>;
}
