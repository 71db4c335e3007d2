// Writes one segment from front to back. Records collect in a buffer that is the tail of the segment
// until it goes to the file, whole records at a time. When the disk is full nothing is lost: the
// buffer stays, the place in the file stays, and the call may be repeated.
import { keyGroupOf } from '../../../kernel/key-group.ts';
import type { StateFiles, StateFileWriter } from '../../../ports/state-files.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import { encodeFooter, flagsOf, recordsMax, sealRecord, wakeKinds } from './segment-format.ts';
import type { Segment } from './segment.ts';

const bufferBytes = 256 * 1024;
const columnInitial = 1024;

/** The key of a record to be written: `data[start .. end)`. */
export interface RecordKey {
  view: number;
  hash: number;
  data: Uint8Array;
  start: number;
  end: number;
  wakeMs: number;
  idleWakeMs: number;
}

export class SegmentWriter {
  readonly segment: Segment;
  readonly #file: StateFileWriter;
  readonly #buffer = new StateWriter(bufferBytes + bufferBytes / 4);
  #recordStart = 0;
  #hashes = new Uint32Array(columnInitial);
  #views = new Uint8Array(columnInitial);
  #wakes = new Float64Array(columnInitial);
  #idleWakes = new Float64Array(columnInitial);

  constructor(files: StateFiles, segment: Segment, header: Uint8Array) {
    this.segment = segment;
    this.#file = files.create(segment.name);
    this.#buffer.reset();
    this.#buffer.raw(header, 0, header.length);
    segment.startAt(header.length);
  }

  /** Bytes of the segment that are in the file; later ones are in `tail`, from its start on. */
  get flushedBytes(): number {
    return this.#file.position;
  }

  get tail(): Uint8Array {
    return this.#buffer.data;
  }

  /** Bytes of records: what else a file holds must not make it full. */
  get dataBytes(): number {
    return this.segment.dataBytes;
  }

  get isFull(): boolean {
    return this.segment.count >= recordsMax;
  }

  get byteLength(): number {
    return this.#buffer.data.length + this.#hashes.length * 21;
  }

  /** Begins a record: the image goes into the result, then `end` is called. MR_STATE_DISK_FULL. */
  begin({ view, hash, data, start, end, wakeMs, idleWakeMs }: RecordKey): StateWriter {
    if (this.#buffer.length >= bufferBytes) this.flush();
    const { count } = this.segment;
    if (count === this.#hashes.length) this.#growColumns();
    this.#hashes[count] = hash;
    this.#views[count] = view;
    this.#wakes[count] = wakeMs;
    this.#idleWakes[count] = idleWakeMs;
    const buffer = this.#buffer;
    this.#recordStart = buffer.length;
    const flags = flagsOf(wakeMs, idleWakeMs);
    buffer.u32(0);
    buffer.u32(0);
    buffer.u8(view);
    buffer.u8(flags);
    buffer.u16(keyGroupOf(hash));
    buffer.u32(end - start);
    if (flags !== 0) buffer.f64(wakeMs);
    if ((flags & wakeKinds.both) !== 0) buffer.f64(idleWakeMs);
    buffer.raw(data, start, end);
    return buffer;
  }

  /** The record is complete; its number. */
  end(): number {
    const buffer = this.#buffer;
    sealRecord(buffer.data, this.#recordStart, buffer.length);
    return this.segment.add(this.#file.position + buffer.length);
  }

  /** Takes back a record that was begun. */
  undo(): void {
    this.#buffer.length = this.#recordStart;
  }

  /** Appends the image of another segment's record as it is. */
  copy(key: RecordKey, image: Uint8Array, start: number, end: number): number {
    const buffer = this.begin(key);
    buffer.raw(image, start, end);
    return this.end();
  }

  flush(): void {
    const buffer = this.#buffer;
    if (buffer.length === 0) return;
    this.#file.append(buffer.data.subarray(0, buffer.length));
    buffer.reset();
  }

  /** Completes the file. After an error it may be called again. */
  seal(): void {
    const { segment } = this;
    this.flush();
    const table = {
      count: segment.count,
      offsets: segment.offsets,
      hashes: this.#hashes,
      views: this.#views,
      wakes: this.#wakes,
      idleWakes: this.#idleWakes,
    };
    this.#file.append(encodeFooter(table, this.#file.position));
    segment.fileBytes = this.#file.position;
    segment.isSealed = true;
    segment.trim();
    this.#file.close();
  }

  /** Gives the file up. */
  close(): void {
    this.#file.close();
  }

  #growColumns(): void {
    const length = this.#hashes.length * 2;
    this.#hashes = grown(new Uint32Array(length), this.#hashes);
    this.#views = grown(new Uint8Array(length), this.#views);
    this.#wakes = grown(new Float64Array(length), this.#wakes);
    this.#idleWakes = grown(new Float64Array(length), this.#idleWakes);
  }
}

function grown<T extends Uint32Array | Uint8Array | Float64Array>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
