// When the record at an offset was written: one batch is fetched for each partition, so the cost is
// that of a batch, not of a partition's backlog.
import type { Connection, RecordsBatch } from '@platformatic/kafka';
import type { PartitionOffset } from '../../../ports/broker-admin.ts';
import type { KafkaCluster, TopicView } from '../client/kafka-cluster.ts';
import type { KafkaClient } from '../client/load-client.ts';

type FetchApi = KafkaClient['fetchV13'];
type FetchResponse = Awaited<ReturnType<FetchApi['api']['async']>>;

const logAppendTime = 8;
const waitMs = 100;

/** Times by position, in their order; null where no record is at or after the offset. */
export async function recordTimes(
  cluster: KafkaCluster,
  positions: readonly PartitionOffset[],
): Promise<readonly (number | null)[]> {
  const names = [...new Set(positions.map(({ topic }) => topic))];
  const { topics } = await cluster.metadata(names);
  const times: (number | null)[] = [];
  for (const position of positions) {
    const topic = topics.find(({ name }) => name === position.topic);
    times.push(topic === undefined ? null : await recordTime(cluster, topic, position));
  }
  return times;
}

async function recordTime(
  cluster: KafkaCluster,
  topic: TopicView,
  { partition, offset }: PartitionOffset,
): Promise<number | null> {
  const place = topic.partitions.find((candidate) => candidate.partition === partition);
  if (place === undefined || place.leader < 0) return null;
  const connection = await cluster.connection(place.leader, 'lag');
  const response = await fetchOne(cluster, connection, topic.id, {
    partition,
    currentLeaderEpoch: place.leaderEpoch,
    fetchOffset: BigInt(offset),
    lastFetchedEpoch: -1,
    // The broker gives at least one batch, however large it is.
    partitionMaxBytes: 1,
  });
  return timeIn(response, offset);
}

function fetchOne(
  { client }: KafkaCluster,
  connection: Connection,
  topicId: string,
  partition: Parameters<FetchApi['createRequest']>[6][number]['partitions'][number],
): Promise<FetchResponse> {
  const topics = [{ topicId, partitions: [partition] }];
  return client.fetchV13.api.async(connection, waitMs, 1, 1, 0, 0, -1, topics, [], '');
}

function timeIn(response: FetchResponse, offset: number): number | null {
  const batches = response.responses[0]?.partitions[0]?.records ?? [];
  for (const batch of batches) {
    const ms = timeInBatch(batch, offset);
    if (ms !== null) return ms;
  }
  return null;
}

function timeInBatch(batch: RecordsBatch, offset: number): number | null {
  const first = Number(batch.firstOffset);
  if (first + batch.lastOffsetDelta < offset) return null;
  if ((batch.attributes & logAppendTime) !== 0) return Number(batch.maxTimestamp);
  const record = batch.records.find(({ offsetDelta }) => first + offsetDelta >= offset);
  const delta = record?.timestampDelta ?? batch.maxTimestamp - batch.firstTimestamp;
  return Number(batch.firstTimestamp + delta);
}
