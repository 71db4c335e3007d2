// Rings of rows for many keys in shared pages. A ring holds a power of two of rows of one width, in
// one piece within a page; outgrown rings are copied to one twice as large and used again.
import { type RowPages, ringState } from '../../codegen/update-loops/rolling-code.ts';
import type { StateReader } from './bytes/state-reader.ts';
import type { StateWriter } from './bytes/state-writer.ts';

const pageNumbers = 1 << 16;
const rowsMin = 2;

/** Rows of a key by number: `tail` is not among them. */
export interface RowSpan {
  readonly front: number;
  readonly tail: number;
}

export class RowArena implements RowPages {
  readonly pages: Float64Array[] = [];
  readonly #width: number;
  /** Per size class: page and offset of free rings, in turn. */
  readonly #free: number[][] = [];
  #pageUsed = pageNumbers;
  /** Numbers in rings that keys have. */
  #liveNumbers = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Gives the key whose state begins at `S[at]` a ring of twice the rows; its rows move there. */
  grow(S: Float64Array, at: number, front: number, tail: number): void {
    const oldCap = S[at + ringState.cap] as number;
    const rows = oldCap < 0 ? rowsMin : (oldCap + 1) * 2;
    const oldPage = S[at + ringState.page] as number;
    const oldOffset = S[at + ringState.offset] as number;
    this.#take(S, at, rows);
    if (oldCap < 0) return;
    const from = this.pages[oldPage] as Float64Array;
    const to = this.pages[S[at + ringState.page] as number] as Float64Array;
    const offset = S[at + ringState.offset] as number;
    for (let i = front; i < tail; i++) {
      const source = oldOffset + (i & oldCap) * this.#width;
      const target = offset + (i & (rows - 1)) * this.#width;
      for (let k = 0; k < this.#width; k++) to[target + k] = from[source + k] as number;
    }
    this.#giveBack(oldCap + 1, oldPage, oldOffset);
  }

  /** Takes the ring of a key back: its rows are gone. */
  release(S: Float64Array, at: number): void {
    const cap = S[at + ringState.cap] as number;
    if (cap < 0) return;
    const page = S[at + ringState.page] as number;
    this.#giveBack(cap + 1, page, S[at + ringState.offset] as number);
    S[at + ringState.cap] = -1;
  }

  /** Writes the rows `front .. tail` of a key. */
  write(S: Float64Array, at: number, range: RowSpan, to: StateWriter): void {
    this.#forRuns(S, at, range, (page, start, end) => to.floats(page, start, end));
  }

  /** Gives a key without a ring one with the rows that were written. */
  read(S: Float64Array, at: number, range: RowSpan, from: StateReader): void {
    const count = range.tail - range.front;
    if (count === 0) return;
    this.#take(S, at, Math.max(rowsMin, 2 ** Math.ceil(Math.log2(count))));
    this.#forRuns(S, at, range, (page, start, end) => from.floats(page, start, end));
  }

  /** The rows lie in one piece, or in two where the ring begins anew. */
  #forRuns(
    S: Float64Array,
    at: number,
    { front, tail }: RowSpan,
    visit: (page: Float64Array, start: number, end: number) => void,
  ): void {
    if (front === tail) return;
    const page = this.pages[S[at + ringState.page] as number] as Float64Array;
    const offset = S[at + ringState.offset] as number;
    const cap = S[at + ringState.cap] as number;
    const width = this.#width;
    for (let i = front; i < tail; ) {
      const first = i & cap;
      const count = Math.min(tail - i, cap + 1 - first);
      visit(page, offset + first * width, offset + (first + count) * width);
      i += count;
    }
  }

  get liveBytes(): number {
    return this.#liveNumbers * 8;
  }

  get byteLength(): number {
    return this.pages.reduce((sum, page) => sum + page.byteLength, 0);
  }

  #take(S: Float64Array, at: number, rows: number): void {
    this.#liveNumbers += rows * this.#width;
    const free = this.#freeList(rows);
    if (free.length > 0) {
      S[at + ringState.offset] = free.pop() as number;
      S[at + ringState.page] = free.pop() as number;
    } else {
      const size = rows * this.#width;
      if (size > pageNumbers) {
        this.pages.push(new Float64Array(size));
        this.#pageUsed = pageNumbers;
        S[at + ringState.offset] = 0;
      } else {
        if (this.#pageUsed + size > pageNumbers) {
          this.pages.push(new Float64Array(pageNumbers));
          this.#pageUsed = 0;
        }
        S[at + ringState.offset] = this.#pageUsed;
        this.#pageUsed += size;
      }
      S[at + ringState.page] = this.pages.length - 1;
    }
    S[at + ringState.cap] = rows - 1;
  }

  #giveBack(rows: number, page: number, offset: number): void {
    this.#liveNumbers -= rows * this.#width;
    this.#freeList(rows).push(page, offset);
  }

  #freeList(rows: number): number[] {
    const size = Math.log2(rows);
    this.#free[size] ??= [];
    return this.#free[size];
  }
}
