// Records that wait for the watermark: a heap of row numbers by event time. Rows of equal time come
// out together, ordered by (slot, id, arrival).
import { compareIds } from '../state/accumulators/accumulator.ts';
import { enlargeInts } from '../state/slot-arrays.ts';
import type { RecordStore } from './record-store.ts';

const takeMax = 256;

export class WaitingRows {
  readonly #store: RecordStore;
  #rows: number[] = [];
  taken: Int32Array = new Int32Array(takeMax * 2);
  takenSlots: Int32Array = new Int32Array(takeMax * 2);
  /** Of the last compaction: where rows of the store went, and which ones stayed. */
  #places: Int32Array = new Int32Array(0);
  #kept: Int32Array = new Int32Array(0);

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** No row waits any more. */
  clear(): void {
    this.#rows = [];
  }

  get count(): number {
    return this.#rows.length;
  }

  /** The earliest event time, or +∞. */
  peek(): number {
    const row = this.#rows[0];
    return row === undefined ? Number.POSITIVE_INFINITY : (this.#store.ts[row] as number);
  }

  push(row: number): void {
    const rows = this.#rows;
    const ts = this.#store.ts;
    const time = ts[row] as number;
    let i = rows.push(row) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((ts[rows[parent] as number] as number) <= time) break;
      rows[i] = rows[parent] as number;
      i = parent;
    }
    rows[i] = row;
  }

  /**
   * Takes rows up to `limit` in time order, all of an instant or none; stops after `takeMax` rows.
   * They are the first entries of `taken`, with their slots in `takenSlots`.
   */
  take(limit: number): number {
    let count = 0;
    for (let last = Number.NaN; ; ) {
      const time = this.peek();
      if (time > limit || this.#rows.length === 0) return count;
      if (count >= takeMax && time !== last) return count;
      if (count === this.taken.length) this.#enlarge();
      const row = this.#pop();
      this.taken[count] = row;
      this.takenSlots[count] = this.#store.slot[row] as number;
      last = time;
      count += 1;
    }
  }

  /** Whether a few rows among those taken are surely of different keys. */
  areApart(first: number, end: number): boolean {
    if (end - first > 8) return false;
    const slots = this.takenSlots;
    for (let i = first + 1; i < end; i++) {
      for (let k = first; k < i; k++) if (slots[i] === slots[k]) return false;
    }
    return true;
  }

  /** Rows of one event time among those taken, in (slot, id, arrival) order. */
  sortTaken(first: number, end: number): number[] {
    return [...this.taken.subarray(first, end)].sort((a, b) => this.#compare(a, b));
  }

  /**
   * The batch is done: of its rows only those that wait are needed. They move to the front of the
   * store once as many rows are done as wait, so that each is moved about once however many wait.
   */
  leaveBatch(): void {
    this.#store.leaveBatch();
    if (this.#store.length >= this.#rows.length * 2) this.compactStore();
  }

  /** Moves the waiting rows to the front of the store: nothing else in it is needed. */
  compactStore(): void {
    const rows = this.#rows;
    const { length } = this.#store;
    if (length === rows.length) return;
    if (this.#places.length < length) this.#places = enlargeInts(this.#places, length);
    const places = this.#places.fill(0, 0, length);
    for (let i = 0; i < rows.length; i++) places[rows[i] as number] = 1;
    const kept =
      this.#kept.length < rows.length ? enlargeInts(this.#kept, rows.length) : this.#kept;
    this.#kept = kept;
    let count = 0;
    for (let row = 0; row < length; row++) {
      if (places[row] === 0) continue;
      places[row] = count;
      kept[count++] = row;
    }
    this.#store.compact(kept, count);
    // Rows keep their times and their order: what was a heap is one.
    for (let i = 0; i < rows.length; i++) rows[i] = places[rows[i] as number] as number;
  }

  #enlarge(): void {
    this.taken = enlargeInts(this.taken, this.taken.length * 2);
    this.takenSlots = enlargeInts(this.takenSlots, this.taken.length);
  }

  #compare(a: number, b: number): number {
    const { slot, records } = this.#store;
    const bySlot = (slot[a] as number) - (slot[b] as number);
    if (bySlot !== 0) return bySlot;
    const left = records[a];
    const right = records[b];
    if (left === undefined || right === undefined) return a - b;
    return compareIds(left.id, right.id) || a - b;
  }

  #pop(): number {
    const rows = this.#rows;
    const ts = this.#store.ts;
    const top = rows[0] as number;
    const last = rows.pop() as number;
    if (rows.length === 0) return top;
    const time = ts[last] as number;
    let i = 0;
    for (let child = 1; child < rows.length; child = 2 * i + 1) {
      const right = child + 1;
      const isRight = right < rows.length && this.#timeAt(right) < this.#timeAt(child);
      if (isRight) child = right;
      if (this.#timeAt(child) >= time) break;
      rows[i] = rows[child] as number;
      i = child;
    }
    rows[i] = last;
    return top;
  }

  #timeAt(index: number): number {
    return this.#store.ts[this.#rows[index] as number] as number;
  }
}
