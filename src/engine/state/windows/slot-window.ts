// Rolling windows with a resolution r: partial aggregates per slot of r milliseconds, merged when
// a value is needed. The window is [floor((τ − W)/r)·r, τ]; at most W/r + 2 slots per key are kept.
import {
  addRecord,
  BoxedWindow,
  createStates,
  exclude,
  mergeStates,
  putStates,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
} from './view-window.ts';

interface TimeSlot {
  readonly start: number;
  readonly states: unknown[];
}

export interface SlotWindowOptions {
  readonly sizeMs: number;
  readonly resolutionMs: number;
  readonly decayMs: number | null;
}

export class SlotWindowState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #options: SlotWindowOptions;
  readonly #slots: (TimeSlot[] | undefined)[] = [];
  /** Keys whose records are forgotten as soon as they are looked at, or one comes. */
  readonly #isStale: boolean[] = [];

  constructor(features: WindowFeatures, options: SlotWindowOptions) {
    super(features);
    this.#options = options;
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const ts = this.features.source.ts[row] as number;
    return ts < this.#windowStart(asOf) ? exclude : take;
  }

  add(slot: number, row: number): void {
    const record = this.recordAt(row);
    this.#dropStale(slot);
    this.#slots[slot] ??= [];
    const slots = this.#slots[slot];
    const start = this.#slotStart(record.ts);
    let at = slots.length;
    while (at > 0 && (slots[at - 1] as TimeSlot).start > start) at -= 1;
    if (at === 0 || (slots[at - 1] as TimeSlot).start < start) {
      slots.splice(at, 0, { start, states: createStates(this.features) });
      at += 1;
    }
    addRecord(this.features, (slots[at - 1] as TimeSlot).states, record);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    if (!isFrozen) this.#dropStale(slot);
    const slots = this.#slots[slot] ?? [];
    const start = this.#windowStart(tau);
    while (slots.length > 0 && (slots[0] as TimeSlot).start < start) slots.shift();
    const total = createStates(this.features);
    for (const { states } of slots) mergeStates(this.features, total, states);
    putStates(this.features, total);
  }

  override nextTimer(slot: number, asOf: number): number {
    if (this.#options.decayMs === null) return Number.POSITIVE_INFINITY;
    const start = this.#windowStart(asOf);
    const oldest = this.#slots[slot]?.find((timeSlot) => timeSlot.start >= start);
    return oldest === undefined ? Number.POSITIVE_INFINITY : this.#decayTimer(oldest.start);
  }

  override expiry(_local: number, ts: number): number {
    return this.#slotStart(ts) + this.#options.resolutionMs + this.#options.sizeMs;
  }

  clear(slot: number): void {
    this.#slots[slot] = undefined;
    this.#isStale[slot] = false;
  }

  override cleanUp(_local: number, slot: number): void {
    this.#isStale[slot] = true;
  }

  #dropStale(slot: number): void {
    if (this.#isStale[slot]) this.clear(slot);
  }

  #windowStart(tau: number): number {
    return this.#slotStart(tau - this.#options.sizeMs);
  }

  #slotStart(ts: number): number {
    return Math.floor(ts / this.#options.resolutionMs) * this.#options.resolutionMs;
  }

  #decayTimer(start: number): number {
    const { sizeMs, resolutionMs, decayMs } = this.#options;
    return Math.ceil((start + resolutionMs + sizeMs) / (decayMs ?? 1)) * (decayMs ?? 1);
  }
}
