// Rolling windows with a resolution r whose features all count distinct values: per key and feature,
// each value with the last slot that has it. The window is [floor((τ − W)/r)·r, τ]. Images are those
// of `SlotWindowState`, a set per slot, with a value in the last of its slots only.
import type { OutputRow } from '../../../codegen/update-loops/loop-plan.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { GrowingInts } from '../growing-arrays.ts';
import type { PagePool } from '../page-pool.ts';
import type { ValueCodes } from '../value-codes.ts';
import { LatestValues } from './latest-values.ts';
import { countAt, firstAt, lastAt, SlotRings, stride } from './slot-rings.ts';
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

/** A feature whose input is staged as codes. */
export interface DistinctFeature {
  readonly feature: number;
  readonly codes: ValueCodes;
  /** Staged column of the codes; bit that the row's mask must have, or -1. */
  readonly input: number;
  readonly filter: number;
}

export interface DistinctSlotParts {
  /** Index of the window in the view's. */
  readonly window: number;
  readonly features: readonly DistinctFeature[];
  readonly source: RecordSource;
  readonly output: OutputRow;
  readonly pages: PagePool;
}

const never = Number.POSITIVE_INFINITY;

export class DistinctSlotWindow extends SingleWindow implements ViewWindow {
  override readonly hasTimers: boolean;
  readonly isFrozenAtEnd = true;
  readonly form: WindowForm;
  readonly #parts: DistinctSlotParts;
  readonly #options: SlotWindowOptions;
  readonly #values: readonly LatestValues[];
  /** Slots with records, for timers: cells without numbers; null without timers. */
  readonly #slots: SlotRings | null;
  /** Per key: 1 when all is to be forgotten as soon as it is looked at, or a record comes. */
  readonly #stale = new GrowingInts(0);
  /** The pairs of the key that is being written. */
  #order = new Float64Array(64);
  #count = 0;
  /** Number of its first slot. */
  #first = 0;

  constructor(parts: DistinctSlotParts, options: SlotWindowOptions) {
    super(parts.window);
    this.hasTimers = options.decayMs !== null;
    this.form = {
      kind: 'slots',
      features: parts.features.map(({ feature }) => ({ index: feature, form: 'codes' })),
    };
    this.#parts = parts;
    this.#options = options;
    this.#values = parts.features.map(({ codes }) => new LatestValues(codes, parts.pages));
    const span = Math.ceil(options.sizeMs / options.resolutionMs) + 1;
    this.#slots = this.hasTimers ? new SlotRings(new Float64Array(0), span, parts.pages) : null;
  }

  override ensureSlots(count: number): void {
    for (const values of this.#values) values.ensure(count);
    this.#slots?.ensure(count);
    this.#stale.ensure(count);
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (const values of this.#values) touched += values.touch(slots, first, end);
    return touched;
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const { resolutionMs } = this.#options;
    const ts = this.#parts.source.ts[row] as number;
    return ts < this.#firstSlot(asOf) * resolutionMs ? exclude : take;
  }

  add(slot: number, row: number): void {
    const { source, features } = this.#parts;
    if (this.#stale.data[slot] === 1) this.clear(slot);
    const n = this.#slotNumber(source.ts[row] as number);
    this.#slots?.cover(slot * stride, n);
    for (let f = 0; f < features.length; f++) {
      const { input, filter } = features[f] as DistinctFeature;
      if (filter >= 0 && ((source.mask[row] as number) & (1 << filter)) === 0) continue;
      const code = (source.values[input] as Float64Array)[row] as number;
      (this.#values[f] as LatestValues).add(slot, code, n);
    }
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    const { features } = this.#parts;
    if (slot >= 0 && !isFrozen && this.#stale.data[slot] === 1) this.clear(slot);
    const from = this.#firstSlot(tau);
    if (slot >= 0) this.#dropSlots(slot, from);
    for (let f = 0; f < features.length; f++) {
      const count = slot < 0 ? 0 : (this.#values[f] as LatestValues).countFrom(slot, from);
      this.#put((features[f] as DistinctFeature).feature, count);
    }
  }

  override nextTimer(slot: number, asOf: number): number {
    const { decayMs, sizeMs, resolutionMs } = this.#options;
    const slots = this.#slots;
    const at = slot * stride;
    if (slots === null || decayMs === null || slots.isEmpty(at)) return never;
    const from = this.#firstSlot(asOf);
    if (from > (slots.heads[at + lastAt] as number)) return never;
    let n = slots.heads[at + firstAt] as number;
    for (let i = 1; n < from; i++) n = slots.slotOf(at, i);
    return Math.ceil(((n + 1) * resolutionMs + sizeMs) / decayMs) * decayMs;
  }

  override expiry(_local: number, ts: number): number {
    const { resolutionMs, sizeMs } = this.#options;
    return (this.#slotNumber(ts) + 1) * resolutionMs + sizeMs;
  }

  clear(slot: number): void {
    for (const values of this.#values) values.clear(slot);
    const slots = this.#slots;
    if (slots !== null && !slots.isEmpty(slot * stride)) slots.give(slot * stride);
    this.#stale.data[slot] = 0;
  }

  override cleanUp(_local: number, slot: number): void {
    this.#stale.data[slot] = 1;
  }

  writeKey(slot: number, to: StateWriter): void {
    this.#sortPairs(slot);
    const count = this.#count;
    to.u8(count === 0 ? 0 : 1 + (this.#stale.data[slot] as number));
    if (count === 0) return;
    // No suffixes, and no cells for them and for the total.
    to.varint(0);
    to.u8(0);
    to.u8(0);
    let slotCount = 0;
    for (let at = 0; at < count; at = this.#endOfSlot(at)) slotCount += 1;
    to.varint(slotCount);
    for (let at = 0; at < count; ) {
      const end = this.#endOfSlot(at);
      this.#writeSlot(slot, at, end, to);
      at = end;
    }
  }

  readKey(slot: number, from: StateReader): void {
    const flag = from.u8();
    if (flag === 0) return;
    this.#stale.data[slot] = flag === 2 ? 1 : 0;
    from.varint();
    this.#skipCell(from);
    this.#skipCell(from);
    for (let left = from.count(); left > 0; left--) {
      const n = this.#slotNumber(from.f64());
      this.#slots?.cover(slot * stride, n);
      for (const values of this.#values) {
        for (let more = from.count(); more > 0; more--) {
          const code = values.codes.read(from);
          values.add(slot, code, n);
          values.codes.release(code);
        }
      }
      this.#skipCell(from);
    }
  }

  override tidy(slot: number): void {
    for (const values of this.#values) values.tidy(slot);
    this.#slots?.tidy(slot * stride);
  }

  override get slackBytes(): number {
    return this.#values.reduce(
      (sum, { slackBytes }) => sum + slackBytes,
      this.#slots?.slackBytes ?? 0,
    );
  }

  override get bytesPerKey(): number {
    const ofSlots = this.#slots === null ? 0 : stride * 8;
    return this.#values.reduce((sum, { bytesPerKey }) => sum + bytesPerKey, 4 + ofSlots);
  }

  get liveBytes(): number {
    let bytes = this.#slots?.liveBytes ?? 0;
    for (const { liveBytes } of this.#values) bytes += liveBytes;
    return bytes;
  }

  override get byteLength(): number {
    const own = this.#stale.byteLength + (this.#slots?.byteLength ?? 0);
    return this.#values.reduce((sum, { byteLength }) => sum + byteLength, own);
  }

  #slotNumber(ts: number): number {
    return Math.floor(ts / this.#options.resolutionMs);
  }

  #firstSlot(tau: number): number {
    return this.#slotNumber(tau - this.#options.sizeMs);
  }

  #dropSlots(slot: number, from: number): void {
    const at = slot * stride;
    if (this.#slots?.isEmpty(at) === false) this.#slots.dropBefore(at, from);
  }

  #put(feature: number, count: number): void {
    const { columns, rowCount } = this.#parts.output;
    const column = columns[feature];
    if (column?.kind !== 'float64') return;
    column.values[rowCount] = count;
    column.nulls[rowCount] = 0;
  }

  /**
   * Puts the pairs of a key, and a mark for each slot with records, into `#order`, by slot: each as
   * ((slot − first) · kinds + kind) · scale + place.
   */
  #sortPairs(slot: number): void {
    const values = this.#values;
    const slots = this.#slots;
    const marks = slots === null ? 0 : (slots.heads[slot * stride + countAt] as number);
    let count = slots?.isEmpty(slot * stride) === false ? marks : 0;
    const marked = count;
    for (const of of values) count += of.countOf(slot);
    if (count > this.#order.length) this.#order = new Float64Array(count * 2);
    const order = this.#order;
    let first = never;
    for (let i = 0; i < marked; i++) first = Math.min(first, this.#markAt(slot, i));
    for (const of of values) {
      for (let i = of.countOf(slot) - 1; i >= 0; i--) first = Math.min(first, of.slotAt(slot, i));
    }
    const kinds = values.length + 1;
    let at = 0;
    for (let i = 0; i < marked; i++) {
      order[at++] = ((this.#markAt(slot, i) - first) * kinds + values.length) * count;
    }
    for (let f = 0; f < values.length; f++) {
      const of = values[f] as LatestValues;
      for (let i = of.countOf(slot) - 1; i >= 0; i--) {
        order[at++] = ((of.slotAt(slot, i) - first) * kinds + f) * count + i;
      }
    }
    order.subarray(0, count).sort();
    this.#first = first;
    this.#count = count;
  }

  #markAt(slot: number, index: number): number {
    return (this.#slots as SlotRings).slotOf(slot * stride, index);
  }

  /** Where the pairs of the slot end that those from `start` on begin with. */
  #endOfSlot(start: number): number {
    const count = this.#count;
    const kinds = this.#values.length + 1;
    const next = (this.#slotOfPair(start) + 1) * kinds * count;
    let end = start + 1;
    while (end < count && (this.#order[end] as number) < next) end += 1;
    return end;
  }

  #slotOfPair(at: number): number {
    const kinds = this.#values.length + 1;
    return Math.floor((this.#order[at] as number) / (this.#count * kinds));
  }

  /** Writes the sets of the slot with the pairs `start .. end`. */
  #writeSlot(slot: number, start: number, end: number, to: StateWriter): void {
    const order = this.#order;
    const scale = this.#count;
    const n = this.#slotOfPair(start);
    to.f64((n + this.#first) * this.#options.resolutionMs);
    let at = start;
    for (let f = 0; f < this.#values.length; f++) {
      const values = this.#values[f] as LatestValues;
      const base = (n * (this.#values.length + 1) + f) * scale;
      let stop = at;
      while (stop < end && (order[stop] as number) < base + scale) stop += 1;
      to.varint(stop - at);
      for (; at < stop; at++) {
        values.codes.write(values.codeAt(slot, (order[at] as number) - base), to);
      }
    }
    to.u8(0);
  }

  /** A cell of a sum of slots, which is not needed. */
  #skipCell(from: StateReader): void {
    if (from.u8() === 0) return;
    for (let f = 0; f < this.#values.length; f++) {
      for (let left = from.count(); left > 0; left--) from.skipBytes();
    }
  }
}
