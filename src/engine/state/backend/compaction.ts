// Gives space back: of a segment in which less than half counts, or of many small ones, the records
// that count are copied to the current segment, a slice at a time; then nothing in it counts and it
// is dropped. Never while a snapshot is taken.
import { hashBytes } from '../../../kernel/hash.ts';
import { emptyRecordParts, parseRecord } from './segment-format.ts';
import type { Place, SegmentLog } from './segment-log.ts';
import type { RecordKey } from './segment-writer.ts';
import type { Segment } from './segment.ts';
import { emptyStoredEntry } from './stored-index.ts';
import type { ViewBackend } from './view-backend.ts';

/** A slice reads so many bytes, and as many more as were written since the last one. */
const sliceBytes = 256 * 1024;
const sliceBytesMax = 4 * 1024 * 1024;
const runBytes = 64 * 1024;
const smallCountMax = 8;
/** A segment is small below this part of the intended size. */
const smallPart = 1 / 8;

export interface CompactionOptions {
  readonly log: SegmentLog;
  readonly views: readonly ViewBackend[];
  readonly segmentBytes: number;
}

export class Compaction {
  readonly #options: CompactionOptions;
  #segment: Segment | null = null;
  #next = 0;
  /** Of the log, after the last slice. */
  #writtenBefore = 0;
  readonly #parts = emptyRecordParts();
  readonly #from = emptyStoredEntry();
  readonly #to: Place = { segment: 0, ordinal: 0 };
  readonly #key: RecordKey;
  compactedSegments = 0;

  constructor(options: CompactionOptions) {
    this.#options = options;
    const times = { wakeMs: 0, idleWakeMs: 0 };
    this.#key = { view: 0, hash: 0, data: new Uint8Array(0), start: 0, end: 0, ...times };
  }

  /** Whether there is something to compact. */
  get hasWork(): boolean {
    return this.#segment !== null || this.#choose() !== null;
  }

  /** One slice; false when there was nothing to do. What is written decides how much is done. */
  step(): boolean {
    const { log } = this.#options;
    const debt = log.writtenBytes - this.#writtenBefore;
    const wanted = Math.min(sliceBytesMax, sliceBytes + debt);
    let bytes = 0;
    while (bytes < wanted) {
      this.#segment ??= this.#choose();
      if (this.#segment === null) break;
      bytes += this.#copySome(this.#segment, wanted - bytes);
    }
    this.#writtenBefore = log.writtenBytes;
    return bytes > 0;
  }

  /** Copies up to so many bytes of a segment; the bytes that this counts for, at least 1. */
  #copySome(segment: Segment, bytesMax: number): number {
    let bytes = 1;
    while (bytes < bytesMax && this.#next < segment.count && segment.liveCount > 0) {
      bytes += this.#copyRun(segment);
    }
    if (this.#next >= segment.count || segment.liveCount === 0) {
      this.#segment = null;
      this.#next = 0;
      this.compactedSegments += 1;
      this.#options.log.dropDead();
    }
    return bytes;
  }

  #choose(): Segment | null {
    const { log, segmentBytes } = this.#options;
    let worst: Segment | null = null;
    let worstShare = 0.5;
    let small: Segment | null = null;
    let smallCount = 0;
    for (const segment of log.segments) {
      if (segment?.isSealed !== true || segment.liveCount === 0) continue;
      const share = segment.liveBytes / segment.dataBytes;
      if (share < worstShare) {
        worst = segment;
        worstShare = share;
      }
      if (segment.dataBytes >= segmentBytes * smallPart) continue;
      small ??= segment;
      smallCount += 1;
    }
    return worst ?? (smallCount > smallCountMax ? small : null);
  }

  /** Reads some records that lie together and copies the live ones; bytes read. */
  #copyRun(segment: Segment): number {
    const { log } = this.#options;
    const first = this.#nextLive(segment);
    if (first === segment.count) return 0;
    let last = first;
    const from = segment.offsets[first] as number;
    while (
      last + 1 < segment.count &&
      segment.isLive(last + 1) &&
      (segment.offsets[last + 2] as number) - from <= runBytes
    ) {
      last += 1;
    }
    log.readRun(segment.id, first, last);
    for (let ordinal = first; ordinal <= last; ordinal++) {
      const at = log.recordAt + (segment.offsets[ordinal] as number) - from;
      log.check(segment.id, ordinal, at);
      this.#move(segment, ordinal, at);
      this.#next = ordinal + 1;
    }
    return (segment.offsets[last + 1] as number) - from;
  }

  #nextLive(segment: Segment): number {
    while (this.#next < segment.count && !segment.isLive(this.#next)) this.#next += 1;
    return this.#next;
  }

  /** Copies a live record and tells its owner: a slot, or the index of stored keys. */
  #move(segment: Segment, ordinal: number, at: number): void {
    const { log, views } = this.#options;
    const parts = this.#parts;
    parseRecord(log.data, at, parts);
    const view = views[segment.viewNumbers?.[parts.view] ?? parts.view] as ViewBackend;
    const hash = hashBytes(log.data, parts.keyStart, parts.keyEnd);
    const from = this.#from;
    from.segment = segment.id;
    from.ordinal = ordinal;
    if (view.cold?.index.has(hash, segment.id, ordinal) === true) {
      this.#copy(view, hash);
      view.cold.index.move(hash, from, this.#to);
    } else {
      const slot = view.images.find(log.data, parts.keyStart, parts.keyEnd);
      const isOwner = slot >= 0 && view.slots.segment(slot) === segment.id;
      if (!isOwner || view.slots.ordinal(slot) !== ordinal) {
        throw new Error(`record ${ordinal} of ${segment.name} is live and no key's`);
      }
      if (view.slots.isDirty(slot)) view.slots.setPlace(slot, -1, 0);
      else {
        this.#copy(view, hash);
        view.slots.setPlace(slot, this.#to.segment, this.#to.ordinal);
      }
    }
    log.retire(segment.id, ordinal);
  }

  #copy(view: ViewBackend, hash: number): void {
    const { log } = this.#options;
    const { keyStart, keyEnd, end, wakeMs, idleWakeMs } = this.#parts;
    const key = this.#key;
    key.view = view.number;
    key.hash = hash;
    key.data = log.data;
    key.start = keyStart;
    key.end = keyEnd;
    key.wakeMs = wakeMs;
    key.idleWakeMs = idleWakeMs;
    log.begin(key, false).raw(log.data, keyEnd, end);
    log.end(false, this.#to);
  }
}
