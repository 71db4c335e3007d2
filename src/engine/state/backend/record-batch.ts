// Records that are wanted together, read in the order in which they lie in the segments; neighbours
// are read at once. Up to `batchMax` at a time.
import type { SegmentLog } from './segment-log.ts';
import type { Segment } from './segment.ts';

export const batchMax = 4096;

const ordinalScale = 2 ** 20;
const tagScale = batchMax;
/** Bytes between two records that are cheaper to read than another call. */
const gapMax = 4096;
const runBytesMax = 256 * 1024;

/** Called with a record's tag and place; the record is `log.data[at …]`. It must not read others. */
export type RecordVisitor = (tag: number, at: number, segment: number, ordinal: number) => void;

export class RecordBatch {
  count = 0;
  readonly #log: SegmentLog;
  /** (segment, record, tag) in one number each: 21, 20 and 12 bits. */
  readonly #places = new Float64Array(batchMax);

  constructor(log: SegmentLog) {
    this.#log = log;
  }

  get isFull(): boolean {
    return this.count === batchMax;
  }

  /** Wants a record; the tag is below `batchMax`. */
  add(segment: number, ordinal: number, tag: number): void {
    this.#places[this.count++] = (segment * ordinalScale + ordinal) * tagScale + tag;
  }

  /** Reads all that are wanted; then none is. */
  visit(visitor: RecordVisitor): void {
    const places = this.#places.subarray(0, this.count).sort();
    this.count = 0;
    for (let i = 0; i < places.length; ) i = this.#visitRun(places, i, visitor);
  }

  #visitRun(places: Float64Array, first: number, visitor: RecordVisitor): number {
    const log = this.#log;
    const id = segmentOf(places[first] as number);
    const firstOrdinal = ordinalOf(places[first] as number);
    const { offsets } = log.segments[id] as Segment;
    const from = offsets[firstOrdinal] as number;
    let last = firstOrdinal;
    let end = first + 1;
    for (; end < places.length && segmentOf(places[end] as number) === id; end++) {
      const ordinal = ordinalOf(places[end] as number);
      const gap = (offsets[ordinal] as number) - (offsets[last + 1] as number);
      if (gap > gapMax || (offsets[ordinal + 1] as number) - from > runBytesMax) break;
      if (!log.areTogether(id, firstOrdinal, ordinal)) break;
      last = ordinal;
    }
    log.readRun(id, firstOrdinal, last);
    const start = log.recordAt;
    for (let i = first; i < end; i++) {
      const place = places[i] as number;
      const ordinal = ordinalOf(place);
      const at = start + (offsets[ordinal] as number) - from;
      log.check(id, ordinal, at);
      visitor(place % tagScale, at, id, ordinal);
    }
    return end;
  }
}

function segmentOf(place: number): number {
  return Math.floor(place / (ordinalScale * tagScale));
}

function ordinalOf(place: number): number {
  return Math.floor(place / tagScale) % ordinalScale;
}
