// The state of one view: its operator's slots on one side, the log on the other. A slot is clean (its
// newest image is stored), dirty (it changed in this epoch) or pending (it changed before the flip of
// a snapshot that has not written it yet). Nobody changes a pending slot: `touch` writes it first.
import { hashBytes } from '../../../kernel/hash.ts';
import { StateReader } from '../bytes/state-reader.ts';
import { StateWriter } from '../bytes/state-writer.ts';
import type { ImageTranslation, KeyImages, Residence } from '../residence.ts';
import { type ColdKeys, emptyKeyTimes } from './cold-keys.ts';
import { LoadedKeys } from './loaded-keys.ts';
import { emptyRecordParts, parseRecord } from './segment-format.ts';
import type { Place, SegmentLog } from './segment-log.ts';
import type { RecordKey } from './segment-writer.ts';
import { SlotRecords } from './slot-records.ts';

const never = Number.POSITIVE_INFINITY;

export interface ViewBackendOptions {
  readonly uid: string;
  /** Its number in the records that this run writes. */
  readonly number: number;
  readonly images: KeyImages;
  readonly log: SegmentLog;
  /** Null when all keys stay in memory. */
  readonly cold: ColdKeys | null;
  /** After each batch. */
  readonly onSettle: () => void;
  /** An old image could not be written: nothing is pending when it returns. */
  readonly onSnapshotError: (error: unknown) => void;
}

export class ViewBackend implements Residence {
  readonly uid: string;
  readonly number: number;
  readonly images: KeyImages;
  readonly slots: SlotRecords;
  readonly cold: ColdKeys | null;
  readonly #log: SegmentLog;
  readonly #loaded: LoadedKeys | null;
  readonly #onSettle: () => void;
  readonly #onSnapshotError: (error: unknown) => void;
  readonly #key: RecordKey;
  readonly #place: Place = { segment: 0, ordinal: 0 };
  readonly #times = emptyKeyTimes();
  readonly #hashes = new Uint32Array(256);
  readonly #parts = emptyRecordParts();
  readonly #reader = new StateReader(new Uint8Array(0));

  constructor(options: ViewBackendOptions) {
    const { uid, number, images, log, cold } = options;
    this.uid = uid;
    this.number = number;
    this.images = images;
    this.cold = cold;
    this.slots = new SlotRecords(cold !== null);
    this.#log = log;
    this.#onSettle = options.onSettle;
    this.#onSnapshotError = options.onSnapshotError;
    this.#loaded = cold === null ? null : new LoadedKeys(log, images, this.slots, cold);
    const data = new Uint8Array(0);
    const times = { wakeMs: never, idleWakeMs: never };
    this.#key = { view: number, hash: 0, data, start: 0, end: 0, ...times };
  }

  arrived(slots: Int32Array, count: number): void {
    this.slots.ensure(this.images.slotCount);
    this.#loaded?.arrived(slots, count);
  }

  touch(slots: Int32Array, first: number, end: number): void {
    for (let i = first; i < end; i++) this.touchOne(slots[i] as number);
  }

  touchOne(slot: number): void {
    if (!this.slots.isDirty(slot)) this.#change(slot);
  }

  use(slots: Int32Array, first: number, end: number): void {
    for (let i = first; i < end; i++) {
      const slot = slots[i] as number;
      if (this.slots.isHot(slot)) continue;
      if (!this.slots.isDirty(slot)) this.#change(slot);
      this.slots.setUsed(slot);
    }
  }

  coldWakeMs(isIdle: boolean): number {
    return this.cold === null ? never : this.cold.lowerBound(isIdle);
  }

  wake(limitMs: number, isIdle: boolean): boolean {
    return this.#loaded?.wake(limitMs, isIdle) ?? false;
  }

  visitStored(visit: (slots: Int32Array, count: number) => void): void {
    this.#loaded?.visitStored(this.number, visit);
  }

  forgot(slot: number): void {
    const { slots } = this;
    if (slots.isPending(slot)) throw new Error(`slot ${slot} was forgotten before it was touched`);
    const segment = slots.segment(slot);
    if (segment >= 0) this.#log.retire(segment, slots.ordinal(slot));
    slots.setClean(slot);
    slots.clear(slot);
  }

  settle(): void {
    this.#onSettle();
  }

  /** Writes the image of a slot that has changed: for the snapshot that is taken, or for now. */
  write(slot: number, isOld: boolean, knownHash = -1): void {
    const { images, slots } = this;
    const log = this.#log;
    const key = this.#key;
    key.data = images.keyData;
    key.start = images.keyStart(slot);
    key.end = images.keyEnd(slot);
    key.hash = knownHash < 0 ? hashBytes(key.data, key.start, key.end) : knownHash;
    key.wakeMs = images.wakeMs(slot);
    key.idleWakeMs = images.idleWakeMs(slot);
    const writer = log.begin(key, isOld);
    try {
      images.writeKey(slot, writer);
    } catch (error) {
      log.undo(isOld);
      throw error;
    }
    log.end(isOld, this.#place);
    const segment = slots.segment(slot);
    if (segment >= 0 && isOld) log.kill(segment, slots.ordinal(slot));
    else if (segment >= 0) log.retire(segment, slots.ordinal(slot));
    slots.setPlace(slot, this.#place.segment, this.#place.ordinal);
    slots.setClean(slot);
  }

  /** Drops up to 256 keys from memory, written first when they have changed. */
  evict(leaving: Int32Array, count: number, cold: ColdKeys): void {
    const { images } = this;
    const hashes = this.#hashes;
    const { keyData } = images;
    for (let i = 0; i < count; i++) {
      const slot = leaving[i] as number;
      hashes[i] = hashBytes(keyData, images.keyStart(slot), images.keyEnd(slot));
    }
    cold.index.touch(hashes, count);
    for (let i = 0; i < count; i++) this.#evict(leaving[i] as number, hashes[i] as number, cold);
  }

  /** Takes in a stored key that memory does not have; its record is `log.data[at …]`. */
  insert(at: number, segment: number, ordinal: number): void {
    const { images, slots } = this;
    const { data } = this.#log;
    const parts = this.#parts;
    parseRecord(data, at, parts);
    const slot = images.insert(data, parts.keyStart, parts.keyEnd);
    slots.ensure(images.slotCount);
    slots.clear(slot);
    this.#reader.reset(data, parts.keyEnd, parts.end);
    images.readKey(slot, this.#reader);
    slots.setPlace(slot, segment, ordinal);
  }

  /** As `insert`, of a key whose image another definition wrote; it is dirty from the start. */
  insertTranslated(at: number, translation: ImageTranslation): void {
    const { images, slots } = this;
    const { data } = this.#log;
    const parts = this.#parts;
    parseRecord(data, at, parts);
    const translated = new StateWriter();
    translation.translateKey(new StateReader(data, parts.keyEnd, parts.end), translated);
    const slot = images.insert(data, parts.keyStart, parts.keyEnd);
    slots.ensure(images.slotCount);
    slots.clear(slot);
    this.#reader.reset(translated.data, 0, translated.length);
    images.readKey(slot, this.#reader);
    slots.setDirty(slot);
    this.#onSettle();
  }

  /** Keys, in memory or not. */
  get entries(): number {
    return this.images.size + (this.cold?.index.size ?? 0);
  }

  /** Memory beside what the keys in memory use. */
  get byteLength(): number {
    return this.slots.byteLength + (this.cold?.byteLength ?? 0) + this.images.slackBytes;
  }

  #evict(slot: number, hash: number, cold: ColdKeys): void {
    const { images, slots } = this;
    if (slots.isPending(slot)) this.write(slot, true, hash);
    else if (slots.isDirty(slot) || slots.segment(slot) < 0) this.write(slot, false, hash);
    const times = this.#times;
    times.wakeMs = images.wakeMs(slot);
    times.idleWakeMs = images.idleWakeMs(slot);
    times.queued = slots.queued(slot);
    times.idleQueued = slots.idleQueued(slot);
    cold.add(hash, slots.segment(slot), slots.ordinal(slot), times);
    slots.clear(slot);
    images.evict(slot);
  }

  #change(slot: number): void {
    if (this.slots.isPending(slot)) this.#writeOld(slot);
    this.slots.setDirty(slot);
  }

  /** A snapshot that cannot be written must not stop the operator. */
  #writeOld(slot: number): void {
    try {
      this.write(slot, true);
    } catch (error) {
      this.#onSnapshotError(error);
    }
  }
}
