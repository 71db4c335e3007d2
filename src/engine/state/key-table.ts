// Encoded keys to dense slots. Open addressing over typed arrays, linear probing, load ≤ 1/2; the
// bytes of all keys lie in one arena. A slot keeps its number until it is freed; freed slots are
// used again, and the arena is compacted when more than half of it is dead.
// Growing doubles the index in one go: a pause of about 20 ms per million keys.
import { hashBytes } from '../../kernel/hash.ts';

const initialCapacity = 1024;
const empty = -1;
const deleted = -2;

/** Most keys of one call of `resolve`. */
export const resolveMax = 256;

export interface KeyBounds {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
}

/** Numbers keys from 0 upward; `data` holds their bytes. */
export class KeyTable {
  data: Uint8Array = new Uint8Array(1 << 14);
  /** Per slot where the bytes of its key begin and end in `data`. */
  bounds: Int32Array = new Int32Array(initialCapacity * 2);
  /** Number of slots ever used: all slots are below it. */
  slotCount = 0;
  /** Number of keys present. */
  size = 0;
  #hashes = new Int32Array(initialCapacity);
  #live = new Uint8Array(initialCapacity);
  /** Entries of four numbers: slot, hash, start and length of the key's bytes. */
  #index: Int32Array = emptyIndex(initialCapacity * 2);
  #used = 0;
  #dataLength = 0;
  #deadBytes = 0;
  #free: number[] = [];
  readonly #resolveHashes = new Int32Array(resolveMax);
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;

  /** The slot of the key `source[start .. end)`, made when it is new. */
  findOrInsert(source: Uint8Array, start: number, end: number): number {
    const hash = hashBytes(source, start, end) | 0;
    const at = this.#locate(source, start, end, hash);
    return at < 0 ? this.#insert(source, start, end, hash) : (this.#index[at] as number);
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
      const start = starts[i] as number;
      const end = ends[i] as number;
      const hash = hashes[i] as number;
      const at = this.#locate(source, start, end, hash);
      slots[first + i] =
        at < 0 ? this.#insert(source, start, end, hash) : (this.#index[at] as number);
    }
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
    const at = this.#locate(source, start, end, hashBytes(source, start, end) | 0);
    return at < 0 ? -1 : (this.#index[at] as number);
  }

  /** Forgets a key; its slot may be given to another key later. */
  free(slot: number): void {
    if (this.#live[slot] !== 1) return;
    const start = this.bounds[slot * 2] as number;
    const end = this.bounds[slot * 2 + 1] as number;
    const at = this.#locate(this.data, start, end, this.#hashes[slot] as number);
    this.#index[at] = deleted;
    this.#live[slot] = 0;
    this.#free.push(slot);
    this.#deadBytes += end - start;
    this.size -= 1;
  }

  isLive(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  get byteLength(): number {
    return this.data.length + this.#index.byteLength + this.bounds.length * 8;
  }

  /** Where the key's entry begins in the index, or -1. */
  #locate(source: Uint8Array, start: number, end: number, hash: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = (hash << 2) & mask; ; at = (at + 4) & mask) {
      const slot = index[at] as number;
      if (slot === empty) return -1;
      if (slot < 0 || index[at + 1] !== hash || index[at + 3] !== end - start) continue;
      if (this.#equals(index[at + 2] as number, source, start, end)) return at;
    }
  }

  #equals(from: number, source: Uint8Array, start: number, end: number): boolean {
    const data = this.data;
    for (let i = start, at = from; i < end; i++, at++) if (data[at] !== source[i]) return false;
    return true;
  }

  #insert(source: Uint8Array, start: number, end: number, hash: number): number {
    if ((this.#used + 1) * 8 > this.#index.length) this.#reindex();
    const slot = this.#free.pop() ?? this.slotCount++;
    if (slot * 2 >= this.bounds.length) this.#growSlots();
    this.#store(slot, source.subarray(start, end));
    this.#hashes[slot] = hash;
    this.#live[slot] = 1;
    this.#place(slot, hash);
    this.size += 1;
    return slot;
  }

  #place(slot: number, hash: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = (hash << 2) & mask;
    while ((index[at] as number) >= 0) at = (at + 4) & mask;
    if (index[at] === empty) this.#used += 1;
    const start = this.bounds[slot * 2] as number;
    index[at] = slot;
    index[at + 1] = hash;
    index[at + 2] = start;
    index[at + 3] = (this.bounds[slot * 2 + 1] as number) - start;
  }

  #store(slot: number, bytes: Uint8Array): void {
    if (this.#dataLength + bytes.length > this.data.length) this.#growData(bytes.length);
    this.data.set(bytes, this.#dataLength);
    this.bounds[slot * 2] = this.#dataLength;
    this.#dataLength += bytes.length;
    this.bounds[slot * 2 + 1] = this.#dataLength;
  }

  #growData(needed: number): void {
    if (this.#deadBytes * 2 > this.#dataLength) this.#compact();
    if (this.#dataLength + needed <= this.data.length) return;
    const larger = new Uint8Array(Math.max(this.data.length * 2, this.#dataLength + needed));
    larger.set(this.data.subarray(0, this.#dataLength));
    this.data = larger;
  }

  #compact(): void {
    const packed = new Uint8Array(this.data.length);
    let length = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.#live[slot] !== 1) continue;
      const bytes = this.data.subarray(this.bounds[slot * 2], this.bounds[slot * 2 + 1]);
      packed.set(bytes, length);
      this.bounds[slot * 2] = length;
      length += bytes.length;
      this.bounds[slot * 2 + 1] = length;
    }
    this.data = packed;
    this.#dataLength = length;
    this.#deadBytes = 0;
    this.#reindex();
  }

  #growSlots(): void {
    const capacity = this.bounds.length;
    this.bounds = enlarged(this.bounds, capacity * 2);
    this.#hashes = enlarged(this.#hashes, capacity);
    const live = new Uint8Array(capacity);
    live.set(this.#live);
    this.#live = live;
  }

  #reindex(): void {
    const isCrowded = (this.size + 1) * 16 > this.#index.length;
    this.#index = emptyIndex((this.#index.length / 4) * (isCrowded ? 2 : 1));
    this.#used = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.#live[slot] === 1) this.#place(slot, this.#hashes[slot] as number);
    }
  }
}

function emptyIndex(entries: number): Int32Array {
  return new Int32Array(entries * 4).fill(empty);
}

function enlarged(old: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(old);
  return larger;
}
