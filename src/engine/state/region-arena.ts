// Regions of numbers in shared pages. A page holds regions of one length; one whose regions were all
// given back serves another length. So keys may outgrow their regions without leaving holes behind.
// Regions do not move; they are taken from the first page that has room, so that later ones become
// empty as keys come and go. Pages are cut from blocks of up to 16 MB: the system can map those by large
// pages, and finding a key's memory then costs less.

const pageNumbers = 1 << 14;
const pageBytes = pageNumbers * 8;
const blockBytesMax = 1 << 24;
/** A page with fewer numbers in use is worth emptying. */
const sparseNumbers = pageNumbers * 0.75;
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
  readonly #roomy = new Map<number, PageHeap>();
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
    this.#roomyOf(length).add(index);
  }

  /**
   * Moves a region into `page` and `offset` when its page is mostly empty and an earlier one has room;
   * false when it stays. What has shrunk to few regions a page gets pages that serve other lengths.
   */
  moveFromSparse(length: number, index: number, offset: number): boolean {
    const page = this.#pages[index] as RegionPage;
    if (page.numbers.length !== pageNumbers || page.used * length > sparseNumbers) return false;
    const first = this.#pageFor(length);
    if (first >= index) return false;
    this.take(length);
    const from = (this.bytes[index] as Uint8Array).subarray(offset * 8, (offset + length) * 8);
    (this.bytes[this.page] as Uint8Array).set(from, this.offset * 8);
    this.give(length, index, offset);
    return true;
  }

  /** Bytes of pages in which regions are, beyond those of the regions. */
  get slackBytes(): number {
    return this.byteLength - this.used * 8 - this.#spare.length * pageBytes;
  }

  #pageFor(length: number): number {
    const roomy = this.#roomyOf(length);
    for (let index = roomy.first; index !== undefined; index = roomy.first) {
      const page = this.#pages[index] as RegionPage;
      const isOurs = page.length === length;
      const hasRoom = page.free !== none || page.next + length <= page.numbers.length;
      if (isOurs && hasRoom) return index;
      if (isOurs) page.isListed = false;
      roomy.removeFirst();
    }
    return this.#openPage(length, roomy);
  }

  #openPage(length: number, roomy: PageHeap): number {
    let index = length > pageNumbers ? undefined : this.#spare.pop();
    const known = index === undefined ? undefined : this.#pages[index];
    const numbers = known?.numbers ?? this.#makePage(length);
    if (index === undefined) {
      index = this.pages.push(numbers) - 1;
      this.bytes.push(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
      this.byteLength += numbers.byteLength;
    }
    this.#pages[index] = { numbers, length, used: 0, next: 0, free: none, isListed: true };
    roomy.add(index);
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

  #roomyOf(length: number): PageHeap {
    let roomy = this.#roomy.get(length);
    if (roomy === undefined) {
      roomy = new PageHeap();
      this.#roomy.set(length, roomy);
    }
    return roomy;
  }
}

/** Numbers of pages, each at most once, the least first. */
class PageHeap {
  readonly #heap: number[] = [];
  readonly #isIn = new Set<number>();

  get first(): number | undefined {
    return this.#heap[0];
  }

  add(page: number): void {
    if (this.#isIn.has(page)) return;
    this.#isIn.add(page);
    const heap = this.#heap;
    let at = heap.push(page) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as number) <= page) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = page;
  }

  /** Only when it is not empty. */
  removeFirst(): void {
    const heap = this.#heap;
    this.#isIn.delete(heap[0] as number);
    const page = heap.pop() as number;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = at * 2 + 1) {
      const right = child + 1;
      if (right < heap.length && (heap[right] as number) < (heap[child] as number)) child = right;
      if ((heap[child] as number) >= page) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = page;
  }
}
