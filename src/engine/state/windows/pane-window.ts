// Tumbling, hopping and cumulating windows as panes: slices of one step, merged when a value is
// needed. A record that came after some of its windows were over counts only in the later ones:
// such records lie in panes of their own that begin to count at `from`.
import { noCell } from '../cells/cells.ts';
import {
  CellWindow,
  type CellWindowParts,
  skip,
  take,
  type Verdict,
  type ViewWindow,
} from './view-window.ts';

export interface PaneOptions {
  readonly sizeMs: number;
  /** Distance of the boundaries at which windows end. */
  readonly stepMs: number;
  readonly offsetMs: number;
  /** Windows begin at multiples of the size and grow, instead of moving on. */
  readonly isCumulative: boolean;
  /** The window that holds τ, instead of the last complete one. */
  readonly isOpen: boolean;
  readonly allowedLatenessMs: number;
}

interface Pane {
  readonly end: number;
  /** The first window end that counts it. */
  readonly from: number;
  readonly cell: number;
}

interface PanesOfKey {
  /** Ordered by end. */
  panes: Pane[];
  /** The total of the window that ends at `shownEnd`, until that changes. */
  shownEnd: number;
  total: number;
  /** Whether that window holds a record. */
  hasData: boolean;
}

const never = Number.POSITIVE_INFINITY;

export class PaneState extends CellWindow implements ViewWindow {
  override readonly hasTimers = true;
  readonly isFrozenAtEnd: boolean;
  readonly #options: PaneOptions;
  readonly #keys: (PanesOfKey | undefined)[] = [];

  constructor(parts: CellWindowParts, options: PaneOptions) {
    super(parts);
    this.#options = options;
    this.isFrozenAtEnd = options.isOpen;
  }

  judge(_local: number, _slot: number, row: number, _asOf: number, watermark: number): Verdict {
    const ts = this.source.ts[row] as number;
    const lastEnd = this.#lastWindowEnd(this.#paneEnd(ts));
    return lastEnd - 1 + this.#options.allowedLatenessMs <= watermark ? skip : take;
  }

  add(slot: number, row: number): void {
    const { ts, watermark } = this.source;
    this.#keys[slot] ??= { panes: [], shownEnd: Number.NaN, total: noCell, hasData: false };
    const key = this.#keys[slot];
    const end = this.#paneEnd(ts[row] as number);
    const from = this.#firstWindowEnd(end, watermark[row] as number);
    this.cells.add(this.#paneOf(key.panes, end, from).cell, row);
    if (key.total !== noCell && this.#isIn(end, from, key.shownEnd)) {
      this.cells.add(key.total, row);
      key.hasData = true;
    }
  }

  evaluate(slot: number, tau: number, isFinal: boolean): void {
    const key = this.#keys[slot];
    if (key === undefined) {
      this.cells.putEmpty();
      return;
    }
    const end = isFinal ? this.#lastEndWithData(key.panes, tau) : this.#servedEnd(tau);
    if (key.total === noCell || key.shownEnd !== end) {
      this.#show(key, end);
      if (!isFinal) this.#retire(key.panes, end, tau);
    }
    this.cells.put(key.total);
  }

  override nextTimer(slot: number, asOf: number): number {
    if (this.#options.isOpen) return this.#firstEndWithData(slot, this.#servedEnd(asOf));
    const shown = this.#servedEnd(asOf);
    if (this.#hasData(slot, shown)) return shown + this.#options.stepMs - 1;
    return this.nextFiring(slot, asOf);
  }

  override nextFiring(slot: number, asOf: number): number {
    if (this.#options.isOpen) return never;
    const next = this.#servedEnd(asOf) + this.#options.stepMs;
    return this.#firstEndWithData(slot, next) - 1;
  }

  override lateFiring(ts: number, watermark: number): number {
    const paneEnd = this.#paneEnd(ts);
    const end = Math.min(this.#lastWindowEnd(paneEnd), this.#completeEnd(watermark));
    const isTaken = end >= this.#firstWindowEnd(paneEnd, watermark);
    return isTaken ? end - 1 : Number.NEGATIVE_INFINITY;
  }

  override expiry(_local: number, ts: number): number {
    const { isOpen, stepMs, allowedLatenessMs } = this.#options;
    const end = this.#lastWindowEnd(this.#paneEnd(ts));
    return Math.max(isOpen ? end : end + stepMs - 1, end - 1 + allowedLatenessMs);
  }

  clear(slot: number): void {
    const key = this.#keys[slot];
    if (key === undefined) return;
    for (const { cell } of key.panes) this.cells.free(cell);
    if (key.total !== noCell) this.cells.free(key.total);
    this.#keys[slot] = undefined;
  }

  /** Makes the total of the window that ends at `end`. */
  #show(key: PanesOfKey, end: number): void {
    if (key.total !== noCell) this.cells.free(key.total);
    key.total = this.cells.create();
    key.shownEnd = end;
    key.hasData = false;
    for (const pane of key.panes) {
      if (!this.#isIn(pane.end, pane.from, end)) continue;
      this.cells.merge(key.total, pane.cell);
      key.hasData = true;
    }
  }

  /** The pane, made when it is new. */
  #paneOf(panes: Pane[], end: number, from: number): Pane {
    let at = panes.length;
    while (at > 0 && (panes[at - 1] as Pane).end > end) at -= 1;
    for (let i = at - 1; i >= 0 && (panes[i] as Pane).end === end; i--) {
      if ((panes[i] as Pane).from === from) return panes[i] as Pane;
    }
    const pane = { end, from, cell: this.cells.create() };
    panes.splice(at, 0, pane);
    return pane;
  }

  /** Drops panes before the window shown, but those of the last one with data: a final row may need it. */
  #retire(panes: Pane[], end: number, tau: number): void {
    const shown = this.#windowStart(end);
    if (panes.length < 2 || (panes[0] as Pane).end > shown) return;
    const start = Math.min(shown, this.#windowStart(this.#lastEndWithData(panes, tau)));
    while (panes.length > 1 && (panes[0] as Pane).end <= start) {
      this.cells.free((panes.shift() as Pane).cell);
    }
  }

  /** Whether a pane belongs to the window that ends at `end`. */
  #isIn(paneEnd: number, from: number, end: number): boolean {
    return paneEnd <= end && from <= end && paneEnd > this.#windowStart(end);
  }

  #hasData(slot: number, end: number): boolean {
    const key = this.#keys[slot];
    if (key === undefined) return false;
    if (key.shownEnd === end) return key.hasData;
    return key.panes.some((pane) => this.#isIn(pane.end, pane.from, end));
  }

  /** The least end ≥ `end` of a window that holds data, or +∞. */
  #firstEndWithData(slot: number, end: number): number {
    let first = never;
    for (const pane of this.#keys[slot]?.panes ?? []) {
      const candidate = Math.max(pane.end, pane.from, end);
      if (candidate <= this.#lastWindowEnd(pane.end)) first = Math.min(first, candidate);
    }
    return first;
  }

  /** The greatest end with end − 1 ≤ τ of a window that holds data. */
  #lastEndWithData(panes: readonly Pane[], tau: number): number {
    const complete = this.#completeEnd(tau);
    let last = Number.NEGATIVE_INFINITY;
    for (const pane of panes) {
      const candidate = Math.min(this.#lastWindowEnd(pane.end), complete);
      if (candidate >= Math.max(pane.end, pane.from)) last = Math.max(last, candidate);
    }
    return last;
  }

  #servedEnd(tau: number): number {
    return this.#options.isOpen ? this.#paneEnd(tau) : this.#completeEnd(tau);
  }

  /** The least boundary above `ts`. */
  #paneEnd(ts: number): number {
    return this.#completeEnd(ts - 1) + this.#options.stepMs;
  }

  /** The greatest boundary e with e − 1 ≤ `tau`. */
  #completeEnd(tau: number): number {
    const { offsetMs, stepMs } = this.#options;
    return Math.floor((tau + 1 - offsetMs) / stepMs) * stepMs + offsetMs;
  }

  #windowStart(end: number): number {
    const { sizeMs, offsetMs, isCumulative } = this.#options;
    if (!isCumulative) return end - sizeMs;
    return Math.floor((end - 1 - offsetMs) / sizeMs) * sizeMs + offsetMs;
  }

  #lastWindowEnd(paneEnd: number): number {
    const { sizeMs, stepMs, isCumulative } = this.#options;
    return isCumulative ? this.#windowStart(paneEnd) + sizeMs : paneEnd + sizeMs - stepMs;
  }

  /** The first window of a pane that still takes records at `watermark`. */
  #firstWindowEnd(paneEnd: number, watermark: number): number {
    const over = this.#completeEnd(watermark - this.#options.allowedLatenessMs);
    return Math.max(paneEnd, over + this.#options.stepMs);
  }
}
