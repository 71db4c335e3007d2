// Names of segments: when one was begun, by which writer, and as which of its segments. A writer has
// one segment at a time and comes back to none, so a later one says that an earlier one is complete.

export interface SegmentName {
  readonly file: string;
  readonly createdMs: number;
  readonly writer: string;
  readonly number: number;
}

const pattern = /^(\d{15})-([0-9a-z-]+)-(\d{6})\.push$/;

export function segmentName(createdMs: number, writer: string, number: number): string {
  const time = String(createdMs).padStart(15, '0');
  return `${time}-${writer}-${String(number).padStart(6, '0')}.push`;
}

/** What a name says; null when it is no segment's. */
export function parseSegmentName(file: string): SegmentName | null {
  const match = pattern.exec(file);
  if (match === null) return null;
  const [, time = '', writer = '', number = ''] = match;
  return { file, createdMs: Number(time), writer, number: Number(number) };
}

/** No writer adds to a segment that was begun longer ago than this. */
export const segmentAgeMsMax = 3_600_000;
/** A segment begun longer ago than this gets nothing more, whatever clocks say. */
const segmentOverMs = 2 * segmentAgeMsMax;

/** Whether nothing more is written to a segment. */
export function isComplete(
  segment: SegmentName,
  all: readonly SegmentName[],
  nowMs: number,
): boolean {
  return (
    nowMs - segment.createdMs > segmentOverMs ||
    all.some(({ writer, number }) => writer === segment.writer && number > segment.number)
  );
}
