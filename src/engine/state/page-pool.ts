// Pages of numbers that the arenas of a view share: what one of them does not need any more, another
// takes. Pages are cut from blocks of up to 16 MB: the system can map those by large pages, and finding
// a key's memory then costs less.

export const pageNumbers: number = 1 << 14;
const pageBytes = pageNumbers * 8;
const blockBytesMax = 1 << 24;

export class PagePool {
  readonly #spare: Float64Array[] = [];
  /** The block that pages are cut from, and how much of it is used. */
  #block = new ArrayBuffer(0);
  #blockUsed = 0;
  /** Of all pages, wherever they are. */
  #byteLength = 0;

  /** Contents mean nothing. */
  take(): Float64Array {
    return this.#spare.pop() ?? this.#make();
  }

  /** The page is used no more. */
  give(page: Float64Array): void {
    this.#spare.push(page);
  }

  /** Of pages that nobody has. */
  get spareBytes(): number {
    return this.#spare.length * pageBytes;
  }

  /** A block is a sixteenth of what there is at most, so that little lies ahead of use. */
  #make(): Float64Array {
    if (this.#blockUsed === this.#block.byteLength) {
      const wanted = 2 ** Math.floor(Math.log2(Math.max(1, this.#byteLength / 16 / pageBytes)));
      this.#block = new ArrayBuffer(Math.min(blockBytesMax, wanted * pageBytes));
      this.#blockUsed = 0;
    }
    const page = new Float64Array(this.#block, this.#blockUsed, pageNumbers);
    this.#blockUsed += pageBytes;
    this.#byteLength += pageBytes;
    return page;
  }
}
