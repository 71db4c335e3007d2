// Rolling windows with a resolution r whose aggregates are numbers: a ring per key of time slots that
// have records, each a cell of numbers. The window is [floor((τ − W)/r)·r, τ], so at most W/r + 1 slots
// count. Beside them a key has a cell for the total of all slots but the last. That total is a function
// of the slots: it is made anew, oldest first, when a slot before the last changes or leaves, and
// extended when `last` moves on.
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
import type { PagePool } from '../page-pool.ts';
import {
  capAt,
  countAt,
  firstAt,
  lastAt,
  SlotRings,
  stale,
  stride,
  totalAt,
} from './slot-rings.ts';
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
  readonly pages: PagePool;
}

const never = Number.POSITIVE_INFINITY;

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
  readonly #rings: SlotRings;
  readonly #initial: Float64Array;
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
    const { initial } = layoutCells(this.aggregates);
    this.#initial = initial;
    this.#scratch = initial.slice();
    this.#rings = new SlotRings(
      initial,
      Math.ceil(options.sizeMs / options.resolutionMs) + 1,
      parts.pages,
    );
  }

  override ensureSlots(count: number): void {
    this.#rings.ensure(count);
  }

  override touch(slots: Int32Array, first: number, end: number): number {
    const rings = this.#rings;
    const H = rings.heads;
    let touched = 0;
    for (let i = first; i < end; i++) touched += H[(slots[i] as number) * stride] as number;
    for (let i = first; i < end; i++) {
      const at = (slots[i] as number) * stride;
      if (H[at + capAt] === 0) continue;
      touched += rings.pageOf(at)[rings.cellOf(at, (H[at + countAt] as number) - 1)] as number;
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
    const rings = this.#rings;
    const at = slot * stride;
    if (rings.heads[at + totalAt] === stale) this.clear(slot);
    const cell = rings.cover(at, this.#slotNumber(this.#source.ts[row] as number));
    if (cell >= 0) this.#loops.add(rings.pageOf(at), cell, row);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    const rings = this.#rings;
    const H = rings.heads;
    const at = slot * stride;
    if (slot >= 0 && !isFrozen && H[at + totalAt] === stale) this.clear(slot);
    if (slot < 0 || H[at + capAt] === 0) return this.#loops.put(this.#initial, 0);
    rings.dropBefore(at, this.#slotNumber(tau - this.#options.sizeMs));
    if (H[at + capAt] === 0) return this.#loops.put(this.#initial, 0);
    const page = rings.pageOf(at);
    const last = (H[at + countAt] as number) - 1;
    const newest = rings.cellOf(at, last);
    if (last === 0) return this.#loops.put(page, newest);
    const total = this.#totalOf(at, page, last);
    const scratch = this.#scratch;
    for (let k = 0; k < scratch.length; k++) scratch[k] = page[total + k] as number;
    this.#loops.merge(scratch, 0, page, newest);
    this.#loops.put(scratch, 0);
  }

  override nextTimer(slot: number, asOf: number): number {
    const { decayMs, sizeMs, resolutionMs } = this.#options;
    const rings = this.#rings;
    const H = rings.heads;
    const at = slot * stride;
    if (decayMs === null || H[at + capAt] === 0) return never;
    const from = this.#slotNumber(asOf - sizeMs);
    if (from > (H[at + lastAt] as number)) return never;
    let n = H[at + firstAt] as number;
    for (let i = 1; n < from; i++) n = rings.slotOf(at, i);
    return Math.ceil(((n + 1) * resolutionMs + sizeMs) / decayMs) * decayMs;
  }

  override expiry(_local: number, ts: number): number {
    const { resolutionMs, sizeMs } = this.#options;
    return (this.#slotNumber(ts) + 1) * resolutionMs + sizeMs;
  }

  clear(slot: number): void {
    const at = slot * stride;
    const H = this.#rings.heads;
    if ((H[at + capAt] as number) > 0) this.#rings.give(at);
    H[at + totalAt] = 0;
  }

  override cleanUp(_local: number, slot: number): void {
    this.#rings.heads[slot * stride + totalAt] = stale;
  }

  /** Slots that hold records, each with how far it is from the one before. */
  writeKey(slot: number, to: StateWriter): void {
    const rings = this.#rings;
    const H = rings.heads;
    const at = slot * stride;
    const hasRing = (H[at + capAt] as number) > 0;
    to.u8((hasRing ? 1 : 0) + (H[at + totalAt] === stale ? 2 : 0));
    if (!hasRing) return;
    const first = H[at + firstAt] as number;
    to.f64(first);
    to.varint((H[at + lastAt] as number) - first);
    rings.write(at, to, this.translation);
  }

  readKey(slot: number, from: StateReader): void {
    const at = slot * stride;
    const flags = from.u8();
    if ((flags & 1) !== 0) {
      const first = from.f64();
      this.#rings.read(at, first, first + from.varint(), from);
    }
    this.#rings.heads[at + totalAt] = (flags & 2) !== 0 ? stale : 0;
  }

  override tidy(slot: number): void {
    this.#rings.tidy(slot * stride);
  }

  override get slackBytes(): number {
    return this.#rings.slackBytes;
  }

  override get bytesPerKey(): number {
    return stride * 8;
  }

  get liveBytes(): number {
    return this.#rings.liveBytes;
  }

  override get byteLength(): number {
    return this.#rings.byteLength;
  }

  #slotNumber(ts: number): number {
    return Math.floor(ts / this.#options.resolutionMs);
  }

  /** Where the total of all `count` slots before the last begins in the page, brought up to date. */
  #totalOf(at: number, page: Float64Array, count: number): number {
    const rings = this.#rings;
    const H = rings.heads;
    const initial = this.#initial;
    const total = rings.totalOf(at);
    const known = H[at + totalAt] as number;
    if (known <= 0) for (let k = 0; k < initial.length; k++) page[total + k] = initial[k] as number;
    for (let i = Math.max(0, known); i < count; i++) {
      this.#loops.merge(page, total, page, rings.cellOf(at, i));
    }
    if (known !== stale) H[at + totalAt] = count;
    return total;
  }
}
