// For each key and value code, the last slot that has the value: as slots leave a window oldest first,
// it says how many distinct values the window has, whatever other slots have them. A key has a region
// of an arena: the least slot that may be among them, then pairs of code and slot, by code.
import type { PagePool } from '../page-pool.ts';
import { RegionArena } from '../region-arena.ts';
import { SlotNumbers } from '../slot-numbers.ts';
import type { ValueCodes } from '../value-codes.ts';

/** Numbers per key. */
const stride = 4;
const pageAt = 0;
const offsetAt = 1;
/** Pairs that the region has room for; 0: there is none. */
const capAt = 2;
const countAt = 3;
const capMin = 2;
/** Numbers of a region before its pairs. */
const pairsAt = 1;

export class LatestValues {
  readonly codes: ValueCodes;
  readonly #numbers = new SlotNumbers(new Float64Array(stride));
  readonly #arena: RegionArena;

  constructor(codes: ValueCodes, pool: PagePool) {
    this.#arena = new RegionArena(pool);
    this.codes = codes;
  }

  ensure(count: number): void {
    this.#numbers.ensure(count);
  }

  /** Reads what is needed soon; the result means nothing. */
  touch(slots: Int32Array, first: number, end: number): number {
    const H = this.#numbers.data;
    let touched = 0;
    for (let i = first; i < end; i++) touched += H[(slots[i] as number) * stride] as number;
    for (let i = first; i < end; i++) {
      const at = (slots[i] as number) * stride;
      if (H[at + capAt] === 0) continue;
      const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
      touched += page[H[at + offsetAt] as number] as number;
    }
    return touched;
  }

  /** The value is in slot number `n`, too; its code is held while it is here. */
  add(key: number, code: number, n: number): void {
    const H = this.#numbers.data;
    const at = key * stride;
    if (H[at + capAt] === 0) this.#take(at, capMin);
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const offset = H[at + offsetAt] as number;
    const count = H[at + countAt] as number;
    let low = 0;
    let high = count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const pair = offset + pairsAt + middle * 2;
      const known = page[pair] as number;
      if (known === code) {
        if (n > (page[pair + 1] as number)) page[pair + 1] = n;
        return;
      }
      if (known < code) low = middle + 1;
      else high = middle - 1;
    }
    this.#insert(at, low, { code, n });
  }

  /** How many values slots from number `from` on have; forgets those that only earlier ones have. */
  countFrom(key: number, from: number): number {
    const H = this.#numbers.data;
    const at = key * stride;
    const count = H[at + countAt] as number;
    if (count === 0) return 0;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const offset = H[at + offsetAt] as number;
    if ((page[offset] as number) >= from) return count;
    const first = offset + pairsAt;
    let least = Number.POSITIVE_INFINITY;
    let kept = first;
    for (let pair = first; pair < first + count * 2; pair += 2) {
      const code = page[pair] as number;
      const n = page[pair + 1] as number;
      if (n < from) {
        this.codes.release(code);
        continue;
      }
      page[kept] = code;
      page[kept + 1] = n;
      kept += 2;
      if (n < least) least = n;
    }
    if (kept === first) {
      this.#give(at);
      return 0;
    }
    page[offset] = least;
    H[at + countAt] = (kept - first) / 2;
    return H[at + countAt] as number;
  }

  clear(key: number): void {
    const H = this.#numbers.data;
    const at = key * stride;
    if (H[at + capAt] === 0) return;
    for (let i = 0; i < (H[at + countAt] as number); i++) this.codes.release(this.codeAt(key, i));
    this.#give(at);
  }

  /** Moves what is kept of a key to where it leaves less memory unused. */
  tidy(key: number): void {
    const H = this.#numbers.data;
    const at = key * stride;
    const cap = H[at + capAt] as number;
    if (cap === 0) return;
    const arena = this.#arena;
    const [page, offset] = [H[at + pageAt] as number, H[at + offsetAt] as number];
    if (!arena.moveFromSparse(pairsAt + cap * 2, page, offset)) return;
    H[at + pageAt] = arena.page;
    H[at + offsetAt] = arena.offset;
  }

  countOf(key: number): number {
    return this.#numbers.data[key * stride + countAt] as number;
  }

  codeAt(key: number, index: number): number {
    return this.#number(key, pairsAt + index * 2);
  }

  /** Number of the last slot that has value `index`. */
  slotAt(key: number, index: number): number {
    return this.#number(key, pairsAt + index * 2 + 1);
  }

  get bytesPerKey(): number {
    return stride * 8;
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

  #number(key: number, index: number): number {
    const H = this.#numbers.data;
    const at = key * stride;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    return page[(H[at + offsetAt] as number) + index] as number;
  }

  #insert(at: number, index: number, { code, n }: { code: number; n: number }): void {
    const H = this.#numbers.data;
    const count = H[at + countAt] as number;
    if (count === H[at + capAt]) this.#enlarge(at);
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const offset = H[at + offsetAt] as number;
    const pair = offset + pairsAt + index * 2;
    const end = offset + pairsAt + count * 2;
    if (pair < end) page.copyWithin(pair + 2, pair, end);
    page[pair] = code;
    page[pair + 1] = n;
    if (count === 0 || n < (page[offset] as number)) page[offset] = n;
    H[at + countAt] = count + 1;
    this.codes.holdAgain(code);
  }

  #enlarge(at: number): void {
    const H = this.#numbers.data;
    const count = H[at + countAt] as number;
    const cap = H[at + capAt] as number;
    const pageIndex = H[at + pageAt] as number;
    const offset = H[at + offsetAt] as number;
    const old = this.#arena.pages[pageIndex] as Float64Array;
    this.#take(at, cap + Math.max(1, cap >> 1));
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const to = H[at + offsetAt] as number;
    for (let i = 0; i < pairsAt + count * 2; i++) page[to + i] = old[offset + i] as number;
    H[at + countAt] = count;
    this.#arena.give(pairsAt + cap * 2, pageIndex, offset);
  }

  /** A region without pairs. */
  #take(at: number, cap: number): void {
    const H = this.#numbers.data;
    this.#arena.take(pairsAt + cap * 2);
    H[at + pageAt] = this.#arena.page;
    H[at + offsetAt] = this.#arena.offset;
    H[at + capAt] = cap;
    H[at + countAt] = 0;
  }

  #give(at: number): void {
    const H = this.#numbers.data;
    const length = pairsAt + (H[at + capAt] as number) * 2;
    this.#arena.give(length, H[at + pageAt] as number, H[at + offsetAt] as number);
    H[at + capAt] = 0;
    H[at + countAt] = 0;
  }
}
