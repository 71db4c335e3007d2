// Encoded keys to dense slots. Open addressing over typed arrays, linear probing, load ≤ 1/2; the
// bytes of all keys lie in one arena. A slot keeps its number until it is freed; freed slots are used
// again, and so is the room of their keys, by keys of about the same length.
// Growing is spread over the inserts that follow: entries move from the old index a few at a time.
import { hashBytes } from '../../kernel/hash.ts';
import { GrowingMemory } from './growing-memory.ts';

const initialCapacity = 1024;
const empty = 0;
const deleted = -1;
const entryNumbers = 4;
/** Entries of the old index that each insert moves: it is through before the new one can be full. */
const movedPerInsert = 32;
/** Room for keys comes in pieces of this many bytes. */
const roomBytes = 8;

/** Of a key beside its bytes: bounds, hash, and two entries of the index. */
const bytesPerKey = 45;

/** Shorter keys are copied byte by byte: that costs less than a view of them. */
const copiedMax = 64;

/** Most keys of one call of `resolve`. */
export const resolveMax = 256;

export interface KeyBounds {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
}

/** Numbers keys from 0 upward; `data` holds their bytes. */
export class KeyTable {
  /** Void after the next key came in: take it anew. */
  data: Uint8Array;
  /** Per slot where the bytes of its key begin and end in `data`. */
  bounds: Int32Array;
  /** Number of slots ever used: all slots are below it. */
  slotCount = 0;
  /** Number of keys present. */
  size = 0;
  readonly #dataMemory = new GrowingMemory(1 << 14);
  readonly #boundsMemory = new GrowingMemory(initialCapacity * 8);
  readonly #hashesMemory = new GrowingMemory(initialCapacity * 4);
  readonly #liveMemory = new GrowingMemory(initialCapacity);
  #hashes: Int32Array;
  #live: Uint8Array;
  /** Entries of four numbers: slot + 1, hash, start and length of the key's bytes. */
  #index: Int32Array = new Int32Array(initialCapacity * 2 * entryNumbers);
  #used = 0;
  /** The index before the last growth, while entries are still moving; those before `#moved` have. */
  #old: Int32Array | null = null;
  #moved = 0;
  /** Hash of the key that is looked for. */
  #sought = 0;
  #dataLength = 0;
  /** Bytes of the keys present. */
  #keyBytes = 0;
  #free: number[] = [];
  /** Per number of pieces: where keys lay that are gone. */
  readonly #rooms = new Map<number, number[]>();
  readonly #resolveHashes = new Int32Array(resolveMax);
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;

  constructor() {
    this.data = new Uint8Array(this.#dataMemory.buffer);
    this.bounds = new Int32Array(this.#boundsMemory.buffer);
    this.#hashes = new Int32Array(this.#hashesMemory.buffer);
    this.#live = new Uint8Array(this.#liveMemory.buffer);
  }

  /** The slot of the key `source[start .. end)`, made when it is new. */
  findOrInsert(source: Uint8Array, start: number, end: number): number {
    return this.#findOrInsert(source, start, end, hashBytes(source, start, end) | 0);
  }

  /**
   * As `findOrInsert` for up to `resolveMax` keys: key i is `source[starts[i] .. ends[i])`. Memory is
   * touched for all of them before it is needed, so that the processor waits for it once.
   */
  resolve(source: Uint8Array, bounds: KeyBounds, slots: Int32Array, first: number): void {
    const { starts, ends, count } = bounds;
    const hashes = this.#resolveHashes;
    for (let i = 0; i < count; i++) {
      hashes[i] = hashBytes(source, starts[i] as number, ends[i] as number) | 0;
    }
    this.#touch(hashes, count);
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number;
      slots[first + i] = this.#findOrInsert(source, starts[i] as number, ends[i] as number, hash);
    }
  }

  #findOrInsert(source: Uint8Array, start: number, end: number, hash: number): number {
    const slot = this.#locate(source, start, end, hash);
    return slot >= 0 ? slot : this.#insert(source, start, end, hash);
  }

  #touch(hashes: Int32Array, count: number): void {
    const index = this.#index;
    const data = this.data;
    const mask = index.length - 1;
    let touched = 0;
    for (let i = 0; i < count; i++) touched ^= index[((hashes[i] as number) << 2) & mask] as number;
    for (let i = 0; i < count; i++) {
      touched ^= data[index[(((hashes[i] as number) << 2) & mask) + 2] as number] ?? 0;
    }
    this.touched = touched;
  }

  /** The slot of a key, or -1. */
  find(source: Uint8Array, start: number, end: number): number {
    return this.#locate(source, start, end, hashBytes(source, start, end) | 0);
  }

  /** Forgets a key; its slot may be given to another key later. */
  free(slot: number): void {
    if (this.#live[slot] !== 1) return;
    const start = this.bounds[slot * 2] as number;
    const length = (this.bounds[slot * 2 + 1] as number) - start;
    const isUnlinked = this.#unlink(this.#index, slot);
    if (!isUnlinked && this.#old !== null) this.#unlink(this.#old, slot);
    this.#live[slot] = 0;
    this.#keyBytes -= length;
    this.#free.push(slot);
    this.#roomsOf(pieces(length)).push(start);
    this.size -= 1;
  }

  #unlink(index: Int32Array, slot: number): boolean {
    const mask = index.length - 1;
    let at = ((this.#hashes[slot] as number) << 2) & mask;
    for (; index[at] !== empty; at = (at + 4) & mask) {
      if (index[at] !== slot + 1) continue;
      index[at] = deleted;
      return true;
    }
    return false;
  }

  isLive(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  /** Bytes that the keys present use. */
  get liveBytes(): number {
    return this.#keyBytes + this.size * bytesPerKey;
  }

  get byteLength(): number {
    const index = this.#index.byteLength + (this.#old?.byteLength ?? 0);
    return this.#dataLength + index + this.slotCount * 13;
  }

  #locate(source: Uint8Array, start: number, end: number, hash: number): number {
    this.#sought = hash;
    const slot = this.#probe(this.#index, source, start, end);
    return slot >= 0 || this.#old === null ? slot : this.#probe(this.#old, source, start, end);
  }

  #probe(index: Int32Array, source: Uint8Array, start: number, end: number): number {
    const hash = this.#sought;
    const mask = index.length - 1;
    for (let at = (hash << 2) & mask; ; at = (at + 4) & mask) {
      const entry = index[at] as number;
      if (entry === empty) return -1;
      if (entry < 0 || index[at + 1] !== hash || index[at + 3] !== end - start) continue;
      if (this.#equals(index[at + 2] as number, source, start, end)) return entry - 1;
    }
  }

  #equals(from: number, source: Uint8Array, start: number, end: number): boolean {
    const data = this.data;
    for (let i = start, at = from; i < end; i++, at++) if (data[at] !== source[i]) return false;
    return true;
  }

  #insert(source: Uint8Array, start: number, end: number, hash: number): number {
    if (this.#old !== null) this.#move();
    if ((this.#used + 1) * 2 * entryNumbers > this.#index.length) this.#reindex();
    const slot = this.#free.pop() ?? this.slotCount++;
    this.#growSlots(slot + 1);
    this.#store(slot, source, start, end - start);
    this.#hashes[slot] = hash;
    this.#live[slot] = 1;
    this.#place(slot + 1, hash, this.bounds[slot * 2] as number, end - start);
    this.size += 1;
    return slot;
  }

  #place(entry: number, hash: number, start: number, length: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = (hash << 2) & mask;
    while ((index[at] as number) > 0) at = (at + 4) & mask;
    if (index[at] === empty) this.#used += 1;
    index[at] = entry;
    index[at + 1] = hash;
    index[at + 2] = start;
    index[at + 3] = length;
  }

  #store(slot: number, source: Uint8Array, from: number, length: number): void {
    const size = pieces(length);
    let start = this.#rooms.get(size)?.pop();
    if (start === undefined) {
      start = this.#dataLength;
      this.#dataLength += size * roomBytes;
      if (this.#dataMemory.ensure(this.#dataLength)) {
        this.data = new Uint8Array(this.#dataMemory.buffer);
      }
    }
    const { data } = this;
    if (length > copiedMax) data.set(source.subarray(from, from + length), start);
    else for (let i = 0; i < length; i++) data[start + i] = source[from + i] as number;
    this.#keyBytes += length;
    this.bounds[slot * 2] = start;
    this.bounds[slot * 2 + 1] = start + length;
  }

  #roomsOf(size: number): number[] {
    let rooms = this.#rooms.get(size);
    if (rooms === undefined) {
      rooms = [];
      this.#rooms.set(size, rooms);
    }
    return rooms;
  }

  #growSlots(count: number): void {
    if (this.#boundsMemory.ensure(count * 8)) {
      this.bounds = new Int32Array(this.#boundsMemory.buffer);
    }
    if (this.#hashesMemory.ensure(count * 4)) {
      this.#hashes = new Int32Array(this.#hashesMemory.buffer);
    }
    if (this.#liveMemory.ensure(count)) this.#live = new Uint8Array(this.#liveMemory.buffer);
  }

  /** The index is full of keys, or of places where keys were: entries begin to move to another. */
  #reindex(): void {
    while (this.#old !== null) this.#move();
    const isCrowded = (this.size + 1) * 4 * entryNumbers > this.#index.length;
    this.#old = this.#index;
    this.#moved = 0;
    this.#index = new Int32Array(this.#old.length * (isCrowded ? 2 : 1));
    this.#used = 0;
  }

  #move(): void {
    const old = this.#old as Int32Array;
    const end = Math.min(old.length, this.#moved + movedPerInsert * entryNumbers);
    for (let at = this.#moved; at < end; at += entryNumbers) {
      const entry = old[at] as number;
      if (entry <= 0) continue;
      this.#place(entry, old[at + 1] as number, old[at + 2] as number, old[at + 3] as number);
      old[at] = deleted;
    }
    this.#moved = end;
    if (end === old.length) this.#old = null;
  }
}

function pieces(length: number): number {
  return Math.max(1, Math.ceil(length / roomBytes));
}
