// Regions of numbers in shared pages. A page holds regions of one length; one whose regions were all
// given back serves another length. So keys may outgrow their regions without leaving holes behind.
// Regions do not move. Pages are cut from blocks of up to 16 MB: the system can map those by large
// pages, and finding a key's memory then costs less.

const pageNumbers = 1 << 14;
const pageBytes = pageNumbers * 8;
const blockBytesMax = 1 << 24;
const none = -1;

interface RegionPage {
  readonly numbers: Float64Array;
  /** Of its regions; 0 while it serves no length. */
  length: number;
  /** Regions in use. */
  used: number;
  /** Regions from here on were never taken. */
  next: number;
  /** First of the free regions before `next`; each begins with where the one after it is. */
  free: number;
  /** Whether it is among the pages of its length that may have room. */
  isListed: boolean;
}

export class RegionArena {
  /** Numbers of each page. */
  readonly pages: Float64Array[] = [];
  /** Their bytes. */
  readonly bytes: Uint8Array[] = [];
  /** Of the region that was taken last. */
  page = 0;
  offset = 0;
  /** Numbers in regions that are in use. */
  used = 0;
  /** Of all pages. */
  byteLength = 0;
  readonly #pages: RegionPage[] = [];
  /** Per length: pages that may have room; some serve another length by now. */
  readonly #roomy = new Map<number, number[]>();
  readonly #spare: number[] = [];
  /** The block that pages are cut from, and how much of it is used. */
  #block = new ArrayBuffer(0);
  #blockUsed = 0;

  /** Takes a region into `page` and `offset`; what is in it means nothing. */
  take(length: number): void {
    this.used += length;
    const index = this.#pageFor(length);
    const page = this.#pages[index] as RegionPage;
    this.page = index;
    page.used += 1;
    if (page.free !== none) {
      this.offset = page.free;
      page.free = page.numbers[page.free] as number;
    } else {
      this.offset = page.next;
      page.next += length;
    }
  }

  give(length: number, index: number, offset: number): void {
    this.used -= length;
    const page = this.#pages[index] as RegionPage;
    page.used -= 1;
    if (page.used === 0 && page.numbers.length === pageNumbers) {
      page.length = 0;
      this.#spare.push(index);
      return;
    }
    page.numbers[offset] = page.free;
    page.free = offset;
    if (page.isListed) return;
    page.isListed = true;
    this.#roomyOf(length).push(index);
  }

  #pageFor(length: number): number {
    const roomy = this.#roomyOf(length);
    for (let index = roomy.at(-1); index !== undefined; index = roomy.at(-1)) {
      const page = this.#pages[index] as RegionPage;
      const isOurs = page.length === length;
      const hasRoom = page.free !== none || page.next + length <= page.numbers.length;
      if (isOurs && hasRoom) return index;
      if (isOurs) page.isListed = false;
      roomy.pop();
    }
    return this.#openPage(length, roomy);
  }

  #openPage(length: number, roomy: number[]): number {
    let index = length > pageNumbers ? undefined : this.#spare.pop();
    const known = index === undefined ? undefined : this.#pages[index];
    const numbers = known?.numbers ?? this.#makePage(length);
    if (index === undefined) {
      index = this.pages.push(numbers) - 1;
      this.bytes.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
      this.byteLength += numbers.byteLength;
    }
    this.#pages[index] = { numbers, length, used: 0, next: 0, free: none, isListed: true };
    roomy.push(index);
    return index;
  }

  /** Blocks double until they are as large as they get, so that small states take little. */
  #makePage(length: number): Float64Array {
    if (length > pageNumbers) return new Float64Array(length);
    if (this.#blockUsed === this.#block.byteLength) {
      const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, this.byteLength / pageBytes)));
      this.#block = new ArrayBuffer(Math.min(blockBytesMax, wanted * pageBytes));
      this.#blockUsed = 0;
    }
    const page = new Float64Array(this.#block, this.#blockUsed, pageNumbers);
    this.#blockUsed += pageBytes;
    return page;
  }

  #roomyOf(length: number): number[] {
    let roomy = this.#roomy.get(length);
    if (roomy === undefined) {
      roomy = [];
      this.#roomy.set(length, roomy);
    }
    return roomy;
  }
}
