// All segments of a subtask: written ones, and those it was restored from. Two streams at most are
// open: what changes now, and, while a snapshot is taken, the images as they were at its flip. A
// record replaced while a snapshot is taken counts in that snapshot still, so it dies afterwards.
import type { StateFileReader, StateFiles } from '../../../ports/state-files.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import {
  corrupt,
  encodeHeader,
  isIntact,
  readSegment,
  type SegmentTable,
  type SegmentView,
} from './segment-format.ts';
import { type RecordKey, SegmentWriter } from './segment-writer.ts';
import { Segment } from './segment.ts';

const readersMax = 192;
const readInitial = 64 * 1024;

export interface SegmentLogOptions {
  readonly files: StateFiles;
  /** Names of all files begin with it: no other run may use it. */
  readonly prefix: string;
  readonly segmentBytes: number;
  readonly views: () => readonly SegmentView[];
}

/** Where a record is. */
export interface Place {
  segment: number;
  ordinal: number;
}

interface OpenReader {
  readonly file: StateFileReader;
  lastUse: number;
}

export class SegmentLog {
  /** By id; undefined once dropped. */
  readonly segments: (Segment | undefined)[] = [];
  /** Bytes of all records ever written. */
  writtenBytes = 0;
  readonly files: StateFiles;
  /** The last record read is `data[recordAt …]`. */
  data: Uint8Array = new Uint8Array(readInitial);
  recordAt = 0;
  epoch = 1;
  #isDeferring = false;
  readonly #prefix: string;
  readonly #segmentBytes: number;
  readonly #views: () => readonly SegmentView[];
  #header: Uint8Array | null = null;
  #main: SegmentWriter | null = null;
  #old: SegmentWriter | null = null;
  /** Ended by a flip, not sealed yet. */
  #unsealed: SegmentWriter[] = [];
  readonly #writers = new Map<number, SegmentWriter>();
  readonly #readers = new Map<number, OpenReader>();
  #uses = 0;
  #names = 0;
  /** Segment and number of records that die when the snapshot is taken, in turn. */
  #deaths: number[] = [];

  constructor({ files, prefix, segmentBytes, views }: SegmentLogOptions) {
    this.files = files;
    this.#prefix = prefix;
    this.#segmentBytes = segmentBytes;
    this.#views = views;
  }

  /** A name that no other file of this run has. */
  nextName(ending: string): string {
    this.#names += 1;
    return `${this.#prefix}-${String(this.#names).padStart(6, '0')}.${ending}`;
  }

  /** Begins a record in the current stream, or in that of the snapshot; then `end`. */
  begin(key: RecordKey, isOld: boolean): StateWriter {
    return this.#writer(isOld).begin(key);
  }

  /** Completes the record of `begin`. */
  end(isOld: boolean, place: Place): void {
    const writer = (isOld ? this.#old : this.#main) as SegmentWriter;
    place.ordinal = writer.end();
    this.writtenBytes += writer.segment.lengthOf(place.ordinal);
    place.segment = writer.segment.id;
  }

  /** The image could not be written. */
  undo(isOld: boolean): void {
    (isOld ? this.#old : this.#main)?.undo();
  }

  /** The record counts no longer: at once, or after the snapshot that still needs it. */
  retire(segment: number, ordinal: number): void {
    if (this.#isDeferring) this.#deaths.push(segment, ordinal);
    else this.kill(segment, ordinal);
  }

  kill(segment: number, ordinal: number): void {
    (this.segments[segment] as Segment).kill(ordinal);
  }

  /** What is written from here on belongs to the next epoch. */
  flip(): void {
    this.#detachMain();
    this.epoch += 1;
    this.#isDeferring = true;
  }

  /** Closes the snapshot's stream: its last segment is to be sealed. */
  endOld(): void {
    if (this.#old !== null) this.#unsealed.push(this.#old);
    this.#old = null;
  }

  /** From here on, records die at once. */
  endDeferring(): void {
    this.#isDeferring = false;
  }

  /** Lets some of those die that waited for the snapshot; false when there are none. */
  applyDeaths(count: number): boolean {
    const first = Math.max(0, this.#deaths.length - count * 2);
    for (let i = first; i < this.#deaths.length; i += 2) {
      this.kill(this.#deaths[i] as number, this.#deaths[i + 1] as number);
    }
    this.#deaths.length = first;
    return first > 0;
  }

  /** Seals one finished segment of epochs up to `epoch`; false when there is none. */
  sealNext(epoch: number): boolean {
    const index = this.#unsealed.findIndex(({ segment }) => segment.epoch <= epoch);
    const writer = this.#unsealed[index];
    if (writer === undefined) return false;
    this.#seal(writer);
    this.#unsealed.splice(index, 1);
    return true;
  }

  get hasUnsealed(): boolean {
    return this.#unsealed.length > 0;
  }

  /** Live segments of epochs up to `epoch`, the oldest first. */
  upTo(epoch: number): Segment[] {
    return this.present().filter((segment) => segment.epoch <= epoch && segment.liveCount > 0);
  }

  present(): Segment[] {
    return this.segments.filter((segment) => segment !== undefined);
  }

  /** Opens a segment of a snapshot; all its records are dead until they are revived. */
  adopt(name: string): { readonly segment: Segment; readonly table: SegmentTable } {
    const file = this.files.open(name);
    try {
      const { views, table } = readSegment(file, name);
      const segment = new Segment(this.segments.length, name, 0);
      segment.load(table.offsets, table.count, file.size);
      segment.viewNumbers = this.#numbersOf(views);
      this.segments.push(segment);
      return { segment, table };
    } finally {
      file.close();
    }
  }

  /** Drops sealed segments in which nothing is live. Not while deaths wait. */
  dropDead(): void {
    if (this.#isDeferring || this.#deaths.length > 0) return;
    for (const segment of this.segments) {
      if (segment?.isSealed === true && segment.liveCount === 0) this.#drop(segment);
    }
  }

  /** Reads the record into `data`, from `recordAt` on, and checks it. */
  read(segment: number, ordinal: number): void {
    this.readRun(segment, ordinal, ordinal);
    this.check(segment, ordinal, this.recordAt);
  }

  /** Reads records `first` to `last` of a segment into `data`, from `recordAt` on, unchecked. */
  readRun(id: number, first: number, last: number): void {
    const segment = this.segments[id] as Segment;
    const from = segment.offsets[first] as number;
    const to = segment.offsets[last + 1] as number;
    const writer = this.#writers.get(id);
    this.recordAt = 0;
    if (to - from > this.data.length) this.data = new Uint8Array((to - from) * 2);
    if (writer !== undefined && from >= writer.flushedBytes) {
      const at = from - writer.flushedBytes;
      this.data.set(writer.tail.subarray(at, at + to - from));
      return;
    }
    const count = this.#reader(segment).readInto(this.data, 0, to - from, from);
    if (count !== to - from) throw corrupt(segment.name, from, 'it is too short');
  }

  /** Whether the records lie together: both in the file, or both in its tail. */
  areTogether(id: number, first: number, second: number): boolean {
    const writer = this.#writers.get(id);
    if (writer === undefined) return true;
    const { offsets } = this.segments[id] as Segment;
    const isTail = (offsets[first] as number) >= writer.flushedBytes;
    return isTail === (offsets[second] as number) >= writer.flushedBytes;
  }

  /** The record that was read to `data[at …]` is as it was written. */
  check(id: number, ordinal: number, at: number): void {
    const segment = this.segments[id] as Segment;
    if (isIntact(this.data, at, at + segment.lengthOf(ordinal))) return;
    const offset = segment.offsets[ordinal] as number;
    throw corrupt(segment.name, offset, 'the checksum of a record does not match');
  }

  /** Bytes of files, of records, and of records that count. */
  sizes(): { fileBytes: number; dataBytes: number; liveBytes: number } {
    const sizes = { fileBytes: 0, dataBytes: 0, liveBytes: 0 };
    for (const segment of this.segments) {
      if (segment === undefined) continue;
      sizes.dataBytes += segment.dataBytes;
      sizes.liveBytes += segment.liveBytes;
      sizes.fileBytes += segment.isSealed ? segment.fileBytes : segment.dataBytes;
    }
    return sizes;
  }

  /** Memory in use. */
  get byteLength(): number {
    let bytes = this.data.length + this.#deaths.length * 8;
    for (const segment of this.segments) bytes += segment?.byteLength ?? 0;
    for (const writer of this.#writers.values()) bytes += writer.byteLength;
    return bytes;
  }

  close(): void {
    for (const { file } of this.#readers.values()) file.close();
    for (const writer of this.#writers.values()) writer.close();
    this.#readers.clear();
    this.#writers.clear();
  }

  #seal(writer: SegmentWriter): void {
    writer.seal();
    this.#writers.delete(writer.segment.id);
  }

  #drop(segment: Segment): void {
    this.#readers.get(segment.id)?.file.close();
    this.#readers.delete(segment.id);
    this.segments[segment.id] = undefined;
    if (!segment.isListed) this.files.remove(segment.name);
  }

  #detachMain(): void {
    if (this.#main !== null) this.#unsealed.push(this.#main);
    this.#main = null;
  }

  #writer(isOld: boolean): SegmentWriter {
    const open = isOld ? this.#old : this.#main;
    if (open !== null && open.dataBytes < this.#segmentBytes && !open.isFull) return open;
    if (open !== null) this.#seal(open);
    if (isOld) this.#old = null;
    else this.#main = null;
    this.#header ??= encodeHeader(this.#views());
    const epoch = isOld ? this.epoch - 1 : this.epoch;
    const segment = new Segment(this.segments.length, this.nextName('seg'), epoch);
    const writer = new SegmentWriter(this.files, segment, this.#header);
    this.segments.push(segment);
    this.#writers.set(segment.id, writer);
    if (isOld) this.#old = writer;
    else this.#main = writer;
    return writer;
  }

  /** Which views of this process the numbers in a segment mean; null when they are the same. */
  #numbersOf(theirs: readonly SegmentView[]): Uint8Array | null {
    const ours = this.#views();
    const numbers = theirs.map(({ uid }) => ours.findIndex((view) => view.uid === uid));
    if (numbers.every((number, index) => number === index)) return null;
    return Uint8Array.from(numbers, (number) => (number < 0 ? 255 : number));
  }

  #reader(segment: Segment): StateFileReader {
    let open = this.#readers.get(segment.id);
    if (open === undefined) {
      if (this.#readers.size >= readersMax) this.#closeOldest();
      open = { file: this.files.open(segment.name), lastUse: 0 };
      this.#readers.set(segment.id, open);
    }
    this.#uses += 1;
    open.lastUse = this.#uses;
    return open.file;
  }

  #closeOldest(): void {
    let oldest = -1;
    let use = Number.POSITIVE_INFINITY;
    for (const [id, { lastUse }] of this.#readers) {
      if (lastUse >= use) continue;
      use = lastUse;
      oldest = id;
    }
    this.#readers.get(oldest)?.file.close();
    this.#readers.delete(oldest);
  }
}
