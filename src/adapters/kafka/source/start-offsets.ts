// Where a job without a checkpoint begins, partition by partition.
import { MillraceError } from '../../../kernel/errors/millrace-error.ts';
import type { KafkaCluster } from '../client/kafka-cluster.ts';
import { type KafkaStart, startTimeMs } from '../kafka-options.ts';
import {
  committedOffsets,
  earliestTime,
  latestTime,
  type LedPartition,
  type OffsetAt,
  offsetsAt,
} from './partition-offsets.ts';

export interface StartQuestion {
  readonly topic: string;
  readonly partitions: readonly LedPartition[];
  readonly isCommitted: boolean;
  readonly start: KafkaStart;
  /** Null: nobody has named one. */
  readonly group: string | null;
}

/** The offset that each partition begins at; what a start does not say is the beginning. */
export async function startOffsets(
  cluster: KafkaCluster,
  question: StartQuestion,
): Promise<Map<number, OffsetAt>> {
  const { start } = question;
  const earliest = await offsetsAt(cluster, { ...question, timestamp: earliestTime });
  if (start === 'earliest') return earliest;
  const chosen = await chosenOffsets(cluster, question, start);
  return new Map([...earliest, ...chosen]);
}

async function chosenOffsets(
  cluster: KafkaCluster,
  question: StartQuestion,
  start: Exclude<KafkaStart, 'earliest'>,
): Promise<ReadonlyMap<number, OffsetAt>> {
  const latest = (): Promise<Map<number, OffsetAt>> =>
    offsetsAt(cluster, { ...question, timestamp: latestTime });
  if (start === 'latest') return latest();
  if (start === 'committed') {
    const { group, topic, partitions } = question;
    if (group === null) throw withoutGroup(topic);
    return committedOffsets(
      cluster,
      group,
      topic,
      partitions.map(({ partition }) => partition),
    );
  }
  if ('timestamp' in start) {
    const timestamp = startTimeMs(start.timestamp);
    // Partitions whose records are all older begin at their end.
    return new Map([
      ...(await latest()),
      ...(await offsetsAt(cluster, { ...question, timestamp })),
    ]);
  }
  const given = Object.entries(start.offsets);
  return new Map(
    given.map(([p, offset]) => [Number(p), { offset: Number(offset), leaderEpoch: -1 }]),
  );
}

function withoutGroup(topic: string): MillraceError {
  const message = `topic ${topic}: start is 'committed', and no group is named`;
  return new MillraceError('MR_CONFIG_INVALID', message, { fix: "add group: 'shop' to kafka(…)" });
}
