// The keys of an operator as its state backend sees them: writes, reads and drops them, and keeps
// count of which are in memory and which are in use by rows at hand. The operator tells this class
// what it does; it tells the backend.
import type { StateReader } from '../../state/bytes/state-reader.ts';
import type { StateWriter } from '../../state/bytes/state-writer.ts';
import type {
  KeyImages,
  ReadHeadOptions,
  Residence,
  ViewStateSchema,
} from '../../state/residence.ts';
import { enlargeInts } from '../../state/slot-arrays.ts';
import { cleanUpTimer, expiryTimer, mainTimer } from '../view-parts.ts';
import type { ImageOwner } from './image-owner.ts';
import { readHead, writeHead } from './state-head.ts';
import { schemaOf } from './state-schema.ts';

/** The queue is made anew when it holds so many times the timers that keys in memory can have. */
const staleFactor = 4;
const staleMin = 4096;
/** Memory of windows is tidied when so much of it is not in use, and so large a part of what is. */
const slackBytesMin = 4 * 1024 * 1024;
const slackPart = 1 / 8;
const tidiedKeys = 64;

export class ResidentKeys implements KeyImages {
  readonly schema: ViewStateSchema;
  readonly #owner: ImageOwner;
  readonly #residence: Residence;
  /** Per slot: 1 if the backend knows that the key is in memory. */
  #known: Int32Array = new Int32Array(0);
  /** Per slot: in which batch a row of the key was last at hand. */
  #pins: Int32Array = new Int32Array(0);
  #now = 1;
  /** The key that was tidied last. */
  #hand = 0;
  #made: Int32Array = new Int32Array(64);
  readonly #timersPerKey: number;
  readonly #bytesPerKey: number;

  constructor(owner: ImageOwner, create: (images: KeyImages) => Residence) {
    const { windows, states } = owner.parts;
    this.#owner = owner;
    this.schema = schemaOf(owner.parts);
    this.#timersPerKey = 2 + owner.admission.cleanUpCount;
    this.#bytesPerKey = windows.reduce(
      (sum, window) => sum + window.bytesPerKey,
      states.bytesPerKey + owner.admission.bytesPerKey,
    );
    this.#residence = create(this);
  }

  /** The rows `first .. end` of the store were resolved to slots: their keys come to memory. */
  takeRows(first: number, end: number): void {
    const { slot } = this.#owner.parts.store;
    this.#grow();
    let made = 0;
    for (let row = first; row < end; row++) {
      const key = slot[row] as number;
      this.#pins[key] = this.#now;
      if (this.#known[key] === 1) continue;
      this.#known[key] = 1;
      if (made === this.#made.length) this.#made = enlargeInts(this.#made, made * 2);
      this.#made[made++] = key;
    }
    if (made > 0) this.#residence.arrived(this.#made, made);
  }

  /** Records of these keys are about to be processed. */
  use(slots: Int32Array, first: number, end: number): void {
    this.#residence.use(slots, first, end);
  }

  touch(slots: Int32Array, first: number, end: number): void {
    this.#residence.touch(slots, first, end);
  }

  touchOne(slot: number): void {
    this.#residence.touchOne(slot);
  }

  touchAll(): void {
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.isLive(slot)) this.#residence.touchOne(slot);
    }
  }

  /** Whether stored keys had to come in first, before the operator goes on at `nextMs`. */
  isWaking(nextMs: number, limitMs: number, isIdle: boolean): boolean {
    const time = this.#residence.coldWakeMs(isIdle);
    return time < nextMs && time <= limitMs;
  }

  /** When the next stored key has to come in. */
  get coldWakeMs(): number {
    return this.#residence.coldWakeMs(false);
  }

  wake(limitMs: number, isIdle: boolean): boolean {
    return this.#residence.wake(limitMs, isIdle);
  }

  /** Shows all stored keys, some at a time; those shown leave again when memory is scarce. */
  visitStored(visit: (slots: Int32Array, count: number) => void): void {
    this.#residence.visitStored((slots, count) => {
      visit(slots, count);
      this.relieve();
    });
  }

  /** The slot is about to be freed. */
  forgot(slot: number): void {
    this.#residence.forgot(slot);
    this.#known[slot] = 0;
  }

  /** The batch is done. */
  settle(): void {
    this.#now += 1;
    this.relieve();
    this.#tidy();
  }

  /** Lets the backend evict; rows at hand stay so. */
  relieve(): void {
    this.#residence.settle();
    const { timers, keys } = this.#owner.parts;
    const most = staleMin + staleFactor * this.#timersPerKey * keys.size;
    if (timers.size > most) this.#renewTimers();
  }

  get slotCount(): number {
    return this.#owner.parts.keys.slotCount;
  }

  get size(): number {
    return this.#owner.parts.keys.size;
  }

  isLive(slot: number): boolean {
    return this.#owner.parts.keys.isLive(slot);
  }

  get keyData(): Uint8Array {
    return this.#owner.parts.keys.data;
  }

  keyStart(slot: number): number {
    return this.#owner.parts.keys.bounds[slot * 2] as number;
  }

  keyEnd(slot: number): number {
    return this.#owner.parts.keys.bounds[slot * 2 + 1] as number;
  }

  find(data: Uint8Array, start: number, end: number): number {
    return this.#owner.parts.keys.find(data, start, end);
  }

  insert(data: Uint8Array, start: number, end: number): number {
    const slot = this.#owner.parts.keys.findOrInsert(data, start, end);
    this.#owner.ensureSlots();
    this.#grow();
    this.#known[slot] = 1;
    return slot;
  }

  writeKey(slot: number, to: StateWriter): void {
    const { admission, rows, parts } = this.#owner;
    const section = to.beginSection();
    parts.states.writeKey(slot, to);
    admission.writeKey(slot, to);
    rows.writeKey(slot, to);
    to.endSection(section);
    for (const window of parts.windows) {
      const start = to.beginSection();
      window.writeKey(slot, to);
      to.endSection(start);
    }
  }

  readKey(slot: number, from: StateReader): void {
    const { admission, rows, parts } = this.#owner;
    const end = from.sectionEnd();
    parts.states.readKey(slot, from);
    admission.readKey(slot, from);
    rows.readKey(slot, from);
    from.expectEnd(end, 'the head of a key');
    for (const window of parts.windows) {
      const windowEnd = from.sectionEnd();
      window.readKey(slot, from);
      from.expectEnd(windowEnd, 'a window');
    }
    this.#setTimers(slot);
  }

  evict(slot: number): void {
    const { admission, rows, parts } = this.#owner;
    for (const window of parts.windows) window.clear(slot);
    admission.clear(slot);
    rows.clear(slot);
    parts.states.clear(slot);
    this.#known[slot] = 0;
    parts.keys.free(slot);
  }

  isEvictable(slot: number): boolean {
    return this.#pins[slot] !== this.#now && !this.#owner.parts.states.hasRows(slot);
  }

  wakeMs(slot: number): number {
    const { parts, admission, head } = this.#owner;
    const main = parts.states.scheduled(slot);
    if (head().isEnding) return main;
    const cleanUp = admission.firstCleanUp(slot);
    return Math.min(main, parts.states.expiryTimer(slot), cleanUp);
  }

  idleWakeMs(slot: number): number {
    return this.#owner.parts.states.scheduled(slot);
  }

  get liveBytes(): number {
    const { keys, windows } = this.#owner.parts;
    let bytes = keys.liveBytes + keys.size * this.#bytesPerKey + this.#owner.rows.liveBytes;
    for (let i = 0; i < windows.length; i++) bytes += windows[i]?.liveBytes ?? 0;
    return bytes;
  }

  get slackBytes(): number {
    return Math.min(this.#slack(), this.liveBytes * slackPart);
  }

  writeHead(to: StateWriter): void {
    writeHead(this.#owner, to);
  }

  readHead(from: StateReader, options: ReadHeadOptions): void {
    const first = this.#owner.parts.store.length;
    readHead(this.#owner, from, options);
    this.takeRows(first, this.#owner.parts.store.length);
  }

  /** Puts the timers of a key that was read into the queue. */
  #setTimers(slot: number): void {
    const { parts, admission, head, schedule } = this.#owner;
    const { states, timers } = parts;
    const main = states.scheduled(slot);
    if (head().isEnding) {
      states.schedule(slot, Number.POSITIVE_INFINITY);
      schedule(slot);
      return;
    }
    if (main < Number.POSITIVE_INFINITY) timers.push(main, slot, mainTimer);
    const expiry = states.expiryTimer(slot);
    if (expiry < Number.POSITIVE_INFINITY) timers.push(expiry, slot, expiryTimer);
    for (let i = 0; i < parts.layout.windows.length; i++) {
      const cleanUp = admission.pendingCleanUp(slot, i);
      if (cleanUp > Number.NEGATIVE_INFINITY) timers.push(cleanUp, slot, cleanUpTimer + i);
    }
  }

  /** While much memory is taken and not in use: some keys a batch, in turn. */
  #tidy(): void {
    const { windows } = this.#owner.parts;
    const slack = this.#slack();
    if (slack < slackBytesMin || slack < this.liveBytes * slackPart) return;
    const { slotCount } = this;
    for (let left = Math.min(tidiedKeys, slotCount); left > 0; left--) {
      this.#hand = this.#hand + 1 < slotCount ? this.#hand + 1 : 0;
      if (!this.isLive(this.#hand)) continue;
      for (let i = 0; i < windows.length; i++) windows[i]?.tidy?.(this.#hand);
    }
  }

  #slack(): number {
    const { windows } = this.#owner.parts;
    let slack = 0;
    for (let i = 0; i < windows.length; i++) slack += windows[i]?.slackBytes ?? 0;
    return slack;
  }

  /** Drops the entries of keys that have left. */
  #renewTimers(): void {
    this.#owner.parts.timers.clear();
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.isLive(slot)) this.#setTimers(slot);
    }
  }

  #grow(): void {
    if (this.slotCount <= this.#known.length) return;
    this.#known = enlargeInts(this.#known, this.slotCount);
    this.#pins = enlargeInts(this.#pins, this.#known.length);
  }
}
