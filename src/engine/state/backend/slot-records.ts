// What the backend knows of every slot of a view: whether it has changed (and since which flip),
// whether it was used lately, where its newest stored image is, and which timer entry stands for it.
// A flip only exchanges the meaning of the two marks: whatever carries the older one is pending.
import { GrowingMemory } from '../growing-memory.ts';
import { Newcomers } from './newcomers.ts';

const marks = 3;
const referenced = 4;
/** No record has come since the key came to memory. */
const fresh = 8;
/** It is among the newcomers. */
const newcomer = 16;
const slotsInitial = 1024;

export class SlotRecords {
  /** Bits 0 and 1: the mark of the epoch of the last change; bit 2: used since it was last looked at. */
  flags: Uint8Array;
  /** The mark of this epoch. */
  mark = 1;
  /** Keys that came lately; only with eviction. */
  readonly newcomers = new Newcomers();
  /** Changed in this epoch; pending: changed before the flip and not written yet. */
  dirtyCount = 0;
  pendingCount = 0;
  /** Per slot: segment + 1, or 0 when nothing is stored; number of the record. */
  #places: Uint32Array;
  /** Times for which the queues of stored timers have an entry; only with eviction. */
  #queued: Float64Array;
  readonly #flagMemory = new GrowingMemory(slotsInitial);
  readonly #placeMemory = new GrowingMemory(slotsInitial * 8);
  readonly #queuedMemory = new GrowingMemory(slotsInitial * 16);
  readonly #hasQueued: boolean;

  constructor(hasQueued: boolean) {
    this.#hasQueued = hasQueued;
    this.flags = new Uint8Array(this.#flagMemory.buffer);
    this.#places = new Uint32Array(this.#placeMemory.buffer);
    this.#queued = new Float64Array(this.#queuedMemory.buffer);
  }

  ensure(count: number): void {
    if (count <= this.flags.length) return;
    this.#flagMemory.ensure(Math.ceil(count / 8) * 8);
    this.flags = new Uint8Array(this.#flagMemory.buffer);
    const { length } = this.flags;
    this.#placeMemory.ensure(length * 8);
    this.#places = new Uint32Array(this.#placeMemory.buffer);
    if (!this.#hasQueued) return;
    this.#queuedMemory.ensure(length * 16);
    this.#queued = new Float64Array(this.#queuedMemory.buffer);
  }

  /** What has changed is pending from here on; nothing may be pending before. */
  flip(): void {
    this.pendingCount = this.dirtyCount;
    this.dirtyCount = 0;
    this.mark = this.mark === 1 ? 2 : 1;
  }

  isDirty(slot: number): boolean {
    return ((this.flags[slot] as number) & marks) === this.mark;
  }

  isPending(slot: number): boolean {
    return ((this.flags[slot] as number) & marks) === marks - this.mark;
  }

  /** It changes: it must not be pending. */
  setDirty(slot: number): void {
    if (!this.isDirty(slot)) this.dirtyCount += 1;
    this.flags[slot] = ((this.flags[slot] as number) & ~marks) | this.mark;
  }

  /** Its newest image is stored. */
  setClean(slot: number): void {
    const flags = this.flags[slot] as number;
    if ((flags & marks) === this.mark) this.dirtyCount -= 1;
    else if ((flags & marks) !== 0) this.pendingCount -= 1;
    this.flags[slot] = flags & ~marks;
  }

  /** What is pending has changed in this epoch instead. */
  pendingToDirty(slot: number): void {
    this.pendingCount -= 1;
    this.dirtyCount += 1;
    this.flags[slot] = ((this.flags[slot] as number) & ~marks) | this.mark;
  }

  /** The first pending slot from `from` on and below `end`, or `end`. */
  nextPending(from: number, end: number): number {
    const { flags } = this;
    const pending = marks - this.mark;
    for (let slot = from; slot < end; slot++) {
      if (((flags[slot] as number) & marks) === pending) return slot;
    }
    return end;
  }

  /** Whether the slot was used by records and has changed in this epoch: then it need not be told. */
  isHot(slot: number): boolean {
    return ((this.flags[slot] as number) & (marks | referenced)) === (this.mark | referenced);
  }

  /** A record came: the first one of a key that came to memory for it does not count. */
  setUsed(slot: number): void {
    const flags = this.flags[slot] as number;
    this.flags[slot] = (flags & fresh) === 0 ? flags | referenced : flags & ~fresh;
  }

  /** The key came to memory. */
  enter(slot: number): void {
    this.flags[slot] = (this.flags[slot] as number) | fresh | newcomer;
    this.newcomers.push(slot);
  }

  isNewcomer(slot: number): boolean {
    return ((this.flags[slot] as number) & newcomer) !== 0;
  }

  /** It is a newcomer no longer. */
  settle(slot: number): void {
    this.flags[slot] = (this.flags[slot] as number) & ~newcomer;
  }

  /** Whether it was used since the last call. */
  takeReference(slot: number): boolean {
    const flags = this.flags[slot] as number;
    this.flags[slot] = flags & ~referenced;
    return (flags & referenced) !== 0;
  }

  /** Segment of the newest stored image, or −1. */
  segment(slot: number): number {
    return (this.#places[slot * 2] as number) - 1;
  }

  ordinal(slot: number): number {
    return this.#places[slot * 2 + 1] as number;
  }

  setPlace(slot: number, segment: number, ordinal: number): void {
    this.#places[slot * 2] = segment + 1;
    this.#places[slot * 2 + 1] = ordinal;
  }

  /** Time of the entry in the queue of stored timers; NaN without one. */
  queued(slot: number): number {
    return this.#queued[slot * 2] as number;
  }

  /** The same for the time that counts while idle, where that is another. */
  idleQueued(slot: number): number {
    return this.#queued[slot * 2 + 1] as number;
  }

  setQueued(slot: number, time: number, idleTime: number): void {
    this.#queued[slot * 2] = time;
    this.#queued[slot * 2 + 1] = idleTime;
  }

  /** The slot holds no key any more; it is neither dirty nor pending. */
  clear(slot: number): void {
    this.flags[slot] = 0;
    this.#places[slot * 2] = 0;
    if (this.#hasQueued) this.setQueued(slot, Number.NaN, Number.NaN);
  }

  get byteLength(): number {
    return (
      this.#flagMemory.byteLength +
      this.newcomers.byteLength +
      this.#placeMemory.byteLength +
      (this.#hasQueued ? this.#queuedMemory.byteLength : 0)
    );
  }
}
