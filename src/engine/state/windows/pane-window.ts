// Tumbling, hopping and cumulating windows as panes: slices of one step, merged when a value is
// needed. A record that came after some of its windows were over counts only in the later ones:
// such records lie in panes of their own that begin to count at `from`.
// Panes of all keys lie in shared arrays; those of a key are a list, newest first.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { noCell } from '../cells/cells.ts';
import { GrowingFloats, GrowingInts } from '../growing-arrays.ts';
import {
  completeEnd,
  firstWindowEnd,
  lastWindowEnd,
  paneEndOf,
  type PaneOptions,
  servedEnd,
  windowStart,
} from './pane-options.ts';
import {
  CellWindow,
  type CellWindowParts,
  skip,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

const never = Number.POSITIVE_INFINITY;
const none = -1;

export class PaneState extends CellWindow implements ViewWindow {
  override readonly hasTimers = true;
  readonly isFrozenAtEnd: boolean;
  readonly #options: PaneOptions;
  /** Per pane: its end, the first window end that counts it, its cell, the next older pane. */
  readonly #panes = {
    ends: new GrowingFloats(0),
    froms: new GrowingFloats(0),
    cells: new GrowingInts(0),
    next: new GrowingInts(0),
  };
  #ends = this.#panes.ends.data;
  #froms = this.#panes.froms.data;
  #cells = this.#panes.cells.data;
  #next = this.#panes.next.data;
  #free: number = none;
  #used = 0;
  #paneCount = 0;
  /** Per key: its newest pane; the total of the window that ends at `shownEnds`; whether that holds data. */
  readonly #keys = {
    newest: new GrowingInts(none),
    totals: new GrowingInts(noCell),
    shownEnds: new GrowingFloats(Number.NaN),
    hasShown: new GrowingInts(0),
  };
  #newest = this.#keys.newest.data;
  #totals = this.#keys.totals.data;
  #shownEnds = this.#keys.shownEnds.data;
  #hasShown = this.#keys.hasShown.data;

  constructor(parts: CellWindowParts, options: PaneOptions) {
    super(parts);
    this.#options = options;
    this.isFrozenAtEnd = options.isOpen;
  }

  override ensureSlots(count: number): void {
    const { newest, totals, shownEnds, hasShown } = this.#keys;
    for (const numbers of [newest, totals, shownEnds, hasShown]) numbers.ensure(count);
    this.#newest = newest.data;
    this.#totals = totals.data;
    this.#shownEnds = shownEnds.data;
    this.#hasShown = hasShown.data;
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (let i = first; i < end; i++) {
      const slot = slots[i] as number;
      touched += (this.#newest[slot] as number) + (this.#shownEnds[slot] as number);
    }
    for (let i = first; i < end; i++) {
      const pane = this.#newest[slots[i] as number] as number;
      if (pane !== none) touched += (this.#ends[pane] as number) + (this.#cells[pane] as number);
    }
    return touched;
  }

  judge(_local: number, _slot: number, row: number): Verdict {
    const watermark = this.source.watermark[row] as number;
    const paneEnd = paneEndOf(this.#options, this.source.ts[row] as number);
    const lastEnd = lastWindowEnd(this.#options, paneEnd);
    return lastEnd - 1 + this.#options.allowedLatenessMs <= watermark ? skip : take;
  }

  add(slot: number, row: number): void {
    const end = paneEndOf(this.#options, this.source.ts[row] as number);
    const from = firstWindowEnd(this.#options, end, this.source.watermark[row] as number);
    const pane = this.#paneOf(slot, end, from);
    this.cells.add(this.#cells[pane] as number, row);
    const total = this.#totals[slot] as number;
    if (total === noCell || !this.#isIn(end, from, this.#shownEnds[slot] as number)) return;
    this.cells.add(total, row);
    this.#hasShown[slot] = 1;
  }

  evaluate(slot: number, tau: number, isFinal: boolean): void {
    if (slot < 0 || this.#newest[slot] === none) {
      this.cells.putEmpty();
      return;
    }
    const end = isFinal ? this.#lastEndWithData(slot, tau) : servedEnd(this.#options, tau);
    if (this.#totals[slot] === noCell || this.#shownEnds[slot] !== end) {
      this.#show(slot, end);
      if (!isFinal) this.#retire(slot, end, tau);
    }
    this.cells.put(this.#totals[slot] as number);
  }

  override nextTimer(slot: number, asOf: number): number {
    const shown = servedEnd(this.#options, asOf);
    if (this.#options.isOpen) return this.#firstEndWithData(slot, shown);
    if (this.#hasData(slot, shown)) return shown + this.#options.stepMs - 1;
    return this.#firstEndWithData(slot, shown + this.#options.stepMs) - 1;
  }

  override nextFiring(slot: number, asOf: number): number {
    if (this.#options.isOpen) return never;
    const next = completeEnd(this.#options, asOf) + this.#options.stepMs;
    return this.#firstEndWithData(slot, next) - 1;
  }

  override lateFiring(ts: number, watermark: number): number {
    const paneEnd = paneEndOf(this.#options, ts);
    const lastEnd = lastWindowEnd(this.#options, paneEnd);
    const end = Math.min(lastEnd, completeEnd(this.#options, watermark));
    const isTaken = end >= firstWindowEnd(this.#options, paneEnd, watermark);
    return isTaken ? end - 1 : Number.NEGATIVE_INFINITY;
  }

  override expiry(_local: number, ts: number): number {
    const { isOpen, stepMs, allowedLatenessMs } = this.#options;
    const end = lastWindowEnd(this.#options, paneEndOf(this.#options, ts));
    return Math.max(isOpen ? end : end + stepMs - 1, end - 1 + allowedLatenessMs);
  }

  clear(slot: number): void {
    this.#freeFrom(this.#newest[slot] as number);
    this.#newest[slot] = none;
    const total = this.#totals[slot] as number;
    if (total !== noCell) this.cells.free(total);
    this.#totals[slot] = noCell;
    this.#shownEnds[slot] = Number.NaN;
    this.#hasShown[slot] = 0;
  }

  get form(): WindowForm {
    return { kind: 'panes', features: this.cells.forms };
  }

  /** With the total, which is a sum in an order of its own. */
  writeKey(slot: number, to: StateWriter): void {
    this.writeCell(this.#totals[slot] as number, to);
    to.f64(this.#shownEnds[slot] as number);
    to.u8(this.#hasShown[slot] as number);
    let count = 0;
    const next = this.#next;
    for (let pane = this.#newest[slot] as number; pane !== none; pane = next[pane] as number) {
      count += 1;
    }
    to.varint(count);
    for (let pane = this.#newest[slot] as number; pane !== none; pane = next[pane] as number) {
      to.f64(this.#ends[pane] as number);
      to.f64(this.#froms[pane] as number);
      this.cellWriter.write(this.#cells[pane] as number, to);
    }
  }

  readKey(slot: number, from: StateReader): void {
    this.#totals[slot] = this.readCell(from);
    this.#shownEnds[slot] = from.f64();
    this.#hasShown[slot] = from.u8();
    let newer = none;
    for (let left = from.count(); left > 0; left--) {
      const pane = this.#takePane();
      this.#ends[pane] = from.f64();
      this.#froms[pane] = from.f64();
      this.#cells[pane] = this.cells.read(from);
      this.#next[pane] = none;
      if (newer === none) this.#newest[slot] = pane;
      else this.#next[newer] = pane;
      newer = pane;
    }
  }

  override get bytesPerKey(): number {
    return 17;
  }

  get liveBytes(): number {
    return this.cells.liveBytes + this.#paneCount * 24;
  }

  override get byteLength(): number {
    const { newest } = this.#keys;
    return this.cells.byteLength + this.#used * 24 + newest.byteLength * 5;
  }

  /** Makes the total of the window that ends at `end`. */
  #show(slot: number, end: number): void {
    const old = this.#totals[slot] as number;
    if (old !== noCell) this.cells.free(old);
    const total = this.cells.create();
    const start = windowStart(this.#options, end);
    let hasData = 0;
    for (
      let pane = this.#newest[slot] as number;
      pane !== none;
      pane = this.#next[pane] as number
    ) {
      const paneEnd = this.#ends[pane] as number;
      if (paneEnd <= start) break;
      if (paneEnd > end || (this.#froms[pane] as number) > end) continue;
      this.cells.merge(total, this.#cells[pane] as number);
      hasData = 1;
    }
    this.#totals[slot] = total;
    this.#shownEnds[slot] = end;
    this.#hasShown[slot] = hasData;
  }

  /** The pane, made when it is new. */
  #paneOf(slot: number, end: number, from: number): number {
    let before = none;
    let pane = this.#newest[slot] as number;
    for (
      ;
      pane !== none && (this.#ends[pane] as number) >= end;
      pane = this.#next[pane] as number
    ) {
      if (this.#ends[pane] === end && this.#froms[pane] === from) return pane;
      before = pane;
    }
    const made = this.#takePane();
    this.#ends[made] = end;
    this.#froms[made] = from;
    this.#cells[made] = this.cells.create();
    this.#next[made] = pane;
    if (before === none) this.#newest[slot] = made;
    else this.#next[before] = made;
    return made;
  }

  #takePane(): number {
    this.#paneCount += 1;
    const pane = this.#free;
    if (pane !== none) {
      this.#free = this.#next[pane] as number;
      return pane;
    }
    const { ends, froms, cells, next } = this.#panes;
    for (const numbers of [ends, froms, cells, next]) numbers.ensure(this.#used + 1);
    this.#ends = ends.data;
    this.#froms = froms.data;
    this.#cells = cells.data;
    this.#next = next.data;
    return this.#used++;
  }

  /** Frees a pane and all older ones. */
  #freeFrom(first: number): void {
    for (let pane = first; pane !== none; ) {
      const next = this.#next[pane] as number;
      this.cells.free(this.#cells[pane] as number);
      this.#next[pane] = this.#free;
      this.#free = pane;
      this.#paneCount -= 1;
      pane = next;
    }
  }

  /** Frees panes before the window shown, but those of the last one with data: a final row may need it. */
  #retire(slot: number, end: number, tau: number): void {
    let start = windowStart(this.#options, end);
    let last = none;
    let pane = this.#newest[slot] as number;
    for (
      ;
      pane !== none && (this.#ends[pane] as number) > start;
      pane = this.#next[pane] as number
    ) {
      last = pane;
    }
    if (pane === none) return;
    start = Math.min(start, windowStart(this.#options, this.#lastEndWithData(slot, tau)));
    for (
      ;
      pane !== none && (this.#ends[pane] as number) > start;
      pane = this.#next[pane] as number
    ) {
      last = pane;
    }
    if (pane === none || last === none) return;
    this.#next[last] = none;
    this.#freeFrom(pane);
  }

  /** Whether a pane belongs to the window that ends at `end`. */
  #isIn(paneEnd: number, from: number, end: number): boolean {
    return paneEnd <= end && from <= end && paneEnd > windowStart(this.#options, end);
  }

  #hasData(slot: number, end: number): boolean {
    if (this.#shownEnds[slot] === end) return this.#hasShown[slot] === 1;
    for (
      let pane = this.#newest[slot] as number;
      pane !== none;
      pane = this.#next[pane] as number
    ) {
      if (this.#isIn(this.#ends[pane] as number, this.#froms[pane] as number, end)) return true;
    }
    return false;
  }

  /** The least end ≥ `end` of a window that holds data, or +∞. */
  #firstEndWithData(slot: number, end: number): number {
    let first = never;
    for (
      let pane = this.#newest[slot] as number;
      pane !== none;
      pane = this.#next[pane] as number
    ) {
      const paneEnd = this.#ends[pane] as number;
      const candidate = Math.max(paneEnd, this.#froms[pane] as number, end);
      if (candidate < first && candidate <= lastWindowEnd(this.#options, paneEnd)) {
        first = candidate;
      }
    }
    return first;
  }

  /** The greatest end with end − 1 ≤ τ of a window that holds data. */
  #lastEndWithData(slot: number, tau: number): number {
    const complete = completeEnd(this.#options, tau);
    let last = Number.NEGATIVE_INFINITY;
    for (
      let pane = this.#newest[slot] as number;
      pane !== none;
      pane = this.#next[pane] as number
    ) {
      const paneEnd = this.#ends[pane] as number;
      const candidate = Math.min(lastWindowEnd(this.#options, paneEnd), complete);
      if (candidate > last && candidate >= Math.max(paneEnd, this.#froms[pane] as number)) {
        last = candidate;
      }
    }
    return last;
  }
}
