// Tumbling, hopping and cumulating windows as panes: slices of one step, merged when a value is
// needed. A record that came after some of its windows were over counts only in the later ones:
// such records lie in panes of their own that begin to count at `from`.
import { floorMod } from '../../../kernel/instant.ts';
import {
  addRecord,
  BoxedWindow,
  createStates,
  mergeStates,
  putStates,
  skip,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
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
  readonly states: unknown[];
}

const never = Number.POSITIVE_INFINITY;

export class PaneState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd: boolean;
  readonly #options: PaneOptions;
  /** Ordered by end. */
  readonly #panes: (Pane[] | undefined)[] = [];

  constructor(features: WindowFeatures, options: PaneOptions) {
    super(features);
    this.#options = options;
    this.isFrozenAtEnd = options.isOpen;
  }

  judge(_local: number, _slot: number, row: number, _asOf: number, watermark: number): Verdict {
    const ts = this.features.source.ts[row] as number;
    const lastEnd = this.#lastWindowEnd(this.#paneEnd(ts));
    return lastEnd - 1 + this.#options.allowedLatenessMs <= watermark ? skip : take;
  }

  add(slot: number, row: number): void {
    const record = this.recordAt(row);
    const watermark = this.features.source.watermark[row] as number;
    this.#panes[slot] ??= [];
    const panes = this.#panes[slot];
    const end = this.#paneEnd(record.ts);
    const from = this.#firstWindowEnd(end, watermark);
    let at = panes.length;
    while (at > 0 && (panes[at - 1] as Pane).end > end) at -= 1;
    for (let i = at - 1; i >= 0 && (panes[i] as Pane).end === end; i--) {
      const pane = panes[i] as Pane;
      if (pane.from === from) return addRecord(this.features, pane.states, record);
    }
    const pane = { end, from, states: createStates(this.features) };
    addRecord(this.features, pane.states, record);
    panes.splice(at, 0, pane);
  }

  evaluate(slot: number, tau: number, isFinal: boolean): void {
    const end = isFinal ? this.#lastEndWithData(slot, tau) : this.#servedEnd(tau);
    const total = createStates(this.features);
    for (const pane of this.#panes[slot] ?? []) {
      if (this.#isIn(pane, end)) mergeStates(this.features, total, pane.states);
    }
    putStates(this.features, total);
    if (!isFinal) this.#retire(slot, end, tau);
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
    this.#panes[slot] = undefined;
  }

  /** Drops panes before the window shown, but those of the last one with data: a final row may need it. */
  #retire(slot: number, end: number, tau: number): void {
    const panes = this.#panes[slot];
    const shown = this.#windowStart(end);
    if (panes === undefined || panes.length < 2 || (panes[0] as Pane).end > shown) return;
    const start = Math.min(shown, this.#windowStart(this.#lastEndWithData(slot, tau)));
    while (panes.length > 1 && (panes[0] as Pane).end <= start) panes.shift();
  }

  #isIn(pane: Pane, end: number): boolean {
    return pane.end <= end && pane.from <= end && pane.end > this.#windowStart(end);
  }

  #hasData(slot: number, end: number): boolean {
    return this.#panes[slot]?.some((pane) => this.#isIn(pane, end)) ?? false;
  }

  /** The least end ≥ `end` of a window that holds data, or +∞. */
  #firstEndWithData(slot: number, end: number): number {
    let first = never;
    for (const pane of this.#panes[slot] ?? []) {
      const candidate = Math.max(pane.end, pane.from, end);
      if (candidate <= this.#lastWindowEnd(pane.end)) first = Math.min(first, candidate);
    }
    return first;
  }

  /** The greatest end with end − 1 ≤ τ of a window that holds data. */
  #lastEndWithData(slot: number, tau: number): number {
    const complete = this.#completeEnd(tau);
    let last = Number.NEGATIVE_INFINITY;
    for (const pane of this.#panes[slot] ?? []) {
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
    if (!Number.isFinite(tau)) return tau;
    const { offsetMs, stepMs } = this.#options;
    return tau + 1 - floorMod(tau + 1 - offsetMs, stepMs);
  }

  #windowStart(end: number): number {
    const { sizeMs, offsetMs, isCumulative } = this.#options;
    return isCumulative ? end - 1 - floorMod(end - 1 - offsetMs, sizeMs) : end - sizeMs;
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
