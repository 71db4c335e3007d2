// Regions of numbers in pages of a pool. A page holds regions of one length; one whose regions were all
// given back goes back to the pool. So keys may outgrow their regions without leaving holes behind.
// Regions do not move; they are taken from the first page that has room, so that later ones become
// empty as keys come and go.
import { type PagePool, pageNumbers } from './page-pool.ts';

/** A page with fewer numbers in use is worth emptying. */
const sparseNumbers = pageNumbers * 0.75;
const none = -1;

const noNumbers = new Float64Array(0);
const noBytes = new Uint8Array(0);

interface RegionPage {
  readonly numbers: Float64Array;
  /** Of its regions. */
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
  /** Of its pages. */
  byteLength = 0;
  readonly #pool: PagePool;
  readonly #pages: (RegionPage | null)[] = [];
  /** Per length: pages that may have room; some serve another length by now, or none. */
  readonly #roomy = new Map<number, PageHeap>();
  /** Places in `pages` without a page. */
  readonly #vacant: number[] = [];

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

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
    if (page.used === 0) return this.#closePage(page, index);
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

  /** Bytes of its pages beyond those of the regions. */
  get slackBytes(): number {
    return this.byteLength - this.used * 8;
  }

  #pageFor(length: number): number {
    const roomy = this.#roomyOf(length);
    for (let index = roomy.first; index !== undefined; index = roomy.first) {
      const page = this.#pages[index] as RegionPage | null;
      if (page?.length === length) {
        if (page.free !== none || page.next + length <= page.numbers.length) return index;
        page.isListed = false;
      }
      roomy.removeFirst();
    }
    return this.#openPage(length, roomy);
  }

  #openPage(length: number, roomy: PageHeap): number {
    const numbers = length > pageNumbers ? new Float64Array(length) : this.#pool.take();
    const index = this.#vacant.pop() ?? this.pages.length;
    this.pages[index] = numbers;
    this.bytes[index] = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    this.#pages[index] = { numbers, length, used: 0, next: 0, free: none, isListed: true };
    this.byteLength += numbers.byteLength;
    roomy.add(index);
    return index;
  }

  #closePage({ numbers }: RegionPage, index: number): void {
    this.byteLength -= numbers.byteLength;
    this.pages[index] = noNumbers;
    this.bytes[index] = noBytes;
    this.#pages[index] = null;
    this.#vacant.push(index);
    if (numbers.length === pageNumbers) this.#pool.give(numbers);
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
