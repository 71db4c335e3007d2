// Brings stored keys into memory: those that records ask for, and those whose timers are due. The key
// in a record is compared byte by byte, since the index knows only hashes.
import { hashBytes } from '../../../kernel/hash.ts';
import { StateReader } from '../bytes/state-reader.ts';
import type { KeyImages } from '../residence.ts';
import { type ColdKeys, emptyKeyTimes, type KeyTimes } from './cold-keys.ts';
import { batchMax, RecordBatch } from './record-batch.ts';
import { emptyRecordParts, parseRecord } from './segment-format.ts';
import type { SegmentLog } from './segment-log.ts';
import type { SlotRecords } from './slot-records.ts';
import { emptyStoredEntry, type StoredEntry } from './stored-index.ts';

/** Keys that one call of `wake` looks at. */
const wokenMax = 512;
/** Keys whose places in the index are touched ahead together. */
const blockKeys = 256;

export class LoadedKeys {
  readonly #log: SegmentLog;
  readonly #images: KeyImages;
  readonly #slots: SlotRecords;
  readonly #cold: ColdKeys;
  readonly #batch: RecordBatch;
  readonly #parts = emptyRecordParts();
  readonly #times: KeyTimes = emptyKeyTimes();
  readonly #reader = new StateReader(new Uint8Array(0));
  readonly #entry: StoredEntry = emptyStoredEntry();
  readonly #hashes = new Uint32Array(blockKeys);
  /** Per tag of the batch: slot and hash. */
  readonly #wantedSlots = new Int32Array(batchMax);
  readonly #wantedHashes = new Uint32Array(batchMax);
  /** Tags whose first candidate was another key of the same hash. */
  #others: number[] = [];
  #limitMs = 0;
  #isIdle = false;
  #wokenCount = 0;
  /** Slots of stored keys that are shown, and their view. */
  readonly #shown = new Int32Array(blockKeys);
  #shownCount = 0;
  #view = 0;

  constructor(log: SegmentLog, images: KeyImages, slots: SlotRecords, cold: ColdKeys) {
    this.#log = log;
    this.#images = images;
    this.#slots = slots;
    this.#cold = cold;
    this.#batch = new RecordBatch(log);
  }

  /** Reads those of the new slots' keys that are stored. */
  arrived(slots: Int32Array, count: number): void {
    for (let from = 0; from < count; from += blockKeys) {
      const end = Math.min(count, from + blockKeys);
      this.#hashKeys(slots, from, end);
      this.#cold.index.touch(this.#hashes, end - from);
      for (let i = from; i < end; i++) {
        this.#lookUp(slots[i] as number, this.#hashes[i - from] as number);
        this.#slots.enter(slots[i] as number);
      }
    }
    this.#readWanted();
  }

  /** Brings in keys that are due at `limitMs`; false when there are none. */
  wake(limitMs: number, isIdle: boolean): boolean {
    this.#limitMs = limitMs;
    this.#isIdle = isIdle;
    this.#wokenCount = 0;
    while (this.#wokenCount === 0) {
      let more = true;
      while (more && this.#batch.count < wokenMax) {
        more = this.#cold.takeDue(limitMs, isIdle, this.#want);
      }
      this.#batch.visit(this.#visitDue);
      if (!more) break;
    }
    return this.#wokenCount > 0;
  }

  /** Shows the keys of view `view` that are stored now; see `Residence`. */
  visitStored(view: number, visit: (slots: Int32Array, count: number) => void): void {
    this.#view = view;
    const segments = this.#log.present().map((segment) => ({ segment, end: segment.count }));
    for (const { segment, end } of segments) {
      for (let ordinal = 0; ordinal < end; ) {
        for (; ordinal < end && this.#batch.count < blockKeys; ordinal++) {
          if (segment.isLive(ordinal)) this.#batch.add(segment.id, ordinal, this.#batch.count);
        }
        this.#shownCount = 0;
        this.#batch.visit(this.#visitStored);
        if (this.#shownCount > 0) visit(this.#shown, this.#shownCount);
      }
    }
  }

  readonly #want = (hash: number, { segment, ordinal }: StoredEntry): void => {
    const tag = this.#batch.count;
    this.#wantedHashes[tag] = hash;
    this.#batch.add(segment, ordinal, tag);
  };

  readonly #visitWanted = (tag: number, at: number, segment: number, ordinal: number): void => {
    const slot = this.#wantedSlots[tag] as number;
    parseRecord(this.#log.data, at, this.#parts);
    if (this.#isKeyOf(slot)) this.#load(slot, this.#wantedHashes[tag] as number, segment, ordinal);
    else this.#others.push(tag);
  };

  readonly #visitDue = (tag: number, at: number, segment: number, ordinal: number): void => {
    const hash = this.#wantedHashes[tag] as number;
    const entry = this.#find(hash, segment, ordinal);
    if (entry === null) return;
    const times = this.#takeParts(at);
    const time = this.#isIdle ? times.idleWakeMs : times.wakeMs;
    if (time > this.#limitMs) {
      this.#cold.requeue(hash, entry, times, this.#isIdle);
      return;
    }
    this.#cold.woken(entry, times, this.#isIdle);
    this.#cold.index.take(hash, segment, ordinal, entry);
    this.#bringIn(segment, ordinal);
    this.#wokenCount += 1;
  };

  readonly #visitStored = (_: number, at: number, segment: number, ordinal: number): void => {
    const { data, segments } = this.#log;
    const times = this.#takeParts(at);
    const { view, keyStart, keyEnd } = this.#parts;
    if ((segments[segment]?.viewNumbers?.[view] ?? view) !== this.#view) return;
    const hash = hashBytes(data, keyStart, keyEnd);
    if (!this.#cold.index.take(hash, segment, ordinal, this.#entry)) return;
    this.#cold.found(this.#entry, times);
    this.#shown[this.#shownCount++] = this.#bringIn(segment, ordinal);
  };

  /** The record in `#parts` becomes a key in memory; its slot. */
  #bringIn(segment: number, ordinal: number): number {
    const { data } = this.#log;
    const { keyStart, keyEnd, end } = this.#parts;
    const slot = this.#images.insert(data, keyStart, keyEnd);
    this.#slots.ensure(this.#images.slotCount);
    this.#slots.clear(slot);
    this.#slots.enter(slot);
    this.#place(slot, segment, ordinal);
    this.#reader.reset(data, keyEnd, end);
    this.#images.readKey(slot, this.#reader);
    return slot;
  }

  #hashKeys(slots: Int32Array, from: number, end: number): void {
    const images = this.#images;
    const { keyData } = images;
    for (let i = from; i < end; i++) {
      const slot = slots[i] as number;
      this.#hashes[i - from] = hashBytes(keyData, images.keyStart(slot), images.keyEnd(slot));
    }
  }

  /** Wants the record of the slot's key if there may be one. */
  #lookUp(slot: number, hash: number): void {
    this.#slots.clear(slot);
    if (!this.#cold.index.first(hash, this.#entry)) return;
    const tag = this.#batch.count;
    this.#wantedSlots[tag] = slot;
    this.#wantedHashes[tag] = hash;
    this.#batch.add(this.#entry.segment, this.#entry.ordinal, tag);
    if (this.#batch.isFull) this.#readWanted();
  }

  #readWanted(): void {
    if (this.#batch.count === 0) return;
    this.#batch.visit(this.#visitWanted);
    if (this.#others.length === 0) return;
    const others = this.#others;
    this.#others = [];
    for (const tag of others) this.#loadAmong(tag);
  }

  /** Several stored keys have the hash: the slot's key may be any of them, or none. */
  #loadAmong(tag: number): void {
    const hash = this.#wantedHashes[tag] as number;
    const slot = this.#wantedSlots[tag] as number;
    const candidates: number[] = [];
    const entry = this.#entry;
    const { index } = this.#cold;
    for (let any = index.first(hash, entry); any; any = index.next(entry)) {
      candidates.push(entry.segment, entry.ordinal);
    }
    for (let i = 0; i < candidates.length; i += 2) {
      const segment = candidates[i] as number;
      const ordinal = candidates[i + 1] as number;
      this.#log.read(segment, ordinal);
      parseRecord(this.#log.data, this.#log.recordAt, this.#parts);
      if (this.#isKeyOf(slot)) return this.#load(slot, hash, segment, ordinal);
    }
  }

  #isKeyOf(slot: number): boolean {
    const { keyStart, keyEnd } = this.#parts;
    const { keyData } = this.#images;
    const start = this.#images.keyStart(slot);
    if (this.#images.keyEnd(slot) - start !== keyEnd - keyStart) return false;
    const { data } = this.#log;
    for (let i = keyStart, at = start; i < keyEnd; i++, at++) {
      if (data[i] !== keyData[at]) return false;
    }
    return true;
  }

  /** The record in `#parts` is that of the slot's key. */
  #load(slot: number, hash: number, segment: number, ordinal: number): void {
    const entry = this.#entry;
    if (!this.#cold.index.take(hash, segment, ordinal, entry)) {
      throw new Error('a stored key left the index while it was read');
    }
    const { keyEnd, end, wakeMs, idleWakeMs } = this.#parts;
    this.#times.wakeMs = wakeMs;
    this.#times.idleWakeMs = idleWakeMs;
    this.#cold.found(entry, this.#times);
    this.#place(slot, segment, ordinal);
    this.#reader.reset(this.#log.data, keyEnd, end);
    this.#images.readKey(slot, this.#reader);
  }

  /** From here on the key is in memory, as it is stored. */
  #place(slot: number, segment: number, ordinal: number): void {
    this.#slots.setPlace(slot, segment, ordinal);
    this.#slots.setQueued(slot, this.#times.queued, this.#times.idleQueued);
  }

  #takeParts(at: number): KeyTimes {
    parseRecord(this.#log.data, at, this.#parts);
    this.#times.wakeMs = this.#parts.wakeMs;
    this.#times.idleWakeMs = this.#parts.idleWakeMs;
    return this.#times;
  }

  #find(hash: number, segment: number, ordinal: number): StoredEntry | null {
    const entry = this.#entry;
    const { index } = this.#cold;
    for (let any = index.first(hash, entry); any; any = index.next(entry)) {
      if (entry.segment === segment && entry.ordinal === ordinal) return entry;
    }
    return null;
  }
}
