// Regions of numbers in shared pages, of any length. A region that is given back is used again by one
// of the same length. Pages do not move.

const pageNumbers = 1 << 16;

export class RegionArena {
  readonly pages: Float64Array[] = [];
  /** Of the region that was taken last. */
  page = 0;
  offset = 0;
  /** Numbers in regions that are in use. */
  used = 0;
  /** Per length: page and offset of free regions, in turn. */
  readonly #free = new Map<number, number[]>();
  #current = -1;
  #currentUsed = pageNumbers;

  /** Takes a region into `page` and `offset`; what is in it means nothing. */
  take(length: number): void {
    this.used += length;
    const free = this.#free.get(length);
    if (free !== undefined && free.length > 0) {
      this.offset = free.pop() as number;
      this.page = free.pop() as number;
      return;
    }
    if (length > pageNumbers) {
      this.page = this.pages.push(new Float64Array(length)) - 1;
      this.offset = 0;
      return;
    }
    if (this.#currentUsed + length > pageNumbers) {
      this.#current = this.pages.push(new Float64Array(pageNumbers)) - 1;
      this.#currentUsed = 0;
    }
    this.page = this.#current;
    this.offset = this.#currentUsed;
    this.#currentUsed += length;
  }

  give(length: number, page: number, offset: number): void {
    this.used -= length;
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [page, offset]);
    else free.push(page, offset);
  }

  get byteLength(): number {
    return this.pages.reduce((sum, page) => sum + page.byteLength, 0);
  }
}
