// The note that a committed offset carries: with which checkpoint the output of a job ends. Offsets and
// note were committed with the output in one transaction, so they are right or somebody has changed
// them; then they are no longer what the checkpoint says.

/** An offset of a group, with what was noted at it. */
export interface NotedOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly metadata: string;
}

/** Where a partition of a source goes on. */
export type PartitionOffset = Omit<NotedOffset, 'metadata'> & { readonly leaderEpoch: number };

interface Mark {
  readonly job: string;
  readonly checkpoint: number;
}

export function markText(job: string, checkpoint: number): string {
  const mark: Mark = { checkpoint, job };
  return JSON.stringify(mark);
}

/** The checkpoint that an offset names; null for notes of other jobs, or of nobody. */
function checkpointOf({ metadata }: NotedOffset, job: string): number | null {
  try {
    const mark = JSON.parse(metadata) as Partial<Mark> | null;
    return mark?.job === job && Number.isSafeInteger(mark.checkpoint)
      ? (mark.checkpoint ?? null)
      : null;
  } catch {
    return null;
  }
}

/** With which checkpoint the output of the job ends; null when no offset says it. */
export function committedCheckpoint(job: string, noted: readonly NotedOffset[]): number | null {
  const ids = noted.map((offset) => checkpointOf(offset, job)).filter((id) => id !== null);
  return ids.length === 0 ? null : Math.max(...ids);
}

/** Offsets that carry a note of the job. */
export function markedOffsets(job: string, noted: readonly NotedOffset[]): readonly NotedOffset[] {
  return noted.filter((offset) => checkpointOf(offset, job) !== null);
}

/** What somebody has moved since the checkpoint, in words: `purchases-0 from 17 to 4`. */
export function movedOffsets(
  noted: readonly NotedOffset[],
  expected: readonly PartitionOffset[],
): readonly string[] {
  const found = new Map(noted.map((offset) => [placeOf(offset), offset.offset]));
  return expected.flatMap((partition) => {
    const place = placeOf(partition);
    const offset = found.get(place);
    if (offset === partition.offset) return [];
    return [`${place} from ${partition.offset} to ${offset ?? 'none'}`];
  });
}

function placeOf({ topic, partition }: Pick<NotedOffset, 'topic' | 'partition'>): string {
  return `${topic}-${partition}`;
}
