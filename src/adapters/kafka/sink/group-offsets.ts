// Offsets of consumer groups as this job reads and writes them: without being a member, and with a note.
// Where partitions go on comes from the positions that sources gave to a checkpoint.
import type { JsonValue } from '../../../kernel/json-value.ts';
import type { SourcePositions } from '../../../ports/epoch-sink.ts';
import type { ClusterCalls } from './cluster-calls.ts';
import type { NotedOffset, PartitionOffset } from './commit-mark.ts';

/** A stream that is read from a topic of the cluster. */
export interface ReadTopic {
  readonly stream: string;
  readonly topic: string;
  readonly group: string;
}

/** Where the partitions of these topics go on. */
export function partitionOffsets(
  topics: readonly ReadTopic[],
  positions: SourcePositions,
): readonly PartitionOffset[] {
  return topics.flatMap(({ stream, topic, group }) =>
    Object.entries(positions[stream] ?? {}).flatMap(([split, position]) => {
      const place = placeIn(position);
      const partition = Number(split.slice(topic.length + 1));
      if (place === null || !split.startsWith(`${topic}-`)) return [];
      return [{ group, topic, partition, ...place }];
    }),
  );
}

function placeIn(
  position: JsonValue,
): { readonly offset: bigint; readonly leaderEpoch: number } | null {
  if (typeof position !== 'object' || position === null) return null;
  const { offset, leaderEpoch } = position as Readonly<Record<string, JsonValue>>;
  if (typeof offset !== 'number' && typeof offset !== 'string') return null;
  return {
    offset: BigInt(offset),
    leaderEpoch: typeof leaderEpoch === 'number' ? leaderEpoch : -1,
  };
}

/** What is committed for topics, in all of their groups. Waits for transactions that are ending. */
export async function readOffsets(
  calls: ClusterCalls,
  topics: readonly Pick<ReadTopic, 'topic' | 'group'>[],
): Promise<readonly NotedOffset[]> {
  const { api } = calls.client.offsetFetchV8;
  const noted: NotedOffset[] = [];
  for (const [group, ofGroup] of Map.groupBy(topics, (topic) => topic.group)) {
    const wanted = new Set(ofGroup.map(({ topic }) => topic));
    const names = await partitionsOf(calls, [...wanted]);
    const asked = { groupId: group, topics: names };
    const answer = await calls.onCoordinator(
      { kind: 'group', key: group },
      `read the offsets of group ${group}`,
      (connection) => api.async(connection, [asked] as never, true),
    );
    for (const { name, partitions } of answer.groups[0]?.topics ?? []) {
      for (const { partitionIndex, committedOffset, metadata } of partitions) {
        if (committedOffset < 0n) continue;
        const place = { group, topic: name, partition: partitionIndex };
        noted.push({ ...place, offset: committedOffset, metadata: metadata ?? '' });
      }
    }
  }
  return noted;
}

async function partitionsOf(
  calls: ClusterCalls,
  topics: readonly string[],
): Promise<readonly { readonly name: string; readonly partitionIndexes: number[] }[]> {
  const { topics: found } = await calls.metadata(topics);
  return found.map(({ name, partitions }) => ({
    name,
    partitionIndexes: partitions.map(({ partition }) => partition),
  }));
}

/** Offsets of one group, as requests carry them. */
export interface GroupOffsets {
  readonly group: string;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly committedOffset: bigint;
      readonly committedLeaderEpoch: number;
      readonly committedMetadata: string;
    }[];
  }[];
}

/** By group, each with the same note. */
export function groupOffsets(
  offsets: readonly PartitionOffset[],
  note: string,
): readonly GroupOffsets[] {
  return [...Map.groupBy(offsets, ({ group }) => group)].map(([group, ofGroup]) => ({
    group,
    topics: [...Map.groupBy(ofGroup, ({ topic }) => topic)].map(([name, parts]) => ({
      name,
      partitions: parts.map(({ partition, offset, leaderEpoch }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: note,
      })),
    })),
  }));
}

/** Commits offsets outside of any transaction. */
export async function commitOffsets(
  calls: ClusterCalls,
  offsets: readonly PartitionOffset[],
  note: string,
): Promise<void> {
  const { api } = calls.client.offsetCommitV8;
  for (const { group, topics } of groupOffsets(offsets, note)) {
    await calls.onCoordinator(
      { kind: 'group', key: group },
      `commit offsets of group ${group}`,
      (connection) => api.async(connection, group, -1, '', null, topics as never),
    );
  }
}
