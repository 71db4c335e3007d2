// Tumbling, hopping and cumulating windows as panes: slices of one step, merged when a value is
// needed. A record that came after some of its windows were over counts only in the later ones:
// such records lie in panes of their own that begin to count at `from`.
// Panes of all keys lie in one array, and what there is of each key in another, so that either costs one
// line of the processor's cache; the panes of a key are a list, newest first.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { noCell } from '../cells/cells.ts';
import { GrowingFloats } from '../growing-arrays.ts';
import { SlotNumbers } from '../slot-numbers.ts';
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
  firedTogether,
  skip,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

const never = Number.POSITIVE_INFINITY;
const none = -1;

/** What lies of a pane beside its end, and how many numbers that is. A pane is where its end lies. */
const fromAt = 1;
const cellAt = 2;
const nextAt = 3;
const paneNumbers = 4;
/** What lies of a key beside its newest pane, and how many numbers that is. */
const totalAt = 1;
const shownEndAt = 2;
const hasShownAt = 3;
const keyNumbers = 4;

export class PaneState extends CellWindow implements ViewWindow {
  override readonly hasTimers = true;
  readonly isFrozenAtEnd: boolean;
  readonly #options: PaneOptions;
  readonly #panes = new GrowingFloats(0);
  #pane = this.#panes.data;
  /** Freed panes: a stack beside them, as their own memory is cold when they are taken again. */
  readonly #free: number[] = [];
  #used = 0;
  #paneCount = 0;
  readonly #keys = new SlotNumbers(Float64Array.of(none, noCell, Number.NaN, 0));
  #key = this.#keys.data;

  readonly #cursors = new Int32Array(firedTogether);
  /**
   * A window is one pane (tumbling windows: what comes too late for it comes too late for the pane),
   * and its total would be the same cell again: there is none.
   */
  readonly #isPane: boolean;

  constructor(parts: CellWindowParts, options: PaneOptions) {
    super(parts);
    this.#options = options;
    this.isFrozenAtEnd = options.isOpen;
    const isTumbling = options.sizeMs === options.stepMs && !options.isCumulative;
    this.#isPane = isTumbling && this.cells.isKeptByMerge;
  }

  override ensureSlots(count: number): void {
    this.#keys.ensure(count);
    this.#key = this.#keys.data;
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    const key = this.#key;
    const panes = this.#pane;
    let touched = 0;
    for (let i = first; i < end; i++) {
      touched += key[(slots[i] as number) * keyNumbers] as number;
    }
    for (let i = first; i < end; i++) {
      const pane = key[(slots[i] as number) * keyNumbers] as number;
      if (pane !== none) touched += this.cells.touch(panes[pane + cellAt] as number);
    }
    return touched;
  }

  /** Panes of all keys in step: the processor waits for many at once, where a list makes it wait in turn. */
  override touchFiring(slots: Int32Array, count: number): number {
    if (this.#isPane) return this.touch(slots, 0, count);
    const key = this.#key;
    const panes = this.#pane;
    const cursors = this.#cursors;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const at = (slots[i] as number) * keyNumbers;
      cursors[i] = key[at] as number;
      const total = key[at + totalAt] as number;
      if (total !== noCell) touched += this.cells.touch(total);
    }
    for (let left = count; left > 0; ) {
      let kept = 0;
      for (let i = 0; i < left; i++) {
        const pane = cursors[i] as number;
        if (pane === none) continue;
        touched += this.cells.touch(panes[pane + cellAt] as number);
        cursors[kept++] = panes[pane + nextAt] as number;
      }
      left = kept;
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
    this.cells.add(this.#pane[pane + cellAt] as number, row);
    const key = this.#key;
    const at = slot * keyNumbers;
    const total = key[at + totalAt] as number;
    if (total === noCell && !this.#isPane) return;
    if (!this.#isIn(end, from, key[at + shownEndAt] as number)) return;
    if (!this.#isPane) this.cells.add(total, row);
    key[at + hasShownAt] = 1;
  }

  evaluate(slot: number, tau: number, isFinal: boolean): void {
    const key = this.#key;
    const at = slot * keyNumbers;
    if (slot < 0 || key[at] === none) {
      this.cells.putEmpty();
      return;
    }
    const end = isFinal ? this.#lastEndWithData(slot, tau) : servedEnd(this.#options, tau);
    const isShown = key[at + shownEndAt] === end && (this.#isPane || key[at + totalAt] !== noCell);
    if (!isShown) {
      if (this.#isPane) this.#showPane(slot, end);
      else this.#show(slot, end);
      if (!isFinal) this.#retire(slot, end, tau);
    }
    if (!this.#isPane) this.cells.put(key[at + totalAt] as number);
    else if (key[at + hasShownAt] === 0) this.cells.putEmpty();
    else this.cells.put(this.#pane[this.#paneAt(slot, end) + cellAt] as number);
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
    const key = this.#key;
    const at = slot * keyNumbers;
    this.#freeFrom(key[at] as number);
    const total = key[at + totalAt] as number;
    if (total !== noCell) this.cells.free(total);
    key[at] = none;
    key[at + totalAt] = noCell;
    key[at + shownEndAt] = Number.NaN;
    key[at + hasShownAt] = 0;
  }

  get form(): WindowForm {
    return { kind: 'panes', features: this.cells.forms };
  }

  /** With the total, which is a sum in an order of its own. */
  writeKey(slot: number, to: StateWriter): void {
    this.writeCell(this.#key[slot * keyNumbers + totalAt] as number, to);
    to.f64(this.#key[slot * keyNumbers + shownEndAt] as number);
    to.u8(this.#key[slot * keyNumbers + hasShownAt] as number);
    let count = 0;
    const panes = this.#pane;
    for (
      let pane = this.#key[slot * keyNumbers] as number;
      pane !== none;
      pane = panes[pane + nextAt] as number
    ) {
      count += 1;
    }
    to.varint(count);
    for (
      let pane = this.#key[slot * keyNumbers] as number;
      pane !== none;
      pane = panes[pane + nextAt] as number
    ) {
      to.f64(this.#pane[pane] as number);
      to.f64(this.#pane[pane + fromAt] as number);
      this.cellWriter.write(this.#pane[pane + cellAt] as number, to);
    }
  }

  readKey(slot: number, from: StateReader): void {
    const total = this.readCell(from);
    if (this.#isPane && total !== noCell) this.cells.free(total);
    else this.#key[slot * keyNumbers + totalAt] = total;
    this.#key[slot * keyNumbers + shownEndAt] = from.f64();
    this.#key[slot * keyNumbers + hasShownAt] = from.u8();
    let newer = none;
    for (let left = from.count(); left > 0; left--) {
      const pane = this.#takePane();
      this.#pane[pane] = from.f64();
      this.#pane[pane + fromAt] = from.f64();
      this.#pane[pane + cellAt] = this.cells.read(from);
      this.#pane[pane + nextAt] = none;
      if (newer === none) this.#key[slot * keyNumbers] = pane;
      else this.#pane[newer + nextAt] = pane;
      newer = pane;
    }
  }

  override get bytesPerKey(): number {
    return keyNumbers * 8;
  }

  get liveBytes(): number {
    return this.cells.liveBytes + this.#paneCount * paneNumbers * 8;
  }

  override get byteLength(): number {
    return this.cells.byteLength + this.#used * 8 + this.#keys.byteLength;
  }

  /** As `#show`, of a window that is a pane. */
  #showPane(slot: number, end: number): void {
    this.#key[slot * keyNumbers + shownEndAt] = end;
    this.#key[slot * keyNumbers + hasShownAt] = this.#paneAt(slot, end) === none ? 0 : 1;
  }

  /** The newest pane of the window that ends at `end`. */
  #paneAt(slot: number, end: number): number {
    const panes = this.#pane;
    let pane = this.#key[slot * keyNumbers] as number;
    for (; pane !== none && (panes[pane] as number) >= end; pane = panes[pane + nextAt] as number) {
      if (this.#isIn(panes[pane] as number, panes[pane + fromAt] as number, end)) return pane;
    }
    return none;
  }

  /** Makes the total of the window that ends at `end`. */
  #show(slot: number, end: number): void {
    const old = this.#key[slot * keyNumbers + totalAt] as number;
    if (old !== noCell) this.cells.free(old);
    const total = this.cells.create();
    const start = windowStart(this.#options, end);
    let hasData = 0;
    for (
      let pane = this.#key[slot * keyNumbers] as number;
      pane !== none;
      pane = this.#pane[pane + nextAt] as number
    ) {
      const paneEnd = this.#pane[pane] as number;
      if (paneEnd <= start) break;
      if (paneEnd > end || (this.#pane[pane + fromAt] as number) > end) continue;
      this.cells.merge(total, this.#pane[pane + cellAt] as number);
      hasData = 1;
    }
    this.#key[slot * keyNumbers + totalAt] = total;
    this.#key[slot * keyNumbers + shownEndAt] = end;
    this.#key[slot * keyNumbers + hasShownAt] = hasData;
  }

  /** The pane, made when it is new. */
  #paneOf(slot: number, end: number, from: number): number {
    let before = none;
    let pane = this.#key[slot * keyNumbers] as number;
    for (
      ;
      pane !== none && (this.#pane[pane] as number) >= end;
      pane = this.#pane[pane + nextAt] as number
    ) {
      if (this.#pane[pane] === end && this.#pane[pane + fromAt] === from) return pane;
      before = pane;
    }
    const made = this.#takePane();
    this.#pane[made] = end;
    this.#pane[made + fromAt] = from;
    this.#pane[made + cellAt] = this.cells.create();
    this.#pane[made + nextAt] = pane;
    if (before === none) this.#key[slot * keyNumbers] = made;
    else this.#pane[before + nextAt] = made;
    return made;
  }

  #takePane(): number {
    this.#paneCount += 1;
    const pane = this.#free.pop();
    if (pane !== undefined) return pane;
    const made = this.#used;
    this.#used += paneNumbers;
    this.#panes.ensure(this.#used);
    this.#pane = this.#panes.data;
    return made;
  }

  /** Frees a pane and all older ones. */
  #freeFrom(first: number): void {
    for (let pane = first; pane !== none; ) {
      const next = this.#pane[pane + nextAt] as number;
      this.cells.free(this.#pane[pane + cellAt] as number);
      this.#free.push(pane);
      this.#paneCount -= 1;
      pane = next;
    }
  }

  /** Frees panes before the window shown, but those of the last one with data: a final row may need it. */
  #retire(slot: number, end: number, tau: number): void {
    let start = windowStart(this.#options, end);
    let last = none;
    let pane = this.#key[slot * keyNumbers] as number;
    for (
      ;
      pane !== none && (this.#pane[pane] as number) > start;
      pane = this.#pane[pane + nextAt] as number
    ) {
      last = pane;
    }
    if (pane === none) return;
    start = Math.min(start, windowStart(this.#options, this.#lastEndWithData(slot, tau)));
    for (
      ;
      pane !== none && (this.#pane[pane] as number) > start;
      pane = this.#pane[pane + nextAt] as number
    ) {
      last = pane;
    }
    if (pane === none || last === none) return;
    this.#pane[last + nextAt] = none;
    this.#freeFrom(pane);
  }

  /** Whether a pane belongs to the window that ends at `end`. */
  #isIn(paneEnd: number, from: number, end: number): boolean {
    return paneEnd <= end && from <= end && paneEnd > windowStart(this.#options, end);
  }

  #hasData(slot: number, end: number): boolean {
    const key = this.#key;
    const at = slot * keyNumbers;
    if (key[at + shownEndAt] === end) return key[at + hasShownAt] === 1;
    for (let pane = key[at] as number; pane !== none; pane = this.#pane[pane + nextAt] as number) {
      const from = this.#pane[pane + fromAt] as number;
      if (this.#isIn(this.#pane[pane] as number, from, end)) return true;
    }
    return false;
  }

  /** The least end ≥ `end` of a window that holds data, or +∞. */
  #firstEndWithData(slot: number, end: number): number {
    let first = never;
    for (
      let pane = this.#key[slot * keyNumbers] as number;
      pane !== none;
      pane = this.#pane[pane + nextAt] as number
    ) {
      const paneEnd = this.#pane[pane] as number;
      const candidate = Math.max(paneEnd, this.#pane[pane + fromAt] as number, end);
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
      let pane = this.#key[slot * keyNumbers] as number;
      pane !== none;
      pane = this.#pane[pane + nextAt] as number
    ) {
      const paneEnd = this.#pane[pane] as number;
      const candidate = Math.min(lastWindowEnd(this.#options, paneEnd), complete);
      if (candidate > last && candidate >= Math.max(paneEnd, this.#pane[pane + fromAt] as number)) {
        last = candidate;
      }
    }
    return last;
  }
}
