// Rolling windows with a resolution r: partial aggregates per slot of r milliseconds. The window is
// [floor((τ − W)/r)·r, τ]; at most W/r + 2 slots per key are kept. A running total takes every new
// record. When slots leave they are taken away from it where that is exact (counts). Otherwise it is
// made anew from two parts, so that a slot is merged a constant number of times whatever the
// window's length: `suffix` of an older slot covers it and all slots up to the last one that has a
// suffix; `recent` covers the slots after that.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { noCell } from '../cells/cells.ts';
import {
  CellWindow,
  type CellWindowParts,
  exclude,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

interface TimeSlot {
  readonly start: number;
  readonly cell: number;
  suffix: number;
}

interface SlotsOfKey {
  /** Ordered by start. The first `suffixed` have a suffix. */
  slots: TimeSlot[];
  suffixed: number;
  recent: number;
  total: number;
  /** Forgotten as soon as it is looked at, or a record comes. */
  isStale: boolean;
}

export interface SlotWindowOptions {
  readonly sizeMs: number;
  readonly resolutionMs: number;
  readonly decayMs: number | null;
}

const never = Number.POSITIVE_INFINITY;
/** So many slots are merged without suffixes where the order does not matter. */
const fewSlots = 12;

export class SlotWindowState extends CellWindow implements ViewWindow {
  override readonly hasTimers: boolean;
  readonly isFrozenAtEnd = true;
  readonly #options: SlotWindowOptions;
  readonly #keys: (SlotsOfKey | undefined)[] = [];
  #slotCount = 0;

  constructor(parts: CellWindowParts, options: SlotWindowOptions) {
    super(parts);
    this.hasTimers = options.decayMs !== null;
    this.#options = options;
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (let i = first; i < end; i++) touched += this.#keys[slots[i] as number]?.total ?? 0;
    for (let i = first; i < end; i++) {
      const key = this.#keys[slots[i] as number];
      if (key === undefined) continue;
      const newest = key.slots[key.slots.length - 1];
      if (newest !== undefined) touched += this.cells.touch(newest.cell);
      if (key.total !== noCell) touched += this.cells.touch(key.total);
    }
    return touched;
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const ts = this.source.ts[row] as number;
    return ts < this.#windowStart(asOf) ? exclude : take;
  }

  add(slot: number, row: number): void {
    const { cells } = this;
    if (this.#keys[slot]?.isStale) this.clear(slot);
    this.#keys[slot] ??= newKey();
    const key = this.#keys[slot];
    const at = this.#slotAt(key, this.#slotStart(this.source.ts[row] as number));
    cells.add((key.slots[at] as TimeSlot).cell, row);
    if (at < key.suffixed) {
      for (let i = 0; i <= at; i++) cells.add((key.slots[i] as TimeSlot).suffix, row);
    } else if (key.recent !== noCell) cells.add(key.recent, row);
    if (key.total !== noCell) cells.add(key.total, row);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    if (!isFrozen && this.#keys[slot]?.isStale) this.clear(slot);
    const key = this.#keys[slot];
    if (key === undefined) {
      this.cells.putEmpty();
      return;
    }
    const start = this.#windowStart(tau);
    let left = 0;
    while (left < key.slots.length && (key.slots[left] as TimeSlot).start < start) left += 1;
    if (left > 0) this.#drop(key, left);
    if (key.total === noCell) key.total = this.#totalOf(key);
    this.cells.put(key.total);
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
    const key = this.#keys[slot];
    if (key === undefined) return;
    this.#forgetSuffixes(key);
    this.#freeTotal(key);
    for (const { cell } of key.slots) this.cells.free(cell);
    this.#slotCount -= key.slots.length;
    this.#keys[slot] = undefined;
  }

  override cleanUp(_local: number, slot: number): void {
    const key = this.#keys[slot];
    if (key !== undefined) key.isStale = true;
  }

  get form(): WindowForm {
    return { kind: 'slots', features: this.cells.forms };
  }

  /** With totals and suffixes where those are sums in an order of their own. */
  writeKey(slot: number, to: StateWriter): void {
    const key = this.#keys[slot];
    to.u8(key === undefined ? 0 : key.isStale ? 2 : 1);
    if (key === undefined) return;
    const areMadeAnew = this.cells.isOrderless;
    to.varint(areMadeAnew ? 0 : key.suffixed);
    this.writeCell(areMadeAnew ? noCell : key.recent, to);
    this.writeCell(areMadeAnew ? noCell : key.total, to);
    to.varint(key.slots.length);
    for (const { start, cell, suffix } of key.slots) {
      to.f64(start);
      this.cellWriter.write(cell, to);
      this.writeCell(areMadeAnew ? noCell : suffix, to);
    }
  }

  readKey(slot: number, from: StateReader): void {
    const flag = from.u8();
    if (flag === 0) return;
    const key = newKey();
    key.isStale = flag === 2;
    key.suffixed = from.varint();
    key.recent = this.readCell(from);
    key.total = this.readCell(from);
    for (let left = from.count(); left > 0; left--) {
      const start = from.f64();
      key.slots.push({ start, cell: this.cells.read(from), suffix: this.readCell(from) });
    }
    this.#slotCount += key.slots.length;
    this.#keys[slot] = key;
  }

  override get bytesPerKey(): number {
    return 160;
  }

  get liveBytes(): number {
    return this.cells.liveBytes + this.#slotCount * 64;
  }

  /** Position of the slot that begins at `start`, made when it is new. */
  #slotAt(key: SlotsOfKey, start: number): number {
    const { slots } = key;
    let at = slots.length;
    while (at > 0 && (slots[at - 1] as TimeSlot).start > start) at -= 1;
    if (at > 0 && (slots[at - 1] as TimeSlot).start === start) return at - 1;
    // A slot among those with suffixes would need one: they are made anew when next needed.
    if (at < key.suffixed) this.#forgetSuffixes(key);
    this.#slotCount += 1;
    slots.splice(at, 0, { start, cell: this.cells.create(), suffix: noCell });
    return at;
  }

  #forgetSuffixes(key: SlotsOfKey): void {
    for (let i = 0; i < key.suffixed; i++) {
      const timeSlot = key.slots[i] as TimeSlot;
      this.cells.free(timeSlot.suffix);
      timeSlot.suffix = noCell;
    }
    key.suffixed = 0;
    if (key.recent !== noCell) this.cells.free(key.recent);
    key.recent = noCell;
  }

  #freeTotal(key: SlotsOfKey): void {
    if (key.total !== noCell) this.cells.free(key.total);
    key.total = noCell;
  }

  /** The oldest slots leave. */
  #drop(key: SlotsOfKey, count: number): void {
    const { cells } = this;
    if (count > key.suffixed) this.#forgetSuffixes(key);
    if (!cells.canUnmerge) this.#freeTotal(key);
    this.#slotCount -= count;
    for (let left = count; left > 0; left--) {
      const { cell, suffix } = key.slots.shift() as TimeSlot;
      if (key.total !== noCell) cells.unmerge(key.total, cell);
      if (suffix !== noCell) cells.free(suffix);
      cells.free(cell);
    }
    key.suffixed = Math.max(0, key.suffixed - count);
  }

  #totalOf(key: SlotsOfKey): number {
    const { cells } = this;
    const total = cells.create();
    const isPlain = cells.isOrderless && key.suffixed === 0 && key.slots.length <= fewSlots;
    if (cells.canUnmerge || isPlain) {
      for (const { cell } of key.slots) cells.merge(total, cell);
      return total;
    }
    if (key.suffixed === 0) this.#makeSuffixes(key);
    const oldest = key.slots[0]?.suffix ?? noCell;
    if (oldest !== noCell) cells.merge(total, oldest);
    if (key.recent !== noCell) cells.merge(total, key.recent);
    return total;
  }

  /** All slots but the newest get a suffix: that one still changes. */
  #makeSuffixes(key: SlotsOfKey): void {
    const { cells } = this;
    const { slots } = key;
    const newest = slots.at(-1);
    if (key.recent !== noCell) cells.free(key.recent);
    key.recent = cells.create();
    if (newest !== undefined) cells.merge(key.recent, newest.cell);
    key.suffixed = Math.max(0, slots.length - 1);
    let after = noCell;
    for (let i = key.suffixed - 1; i >= 0; i--) {
      const timeSlot = slots[i] as TimeSlot;
      timeSlot.suffix = cells.create();
      if (after !== noCell) cells.merge(timeSlot.suffix, after);
      cells.merge(timeSlot.suffix, timeSlot.cell);
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

function newKey(): SlotsOfKey {
  return { slots: [], suffixed: 0, recent: noCell, total: noCell, isStale: false };
}
