// Rings of cells per key, one cell for each time slot that has records, oldest first: slots without
// records take no room. A ring is a region of an arena: `cap` cells, one cell more for the total of the
// oldest ones, and a tag for each cell, the low bits of its slot's number. Slots of a key span fewer
// numbers than tags tell apart, so that a tag and the number of the last slot give the number.
import type { StateReader } from '../bytes/state-reader.ts';
import type { PagePool } from '../page-pool.ts';
import { RegionArena } from '../region-arena.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { SlotNumbers } from '../slot-numbers.ts';

/** Numbers per key. */
export const stride = 8;
/** Slots are numbered from the epoch. Positions in a key's numbers; a ring of 0 cells is none. */
export const firstAt = 0;
export const lastAt = 1;
export const capAt = 2;
const pageAt = 3;
const offsetAt = 4;
/** The oldest cell's place in the ring, and how many there are. */
const headAt = 5;
export const countAt = 6;
/** So many of the oldest cells are in the total; −1: all is to be forgotten when next looked at. */
export const totalAt = 7;
const capMin = 2;
export const stale = -1;

/** Writes a cell as another plan reads it. */
export interface CellWriter {
  write(page: Float64Array, cell: number, to: StateWriter): void;
}

export class SlotRings {
  /** Numbers of the keys; void after `ensure`. */
  heads: Float64Array;
  readonly #numbers = new SlotNumbers(new Float64Array(stride));
  readonly #arena: RegionArena;
  /** Numbers per cell, and the cell without records. */
  readonly #size: number;
  readonly #initial: Float64Array;
  /** Slots of a key are within so many numbers. */
  readonly #span: number;
  readonly #tagBytes: number;
  readonly #tagCount: number;

  constructor(initial: Float64Array, span: number, pool: PagePool) {
    this.#arena = new RegionArena(pool);
    this.heads = this.#numbers.data;
    this.#size = initial.length;
    this.#initial = initial;
    this.#span = span;
    this.#tagBytes = span <= 2 ** 8 ? 1 : span <= 2 ** 16 ? 2 : 4;
    this.#tagCount = 2 ** (this.#tagBytes * 8);
  }

  ensure(count: number): void {
    this.#numbers.ensure(count);
    this.heads = this.#numbers.data;
  }

  isEmpty(at: number): boolean {
    return this.heads[at + capAt] === 0;
  }

  /** The page that a key's ring lies in. */
  pageOf(at: number): Float64Array {
    return this.#arena.pages[this.heads[at + pageAt] as number] as Float64Array;
  }

  /** Where cell `index` begins in the page, the oldest being 0. */
  cellOf(at: number, index: number): number {
    const H = this.heads;
    return (H[at + offsetAt] as number) + this.#placeOf(at, index) * this.#size;
  }

  /** Where the room for the total begins in the page. */
  totalOf(at: number): number {
    const H = this.heads;
    return (H[at + offsetAt] as number) + (H[at + capAt] as number) * this.#size;
  }

  /** Number of the slot of cell `index`. */
  slotOf(at: number, index: number): number {
    const last = this.heads[at + lastAt] as number;
    const distance = this.#tagOf(last) - this.#tag(at, this.#placeOf(at, index));
    return last - (distance < 0 ? distance + this.#tagCount : distance);
  }

  /** Where the cell of slot `n` begins in the page, made when it is new; −1: too old for the ring. */
  cover(at: number, n: number): number {
    const H = this.heads;
    const count = H[at + countAt] as number;
    if (H[at + capAt] === 0) return this.#begin(at, n);
    const last = H[at + lastAt] as number;
    if (n === last) return this.cellOf(at, count - 1);
    if (n > last) {
      this.dropBefore(at, n - this.#span + 1);
      if (H[at + capAt] === 0) return this.#begin(at, n);
      return this.#append(at, n);
    }
    if (last - n >= this.#span) return -1;
    this.#dropTotal(at);
    let index = count - 1;
    while (index >= 0 && this.slotOf(at, index) > n) index -= 1;
    if (index >= 0 && this.slotOf(at, index) === n) return this.cellOf(at, index);
    return this.#insert(at, index + 1, n);
  }

  /** Drops the slots before number `from`; without slots there is no ring. */
  dropBefore(at: number, from: number): void {
    const H = this.heads;
    if (from <= (H[at + firstAt] as number)) return;
    if (from > (H[at + lastAt] as number)) {
      this.give(at);
      return;
    }
    const cap = H[at + capAt] as number;
    let head = H[at + headAt] as number;
    let count = H[at + countAt] as number;
    while (this.slotOf(at, 0) < from) {
      head = head + 1 === cap ? 0 : head + 1;
      count -= 1;
      H[at + headAt] = head;
    }
    H[at + countAt] = count;
    H[at + firstAt] = this.slotOf(at, 0);
    this.#dropTotal(at);
  }

  /** Moves the ring of a key to where it leaves less memory unused. */
  tidy(at: number): void {
    const H = this.heads;
    const cap = H[at + capAt] as number;
    if (cap === 0) return;
    const arena = this.#arena;
    const [page, offset] = [H[at + pageAt] as number, H[at + offsetAt] as number];
    if (!arena.moveFromSparse(this.#lengthOf(cap), page, offset)) return;
    H[at + pageAt] = arena.page;
    H[at + offsetAt] = arena.offset;
  }

  /** Takes the ring of a key back. */
  give(at: number): void {
    const H = this.heads;
    const cap = H[at + capAt] as number;
    const length = this.#lengthOf(cap);
    this.#arena.give(length, H[at + pageAt] as number, H[at + offsetAt] as number);
    H[at + capAt] = 0;
    this.#dropTotal(at);
  }

  /** Writes the slots that have cells, each with how far it is from the one before, and a 0. */
  write(at: number, to: StateWriter, writeCell: CellWriter | null): void {
    const H = this.heads;
    const size = this.#size;
    const cap = H[at + capAt] as number;
    const offset = H[at + offsetAt] as number;
    const last = H[at + lastAt] as number;
    const lastTag = this.#tagOf(last);
    const page = this.pageOf(at);
    let known = (H[at + firstAt] as number) - 1;
    let place = H[at + headAt] as number;
    for (let left = H[at + countAt] as number; left > 0; left--) {
      const distance = lastTag - this.#tag(at, place);
      const n = last - (distance < 0 ? distance + this.#tagCount : distance);
      to.varint(n - known);
      const cell = offset + place * size;
      if (writeCell === null) to.floats(page, cell, cell + size);
      else writeCell.write(page, cell, to);
      known = n;
      place = place + 1 === cap ? 0 : place + 1;
    }
    to.varint(0);
  }

  /** Reads what `write` wrote, of a key without a ring. */
  read(at: number, first: number, last: number, from: StateReader): void {
    const size = this.#size;
    const start = from.at;
    let count = 0;
    while (from.varint() > 0) {
      from.skip(size * 8);
      count += 1;
    }
    if (count === 0) return;
    const { at: end } = from;
    from.at = start;
    const H = this.heads;
    this.#take(at, this.#capFor(count, capMin));
    H[at + headAt] = 0;
    H[at + countAt] = count;
    H[at + lastAt] = last;
    const page = this.pageOf(at);
    let cell = this.cellOf(at, 0);
    for (let i = 0, n = first - 1; i < count; i++, cell += size) {
      n += from.varint();
      from.floats(page, cell, cell + size);
      this.#setTag(at, i, n);
      if (i === 0) H[at + firstAt] = n;
    }
    from.at = end;
  }

  get slackBytes(): number {
    return this.#arena.slackBytes;
  }

  get liveBytes(): number {
    return this.#arena.used * 8;
  }

  get byteLength(): number {
    return this.#numbers.byteLength + this.#arena.byteLength;
  }

  #begin(at: number, n: number): number {
    const H = this.heads;
    this.#take(at, capMin);
    H[at + headAt] = 0;
    H[at + countAt] = 1;
    H[at + firstAt] = n;
    H[at + lastAt] = n;
    return this.#empty(at, 0, n);
  }

  #append(at: number, n: number): number {
    const H = this.heads;
    const count = H[at + countAt] as number;
    this.#reserve(at, count + 1);
    H[at + countAt] = count + 1;
    H[at + lastAt] = n;
    return this.#empty(at, count, n);
  }

  /** A cell before others: those move up. */
  #insert(at: number, index: number, n: number): number {
    const H = this.heads;
    const count = H[at + countAt] as number;
    this.#reserve(at, count + 1);
    H[at + countAt] = count + 1;
    const page = this.pageOf(at);
    for (let i = count; i > index; i--) {
      this.#setTag(at, i, this.slotOf(at, i - 1));
      const from = this.cellOf(at, i - 1);
      page.copyWithin(this.cellOf(at, i), from, from + this.#size);
    }
    if (index === 0) H[at + firstAt] = n;
    return this.#empty(at, index, n);
  }

  #empty(at: number, index: number, n: number): number {
    const page = this.pageOf(at);
    const initial = this.#initial;
    const cell = this.cellOf(at, index);
    for (let k = 0; k < initial.length; k++) page[cell + k] = initial[k] as number;
    this.#setTag(at, index, n);
    return cell;
  }

  /** Room for `count` cells: they move to a larger ring if there is none. */
  #reserve(at: number, count: number): void {
    const H = this.heads;
    const oldCap = H[at + capAt] as number;
    if (count <= oldCap) return;
    const size = this.#size;
    const oldPage = H[at + pageAt] as number;
    const oldOffset = H[at + offsetAt] as number;
    const head = H[at + headAt] as number;
    const from = this.#arena.pages[oldPage] as Float64Array;
    const fromBytes = this.#arena.bytes[oldPage] as Uint8Array;
    const fromTags = (oldOffset + (oldCap + 1) * size) * 8;
    this.#take(at, this.#capFor(count, oldCap));
    H[at + headAt] = 0;
    const to = this.pageOf(at);
    const toBytes = this.#arena.bytes[H[at + pageAt] as number] as Uint8Array;
    const toTags = this.#tagsAt(at);
    let cell = H[at + offsetAt] as number;
    for (let i = 0, place = head; i < count - 1; i++, cell += size) {
      const source = oldOffset + place * size;
      for (let k = 0; k < size; k++) to[cell + k] = from[source + k] as number;
      for (let k = 0; k < this.#tagBytes; k++) {
        const tag = fromBytes[fromTags + place * this.#tagBytes + k] as number;
        toBytes[toTags + i * this.#tagBytes + k] = tag;
      }
      place = place + 1 === oldCap ? 0 : place + 1;
    }
    this.#arena.give(this.#lengthOf(oldCap), oldPage, oldOffset);
  }

  /** Half as many again until there is room, but not to just below what can be needed at most. */
  #capFor(count: number, least: number): number {
    let cap = least;
    while (cap < count) cap += Math.max(1, cap >> 1);
    return cap * 4 > this.#span * 3 ? Math.max(this.#span, count) : cap;
  }

  #take(at: number, cap: number): void {
    const H = this.heads;
    this.#arena.take(this.#lengthOf(cap));
    H[at + capAt] = cap;
    H[at + pageAt] = this.#arena.page;
    H[at + offsetAt] = this.#arena.offset;
    this.#dropTotal(at);
  }

  #dropTotal(at: number): void {
    const H = this.heads;
    if ((H[at + totalAt] as number) > 0) H[at + totalAt] = 0;
  }

  /** Numbers of a ring: cells, total, tags. */
  #lengthOf(cap: number): number {
    return (cap + 1) * this.#size + Math.ceil((cap * this.#tagBytes) / 8);
  }

  #placeOf(at: number, index: number): number {
    const H = this.heads;
    const place = (H[at + headAt] as number) + index;
    const cap = H[at + capAt] as number;
    return place < cap ? place : place - cap;
  }

  #tagsAt(at: number): number {
    return (this.totalOf(at) + this.#size) * 8;
  }

  #tagOf(n: number): number {
    return n - Math.floor(n / this.#tagCount) * this.#tagCount;
  }

  #tag(at: number, place: number): number {
    const bytes = this.#arena.bytes[this.heads[at + pageAt] as number] as Uint8Array;
    const from = this.#tagsAt(at) + place * this.#tagBytes;
    let tag = bytes[from] as number;
    for (let k = 1; k < this.#tagBytes; k++) tag += (bytes[from + k] as number) * 2 ** (8 * k);
    return tag;
  }

  #setTag(at: number, index: number, n: number): void {
    const bytes = this.#arena.bytes[this.heads[at + pageAt] as number] as Uint8Array;
    const from = this.#tagsAt(at) + this.#placeOf(at, index) * this.#tagBytes;
    let rest = this.#tagOf(n);
    for (let k = 0; k < this.#tagBytes; k++) {
      bytes[from + k] = rest;
      rest = Math.floor(rest / 256);
    }
  }
}
