// Where reading of partitions begins: offsets by time, by the ends of the log, by what a group has
// committed. Each question goes to the broker that knows: the leader, or the group's coordinator.
import type { Connection } from '@platformatic/kafka';
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import { answerOf, type KafkaCluster } from '../client/kafka-cluster.ts';
import { kafkaError } from '../client/kafka-error.ts';

/** A partition and who leads it. */
export interface LedPartition {
  readonly partition: number;
  readonly leader: number;
}

export interface OffsetAt {
  readonly offset: number;
  /** −1: not known. */
  readonly leaderEpoch: number;
}

export interface OffsetQuestion {
  readonly topic: string;
  readonly partitions: readonly LedPartition[];
  /** Epoch milliseconds, `earliestTime` or `latestTime`. */
  readonly timestamp: number;
  /** The end is where open transactions begin. */
  readonly isCommitted: boolean;
}

export const latestTime = -1;
export const earliestTime = -2;

/**
 * The first offset of each partition whose record has the time or a later one; partitions without such
 * a record are left out.
 */
export async function offsetsAt(
  cluster: KafkaCluster,
  question: OffsetQuestion,
): Promise<Map<number, OffsetAt>> {
  const { partitions } = question;
  const found = new Map<number, OffsetAt>();
  const byLeader = Map.groupBy(partitions, ({ leader }) => leader);
  for (const [leader, led] of byLeader) {
    const connection = await cluster.connection(leader, 'any');
    await askLeader(cluster, connection, { ...question, partitions: led }, found);
  }
  return found;
}

async function askLeader(
  cluster: KafkaCluster,
  connection: Connection,
  { topic, partitions, timestamp, isCommitted }: OffsetQuestion,
  found: Map<number, OffsetAt>,
): Promise<void> {
  const asked = partitions.map(({ partition }) => ({
    partitionIndex: partition,
    currentLeaderEpoch: -1,
    timestamp: BigInt(timestamp),
  }));
  const { api } = cluster.client.listOffsetsV7;
  const what = `find offsets of topic ${topic}`;
  try {
    const request = [{ name: topic, partitions: asked }];
    const answer = await api.async(connection, -1, isCommitted ? 1 : 0, request);
    for (const { partitionIndex, offset, leaderEpoch } of answer.topics[0]?.partitions ?? []) {
      if (offset >= 0n) found.set(partitionIndex, { offset: Number(offset), leaderEpoch });
    }
  } catch (error) {
    throw kafkaError(error, { what, brokers: cluster.access.brokers });
  }
}

/** What a group has committed; partitions without are left out. */
export async function committedOffsets(
  cluster: KafkaCluster,
  group: string,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, OffsetAt>> {
  const what = `read offsets of group ${group}`;
  try {
    const coordinator = await coordinatorOf(cluster, group);
    const topics = [{ name: topic, partitionIndexes: [...partitions] }];
    const { api } = cluster.client.offsetFetchV8;
    const question = [{ groupId: group, memberEpoch: -1, topics }];
    const answer = await api.async(coordinator, question, true);
    const found = new Map<number, OffsetAt>();
    for (const partition of answer.groups[0]?.topics[0]?.partitions ?? []) {
      const { partitionIndex, committedOffset, committedLeaderEpoch: leaderEpoch } = partition;
      if (committedOffset < 0n) continue;
      found.set(partitionIndex, { offset: Number(committedOffset), leaderEpoch });
    }
    return found;
  } catch (error) {
    throw kafkaError(error, { what, brokers: cluster.access.brokers });
  }
}

async function coordinatorOf(cluster: KafkaCluster, group: string): Promise<Connection> {
  const { api } = cluster.client.findCoordinatorV4;
  const answer = await cluster.askAny(
    { what: `find the coordinator of group ${group}`, purpose: 'look' },
    (connection) => answerOf(api.async(connection, 0, [group])),
  );
  const found = answer.coordinators[0];
  if (found !== undefined && found.errorCode === 0) {
    return cluster.connectTo({ host: found.host, port: found.port }, 'any');
  }
  const name = cluster.client.protocolErrorsCodesById[found?.errorCode as 0] ?? 'no answer';
  const code = name === 'GROUP_AUTHORIZATION_FAILED' ? 'MR_KAFKA_DENIED' : 'MR_KAFKA_FAILED';
  throw new MillraceError(code, `cannot find the coordinator of group ${group}: ${name}`, {
    fix: 'let an administrator add the ACL READ of the group, or try again',
  });
}
