// Rolling windows with a resolution r: partial aggregates per slot of r milliseconds. The window is
// [floor((τ − W)/r)·r, τ]; at most W/r + 2 slots per key are kept. A running total takes every new
// record. When slots leave, it is made anew from two parts, so that a slot is merged a constant
// number of times whatever the window's length: `suffix` of an older slot covers it and all slots
// up to the last one that has a suffix; `recent` covers the slots after that.
import {
  addRecord,
  BoxedWindow,
  createStates,
  exclude,
  mergeStates,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
} from './view-window.ts';
import { WindowTotal } from './window-total.ts';

interface TimeSlot {
  readonly start: number;
  readonly states: unknown[];
  suffix: unknown[] | null;
}

interface SlotsOfKey {
  /** Ordered by start. The first `suffixed` have a suffix. */
  slots: TimeSlot[];
  suffixed: number;
  recent: unknown[];
  total: WindowTotal | null;
  /** Forgotten as soon as it is looked at, or a record comes. */
  isStale: boolean;
}

export interface SlotWindowOptions {
  readonly sizeMs: number;
  readonly resolutionMs: number;
  readonly decayMs: number | null;
}

const never = Number.POSITIVE_INFINITY;

export class SlotWindowState extends BoxedWindow implements ViewWindow {
  readonly isFrozenAtEnd = true;
  readonly #options: SlotWindowOptions;
  readonly #keys: (SlotsOfKey | undefined)[] = [];

  constructor(features: WindowFeatures, options: SlotWindowOptions) {
    super(features);
    this.#options = options;
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const ts = this.features.source.ts[row] as number;
    return ts < this.#windowStart(asOf) ? exclude : take;
  }

  add(slot: number, row: number): void {
    let key = this.#keys[slot];
    if (key === undefined || key.isStale) {
      key = { slots: [], suffixed: 0, recent: [], total: null, isStale: false };
      this.#keys[slot] = key;
    }
    const at = this.#slotAt(key, this.#slotStart(this.features.source.ts[row] as number));
    addRecord(this.features, (key.slots[at] as TimeSlot).states, row);
    for (let i = 0; i <= at && i < key.suffixed; i++) {
      const { suffix } = key.slots[i] as TimeSlot;
      if (at < key.suffixed && suffix !== null) addRecord(this.features, suffix, row);
    }
    if (at >= key.suffixed && key.recent.length > 0) addRecord(this.features, key.recent, row);
    key.total?.add(this.features, row);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    const key = this.#keys[slot];
    if (key?.isStale && !isFrozen) this.clear(slot);
    if (key === undefined || (key.isStale && !isFrozen)) {
      this.empty.put(this.features);
      return;
    }
    const start = this.#windowStart(tau);
    let left = 0;
    while (left < key.slots.length && (key.slots[left] as TimeSlot).start < start) left += 1;
    if (left > 0) this.#drop(key, left);
    key.total ??= this.#totalOf(key);
    key.total.put(this.features);
  }

  override nextTimer(slot: number, asOf: number): number {
    const key = this.#keys[slot];
    if (this.#options.decayMs === null || key === undefined) return never;
    const start = this.#windowStart(asOf);
    for (const timeSlot of key.slots) {
      if (timeSlot.start >= start) return this.#decayTimer(timeSlot.start);
    }
    return never;
  }

  override expiry(_local: number, ts: number): number {
    return this.#slotStart(ts) + this.#options.resolutionMs + this.#options.sizeMs;
  }

  clear(slot: number): void {
    this.#keys[slot] = undefined;
  }

  override cleanUp(_local: number, slot: number): void {
    const key = this.#keys[slot];
    if (key !== undefined) key.isStale = true;
  }

  /** Position of the slot that begins at `start`, made when it is new. */
  #slotAt(key: SlotsOfKey, start: number): number {
    const { slots } = key;
    let at = slots.length;
    while (at > 0 && (slots[at - 1] as TimeSlot).start > start) at -= 1;
    if (at > 0 && (slots[at - 1] as TimeSlot).start === start) return at - 1;
    // A slot among those with suffixes would need one: they are made anew when next needed.
    if (at < key.suffixed) this.#forgetSuffixes(key);
    slots.splice(at, 0, { start, states: createStates(this.features), suffix: null });
    return at;
  }

  #forgetSuffixes(key: SlotsOfKey): void {
    for (const timeSlot of key.slots) timeSlot.suffix = null;
    key.suffixed = 0;
    key.recent = [];
  }

  #drop(key: SlotsOfKey, count: number): void {
    key.slots.splice(0, count);
    if (count > key.suffixed) this.#forgetSuffixes(key);
    else key.suffixed -= count;
    key.total = null;
  }

  #totalOf(key: SlotsOfKey): WindowTotal {
    if (key.suffixed === 0) this.#makeSuffixes(key);
    const total = new WindowTotal(this.features);
    const oldest = key.slots[0]?.suffix ?? null;
    if (oldest !== null) total.merge(this.features, oldest);
    if (key.recent.length > 0) total.merge(this.features, key.recent);
    return total;
  }

  /** All slots but the newest get a suffix: that one still changes. */
  #makeSuffixes(key: SlotsOfKey): void {
    const { slots } = key;
    key.recent = createStates(this.features);
    const newest = slots.at(-1);
    if (newest !== undefined) mergeStates(this.features, key.recent, newest.states);
    key.suffixed = Math.max(0, slots.length - 1);
    let after: unknown[] | null = null;
    for (let i = key.suffixed - 1; i >= 0; i--) {
      const timeSlot = slots[i] as TimeSlot;
      timeSlot.suffix = createStates(this.features);
      if (after !== null) mergeStates(this.features, timeSlot.suffix, after);
      mergeStates(this.features, timeSlot.suffix, timeSlot.states);
      after = timeSlot.suffix;
    }
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
