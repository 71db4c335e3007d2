// Where a group is to go on, partition by partition. Pure: what the cluster said goes in. An offset is
// never moved out of what a partition has; a partition without a commit counts from its first record.
import type { PartitionOffset, TopicPartition } from '../../ports/broker-admin.ts';

/** Where to go: one of these. */
export type ResetTarget =
  | 'earliest'
  | 'latest'
  /** The first record written at or after an instant, epoch ms; the end where there is none. */
  | { readonly datetimeMs: number }
  /** So many records on, or back. */
  | { readonly shiftBy: number }
  | { readonly offset: number };

/** What is known of a partition. */
export interface PartitionBounds extends TopicPartition {
  readonly committed: number | null;
  readonly startOffset: number;
  readonly endOffset: number;
  /** Of the record that the target's instant names; null when there is none, or no instant was given. */
  readonly atInstant: number | null;
}

/** What happens to one partition. */
export interface OffsetMove extends TopicPartition {
  readonly from: number | null;
  readonly to: number;
  /** Records that are read again; negative: that are passed over. */
  readonly records: number;
  /** The target lies outside of what the partition has: it was moved to the nearest offset that is there. */
  readonly limited: boolean;
}

export function planReset(
  bounds: readonly PartitionBounds[],
  target: ResetTarget,
): readonly OffsetMove[] {
  return bounds.map((place) => {
    const { topic, partition, committed, startOffset, endOffset } = place;
    const wanted = wantedOffset(place, target);
    const to = Math.min(Math.max(wanted, startOffset), endOffset);
    const records = (committed ?? startOffset) - to;
    return { topic, partition, from: committed, to, records, limited: to !== wanted };
  });
}

function wantedOffset(place: PartitionBounds, target: ResetTarget): number {
  const { committed, startOffset, endOffset, atInstant } = place;
  if (target === 'earliest') return startOffset;
  if (target === 'latest') return endOffset;
  if ('datetimeMs' in target) return atInstant ?? endOffset;
  if ('shiftBy' in target) return (committed ?? startOffset) + target.shiftBy;
  return target.offset;
}

/** The moves as commits, without those that change nothing. */
export function commitsOf(moves: readonly OffsetMove[]): readonly PartitionOffset[] {
  return moves
    .filter(({ from, to }) => from !== to)
    .map(({ topic, partition, to }) => ({ topic, partition, offset: to }));
}
