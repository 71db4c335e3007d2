// Rolling windows with a resolution r whose aggregates are numbers: a ring of time slots per key, each
// slot a cell of numbers, in one region of an arena. The window is [floor((τ − W)/r)·r, τ], so at most
// W/r + 1 slots count. A ring covers the slots from `first` to `last` without gaps and grows by doubling
// up to that; beside the slots it has room for one cell more, the total of all slots but the last. That
// total is a function of the slots: it is made anew, oldest first, when a slot before the last changes
// or leaves, and extended when `last` moves on.
import {
  type CellLoops,
  compileCells,
  countOfRecords,
  layoutCells,
} from '../../../codegen/update-loops/cell-code.ts';
import type { LoopAggregate, OutputRow } from '../../../codegen/update-loops/loop-plan.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import type { NumberTranslation } from '../cells/number-translation.ts';
import { RegionArena } from '../region-arena.ts';
import { SlotNumbers } from '../slot-numbers.ts';
import type { SlotWindowOptions } from './slot-window.ts';
import {
  exclude,
  type RecordSource,
  SingleWindow,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

export interface SlotRingParts {
  /** Index of the window in the view's. */
  readonly window: number;
  readonly aggregates: readonly LoopAggregate[];
  readonly source: RecordSource;
  readonly output: OutputRow;
}

const never = Number.POSITIVE_INFINITY;
const stride = 8;
/** Positions in a key's eight numbers. Slots are numbered from the epoch; a ring of 0 is none. */
const firstAt = 0;
const lastAt = 1;
const capAt = 2;
const pageAt = 3;
const offsetAt = 4;
/** The total covers slots `first` to this one, while its first is that of the ring. */
const totalFirstAt = 5;
const totalLastAt = 6;
const staleAt = 7;
const capMin = 2;

export class SlotRingWindow extends SingleWindow implements ViewWindow {
  override readonly hasTimers: boolean;
  readonly isFrozenAtEnd = true;
  readonly form: WindowForm;
  readonly aggregates: readonly LoopAggregate[];
  /** Set by an upgrade: cells are written as another plan reads them. */
  translation: NumberTranslation | null = null;
  readonly #source: RecordSource;
  readonly #options: SlotWindowOptions;
  readonly #loops: CellLoops;
  /** Numbers per cell, and the cell without records. */
  readonly #size: number;
  readonly #initial: Float64Array;
  /** Position in a cell of the number of all its records. */
  readonly #rowsAt: number;
  readonly #capMax: number;
  readonly #heads = new SlotNumbers(new Float64Array(stride));
  #data: Float64Array = this.#heads.data;
  readonly #arena = new RegionArena();
  readonly #scratch: Float64Array;

  constructor(parts: SlotRingParts, options: SlotWindowOptions) {
    super(parts.window);
    this.hasTimers = options.decayMs !== null;
    this.form = {
      kind: 'slots in rings',
      features: parts.aggregates.map(({ feature }) => ({ index: feature, form: 'numbers' })),
    };
    this.#source = parts.source;
    this.#options = options;
    this.aggregates = [...parts.aggregates, countOfRecords];
    this.#loops = compileCells(this.aggregates, parts);
    const { size, initial, rowsAt } = layoutCells(this.aggregates);
    this.#size = size;
    this.#initial = initial;
    this.#rowsAt = rowsAt;
    this.#scratch = initial.slice();
    this.#capMax = Math.ceil(options.sizeMs / options.resolutionMs) + 1;
  }

  override ensureSlots(count: number): void {
    this.#heads.ensure(count);
    this.#data = this.#heads.data;
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    const H = this.#data;
    const { pages } = this.#arena;
    let touched = 0;
    for (let i = first; i < end; i++) touched += H[(slots[i] as number) * stride] as number;
    for (let i = first; i < end; i++) {
      const at = (slots[i] as number) * stride;
      if (H[at + capAt] === 0) continue;
      const page = pages[H[at + pageAt] as number] as Float64Array;
      touched += page[this.#cellAt(at, H[at + lastAt] as number)] as number;
    }
    return touched;
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const ts = this.#source.ts[row] as number;
    return ts < this.#slotNumber(asOf - this.#options.sizeMs) * this.#options.resolutionMs
      ? exclude
      : take;
  }

  add(slot: number, row: number): void {
    const H = this.#data;
    const at = slot * stride;
    if (H[at + staleAt] === 1) this.clear(slot);
    const n = this.#slotNumber(this.#source.ts[row] as number);
    if (!this.#cover(at, n)) return;
    if (n < (H[at + lastAt] as number)) H[at + totalLastAt] = Number.NEGATIVE_INFINITY;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    this.#loops.add(page, this.#cellAt(at, n), row);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    const H = this.#data;
    const at = slot * stride;
    if (slot >= 0 && !isFrozen && H[at + staleAt] === 1) this.clear(slot);
    if (slot < 0 || H[at + capAt] === 0) return this.#loops.put(this.#initial, 0);
    const from = this.#slotNumber(tau - this.#options.sizeMs);
    const last = H[at + lastAt] as number;
    if (from > last) {
      this.#giveRing(at);
      return this.#loops.put(this.#initial, 0);
    }
    if (from > (H[at + firstAt] as number)) H[at + firstAt] = from;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const newest = this.#cellAt(at, last);
    if (H[at + firstAt] === last) return this.#loops.put(page, newest);
    this.#scratch.set(this.#totalOf(at, page));
    this.#loops.merge(this.#scratch, 0, page, newest);
    this.#loops.put(this.#scratch, 0);
  }

  override nextTimer(slot: number, asOf: number): number {
    const { decayMs, sizeMs, resolutionMs } = this.#options;
    const H = this.#data;
    const at = slot * stride;
    if (decayMs === null || H[at + capAt] === 0) return never;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    const last = H[at + lastAt] as number;
    let n = Math.max(H[at + firstAt] as number, this.#slotNumber(asOf - sizeMs));
    while (n <= last && page[this.#cellAt(at, n) + this.#rowsAt] === 0) n += 1;
    return n > last ? never : Math.ceil(((n + 1) * resolutionMs + sizeMs) / decayMs) * decayMs;
  }

  override expiry(_local: number, ts: number): number {
    const { resolutionMs, sizeMs } = this.#options;
    return (this.#slotNumber(ts) + 1) * resolutionMs + sizeMs;
  }

  clear(slot: number): void {
    const at = slot * stride;
    if ((this.#data[at + capAt] as number) > 0) this.#giveRing(at);
    this.#data[at + staleAt] = 0;
  }

  override cleanUp(_local: number, slot: number): void {
    this.#data[slot * stride + staleAt] = 1;
  }

  /** Slots that hold records, each with how far it is from the one before. */
  writeKey(slot: number, to: StateWriter): void {
    const H = this.#data;
    const at = slot * stride;
    const cap = H[at + capAt] as number;
    to.u8((cap > 0 ? 1 : 0) + (H[at + staleAt] === 1 ? 2 : 0));
    if (cap === 0) return;
    const first = H[at + firstAt] as number;
    const last = H[at + lastAt] as number;
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    to.f64(first);
    to.varint(last - first);
    for (let n = first, known = first - 1; n <= last; n++) {
      const cell = this.#cellAt(at, n);
      if (page[cell + this.#rowsAt] === 0) continue;
      to.varint(n - known);
      if (this.translation === null) to.floats(page, cell, cell + this.#size);
      else this.translation.write(page, cell, to);
      known = n;
    }
    to.varint(0);
  }

  readKey(slot: number, from: StateReader): void {
    const H = this.#data;
    const at = slot * stride;
    const flags = from.u8();
    H[at + staleAt] = flags >> 1;
    if ((flags & 1) === 0) return;
    const first = from.f64();
    const last = first + from.varint();
    this.#takeRing(at, this.#capFor(last - first + 1, capMin));
    H[at + firstAt] = first;
    H[at + lastAt] = last;
    this.#empty(at, first, last);
    const page = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    let n = first - 1;
    for (let step = from.varint(); step > 0; step = from.varint()) {
      n += step;
      const cell = this.#cellAt(at, n);
      from.floats(page, cell, cell + this.#size);
    }
  }

  override get bytesPerKey(): number {
    return stride * 8;
  }

  get liveBytes(): number {
    return this.#arena.used * 8;
  }

  override get byteLength(): number {
    return this.#heads.byteLength + this.#arena.byteLength;
  }

  #slotNumber(ts: number): number {
    return Math.floor(ts / this.#options.resolutionMs);
  }

  /** Where the cell of a slot that the ring covers begins in its page. */
  #cellAt(at: number, n: number): number {
    const H = this.#data;
    const cap = H[at + capAt] as number;
    return (H[at + offsetAt] as number) + (n - Math.floor(n / cap) * cap) * this.#size;
  }

  /** The page's part that holds the total of all slots but the last, brought up to date. */
  #totalOf(at: number, page: Float64Array): Float64Array {
    const H = this.#data;
    const size = this.#size;
    const cell = (H[at + offsetAt] as number) + (H[at + capAt] as number) * size;
    const first = H[at + firstAt] as number;
    const end = H[at + lastAt] as number;
    let n = (H[at + totalLastAt] as number) + 1;
    if (H[at + totalFirstAt] !== first || n <= first) {
      page.set(this.#initial, cell);
      n = first;
    }
    const offset = H[at + offsetAt] as number;
    for (let slot = this.#cellAt(at, n); n < end; n++, slot += size) {
      if (slot === cell) slot = offset;
      if (page[slot + this.#rowsAt] !== 0) this.#loops.merge(page, cell, page, slot);
    }
    H[at + totalFirstAt] = first;
    H[at + totalLastAt] = end - 1;
    return page.subarray(cell, cell + size);
  }

  /** Makes the ring cover slot `n`; false when the slot is too old beside the last one. */
  #cover(at: number, n: number): boolean {
    const H = this.#data;
    if (H[at + capAt] === 0) {
      this.#takeRing(at, this.#capFor(1, capMin));
      H[at + firstAt] = n;
      H[at + lastAt] = n;
      this.#empty(at, n, n);
      return true;
    }
    const first = H[at + firstAt] as number;
    const last = H[at + lastAt] as number;
    if (n > last) {
      const from = Math.max(first, n - this.#capMax + 1);
      H[at + firstAt] = from;
      this.#reserve(at, n - from + 1, last);
      H[at + lastAt] = n;
      this.#empty(at, Math.max(last + 1, from), n);
    } else if (n < first) {
      if (last - n >= this.#capMax) return false;
      this.#reserve(at, last - n + 1, last);
      H[at + firstAt] = n;
      this.#empty(at, n, first - 1);
    }
    return true;
  }

  #empty(at: number, from: number, to: number): void {
    const page = this.#arena.pages[this.#data[at + pageAt] as number] as Float64Array;
    for (let n = from; n <= to; n++) page.set(this.#initial, this.#cellAt(at, n));
  }

  /** Room for `count` slots; those from `first` to `last` move to a larger ring if there is none. */
  #reserve(at: number, count: number, last: number): void {
    const H = this.#data;
    const oldCap = H[at + capAt] as number;
    if (count <= oldCap) return;
    const size = this.#size;
    const oldPage = H[at + pageAt] as number;
    const oldOffset = H[at + offsetAt] as number;
    const from = this.#arena.pages[oldPage] as Float64Array;
    this.#takeRing(at, this.#capFor(count, oldCap));
    const to = this.#arena.pages[H[at + pageAt] as number] as Float64Array;
    for (let n = H[at + firstAt] as number; n <= last; n++) {
      const source = oldOffset + (n - Math.floor(n / oldCap) * oldCap) * size;
      const target = this.#cellAt(at, n);
      for (let k = 0; k < size; k++) to[target + k] = from[source + k] as number;
    }
    this.#arena.give((oldCap + 1) * size, oldPage, oldOffset);
  }

  /** Doubles until there is room, but not to just below what can be needed at most. */
  #capFor(count: number, least: number): number {
    let cap = least;
    while (cap < count) cap *= 2;
    return cap * 4 > this.#capMax * 3 ? this.#capMax : cap;
  }

  #takeRing(at: number, cap: number): void {
    const H = this.#data;
    this.#arena.take((cap + 1) * this.#size);
    H[at + capAt] = cap;
    H[at + pageAt] = this.#arena.page;
    H[at + offsetAt] = this.#arena.offset;
    H[at + totalLastAt] = Number.NEGATIVE_INFINITY;
  }

  #giveRing(at: number): void {
    const H = this.#data;
    const length = ((H[at + capAt] as number) + 1) * this.#size;
    this.#arena.give(length, H[at + pageAt] as number, H[at + offsetAt] as number);
    H[at + capAt] = 0;
  }
}
