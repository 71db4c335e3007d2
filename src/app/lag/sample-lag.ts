// One look at a group: what it has committed, where its partitions end, and how old the first record
// is that it has not committed. A partition of its topics without a commit counts too.
import type { Clock } from '../../kernel/clock.ts';
import type { LagSample, PartitionSample } from '../../observe/lag.ts';
import type { BrokerAdmin, PartitionOffset, TopicPartition } from '../../ports/broker-admin.ts';

export interface SampledGroup {
  readonly group: string;
  /** Topics that it reads; those that it has committed to are added. */
  readonly topics: readonly string[];
}

export async function sampleLag(
  admin: BrokerAdmin,
  { group, topics }: SampledGroup,
  clock: Clock,
): Promise<LagSample> {
  const committed = await admin.committed(group);
  const names = [...new Set([...topics, ...committed.map(({ topic }) => topic)])].sort();
  const described = await admin.topics(names);
  const partitions: readonly TopicPartition[] = described.flatMap(({ topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
  const starts = offsetsByName(await admin.offsets(partitions, 'earliest'));
  // The ends last: what was committed before lies before them.
  const ends = offsetsByName(await admin.offsets(partitions, 'latest'));
  const commits = offsetsByName(committed);
  const samples = partitions.map((place): PartitionSample => {
    const name = nameOf(place);
    const startOffset = starts.get(name) ?? 0;
    const endOffset = ends.get(name) ?? startOffset;
    return {
      ...place,
      committed: commits.get(name) ?? null,
      startOffset,
      endOffset,
      nextRecordMs: null,
    };
  });
  return { group, atMs: clock.nowMs(), partitions: await withTimes(admin, samples) };
}

async function withTimes(
  admin: BrokerAdmin,
  samples: readonly PartitionSample[],
): Promise<readonly PartitionSample[]> {
  const behind = samples.flatMap(({ topic, partition, committed, startOffset, endOffset }) => {
    const offset = Math.max(committed ?? startOffset, startOffset);
    return offset < endOffset ? [{ topic, partition, offset }] : [];
  });
  const times = await admin.recordTimes(behind);
  const byName = new Map(behind.map((place, i) => [nameOf(place), times[i] ?? null]));
  return samples.map((sample) => ({ ...sample, nextRecordMs: byName.get(nameOf(sample)) ?? null }));
}

function offsetsByName(offsets: readonly PartitionOffset[]): ReadonlyMap<string, number> {
  return new Map(offsets.map((place) => [nameOf(place), place.offset]));
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`;
}
