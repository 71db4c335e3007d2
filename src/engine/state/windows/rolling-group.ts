// All exact rolling windows of a view whose aggregates are of numbers, or all its windows over rows:
// one row buffer per key, one generated loop (codegen/update-loops). Rows that left every window are
// overwritten.
import type { OutputRow } from '../../../codegen/update-loops/loop-plan.ts';
import {
  compileRolling,
  layoutRolling,
  ringState,
  type RollingLayout,
  type RollingLoopPlan,
  type RollingLoops,
} from '../../../codegen/update-loops/rolling-code.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { RowArena, type RowSpan } from '../row-arena.ts';
import { SlotNumbers } from '../slot-numbers.ts';
import {
  exclude,
  type RecordSource,
  take,
  type Verdict,
  type ViewWindow,
  type WindowForm,
} from './view-window.ts';

export interface RollingGroupOptions {
  readonly plan: RollingLoopPlan;
  /** Index in the view's windows, per window of the plan. */
  readonly windows: readonly number[];
  readonly decayMs: readonly (number | null)[];
  readonly source: RecordSource;
  readonly output: OutputRow;
  /** True when all windows are over rows. */
  readonly areRows: boolean;
}

const never = Number.POSITIVE_INFINITY;
const noWindow = { sizeMs: 0, rows: null };

export class RollingGroup implements ViewWindow {
  readonly windows: readonly number[];
  readonly isFrozenAtEnd = true;
  readonly areRows: boolean;
  readonly #options: RollingGroupOptions;
  readonly #layout: RollingLayout;
  readonly #loops: RollingLoops;
  readonly #arena: RowArena;
  readonly #state: SlotNumbers;
  /** One state more than there are slots: that of keys without one. */
  #emptyAt = 0;
  readonly hasTimers: boolean;
  /** Keys of which some window is to be emptied when it is next looked at. */
  #staleCount = 0;

  constructor(options: RollingGroupOptions) {
    this.#options = options;
    this.windows = options.windows;
    this.areRows = options.areRows;
    this.#layout = layoutRolling(options.plan);
    this.#state = new SlotNumbers(this.#layout.initial);
    this.#arena = new RowArena(this.#layout.rowWidth);
    this.hasTimers = options.decayMs.some((decayMs) => decayMs !== null);
    this.#loops = compileRolling(options.plan, {
      ...options,
      state: this.#state,
      rows: this.#arena,
    });
    this.ensureSlots(64);
  }

  ensureSlots(count: number): void {
    if (count <= this.#emptyAt) return;
    this.#state.ensure(count + 1);
    this.#state.clear(this.#emptyAt);
    this.#emptyAt = count;
  }

  touchFiring(slots: Int32Array, count: number): number {
    return this.touch(slots, 0, count);
  }

  touch(slots: Int32Array, first: number, end: number): number {
    const { stride, rowWidth, heads } = this.#layout;
    const S = this.#state.data;
    const { pages } = this.#arena;
    const head = heads[0] ?? 0;
    let touched = 0;
    for (let i = first; i < end; i++) {
      const at = (slots[i] as number) * stride;
      touched += (S[at] as number) + (S[at + stride - 1] as number);
    }
    for (let i = first; i < end; i++) {
      const at = (slots[i] as number) * stride;
      const cap = S[at + ringState.cap] as number;
      if (cap < 0) continue;
      const page = pages[S[at + ringState.page] as number] as Float64Array;
      const offset = S[at + ringState.offset] as number;
      const newest = ((S[at + ringState.tail] as number) & cap) * rowWidth;
      const oldest = ((S[at + head] as number) & cap) * rowWidth;
      touched += (page[offset + newest] as number) + (page[offset + oldest] as number);
    }
    return touched;
  }

  judge(local: number, slot: number, row: number, asOf: number): Verdict {
    const { sizeMs, rows } = this.#options.plan.windows[local] ?? noWindow;
    const ts = this.#options.source.ts[row] as number;
    if (rows === null) return ts < asOf - sizeMs ? exclude : take;
    return ts < this.#oldestOf(slot, local, rows) ? exclude : take;
  }

  accept(): void {}

  add(slot: number, row: number): void {
    if (this.#staleCount > 0) this.#dropStale(slot);
    const { source, plan } = this.#options;
    const refusals = source.refusalsOf(row);
    if (refusals !== null) {
      for (const [i, window] of this.windows.entries()) {
        const bit = plan.windows[i]?.refusal ?? -1;
        if (refusals[window] === 0 || bit < 0) continue;
        source.mask[row] = (source.mask[row] as number) | (1 << bit);
      }
    }
    this.#loops.add(slot, row);
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    if (this.#staleCount > 0 && !isFrozen) this.#dropStale(slot);
    this.#loops.evaluate(slot < 0 ? this.#emptyAt : slot, tau);
  }

  nextTimer(slot: number, asOf: number): number {
    if (!this.hasTimers) return never;
    let next = never;
    for (let i = 0; i < this.windows.length; i++) {
      const decayMs = this.#options.decayMs[i] ?? null;
      const sizeMs = this.#options.plan.windows[i]?.sizeMs ?? 0;
      if (decayMs === null) continue;
      const oldest = this.#oldest(slot, i, asOf - sizeMs);
      next = Math.min(next, Math.ceil((oldest + sizeMs + 1) / decayMs) * decayMs);
    }
    return next;
  }

  nextFiring(): number {
    return never;
  }

  lateFiring(): number {
    return Number.NEGATIVE_INFINITY;
  }

  expiry(local: number, ts: number): number {
    if (this.#options.plan.windows[local]?.rows !== null) return never;
    return ts + (this.#options.plan.windows[local]?.sizeMs ?? 0) + 1;
  }

  clear(slot: number): void {
    const { stride } = this.#layout;
    const { data } = this.#state;
    if ((data[slot * stride + ringState.stale] as number) !== 0) this.#staleCount -= 1;
    this.#arena.release(data, slot * stride);
    this.#state.clear(slot);
  }

  cleanUp(local: number, slot: number): void {
    const at = slot * this.#layout.stride + ringState.stale;
    const data = this.#state.data;
    if (data[at] === 0) this.#staleCount += 1;
    data[at] = (data[at] as number) | (1 << local);
  }

  get form(): WindowForm {
    const kind = this.areRows ? 'rows in rings' : 'times in rings';
    const aggregates = this.#options.plan.windows.flatMap((window) => window.aggregates);
    return { kind, features: aggregates.map(({ feature }) => ({ index: feature, form: 'loop' })) };
  }

  /** The numbers as they are, but where the ring lies; then the rows. */
  writeKey(slot: number, to: StateWriter): void {
    const { stride } = this.#layout;
    const S = this.#state.data;
    const at = slot * stride;
    to.floats(S, at + ringState.tail, at + stride);
    this.#arena.write(S, at, this.#rowsOf(at), to);
  }

  readKey(slot: number, from: StateReader): void {
    const { stride } = this.#layout;
    const S = this.#state.data;
    const at = slot * stride;
    from.floats(S, at + ringState.tail, at + stride);
    if (S[at + ringState.stale] !== 0) this.#staleCount += 1;
    this.#arena.read(S, at, this.#rowsOf(at), from);
  }

  /** The group's plan: a row holds the staged inputs from its third number on. */
  get plan(): RollingLoopPlan {
    return this.#options.plan;
  }

  /** Visits the rows of a key in order, `page[at ..)`, each with its number. */
  forRows(slot: number, visit: (page: Float64Array, at: number, number: number) => void): void {
    const { stride, rowWidth } = this.#layout;
    const S = this.#state.data;
    const at = slot * stride;
    const { front, tail } = this.#rowsOf(at);
    if (front === tail) return;
    const page = this.#arena.pages[S[at + ringState.page] as number] as Float64Array;
    const offset = S[at + ringState.offset] as number;
    const cap = S[at + ringState.cap] as number;
    for (let i = front; i < tail; i++) visit(page, offset + (i & cap) * rowWidth, i);
  }

  /** Number of the first row that a window holds: as many rows have left it. */
  headOf(slot: number, local: number): number {
    return this.#state.data[
      slot * this.#layout.stride + (this.#layout.heads[local] ?? 0)
    ] as number;
  }

  isStale(slot: number, local: number): boolean {
    const stale = this.#state.data[slot * this.#layout.stride + ringState.stale] as number;
    return (stale & (1 << local)) !== 0;
  }

  /** Adds a row of the record store that refusals are already marked in. */
  addMarked(slot: number, row: number): void {
    this.#loops.add(slot, row);
  }

  /** Empties a window of a key. */
  dropWindow(slot: number, local: number): void {
    this.#loops.drop(slot, local);
  }

  get byteLength(): number {
    return this.#state.byteLength + this.#arena.byteLength;
  }

  get bytesPerKey(): number {
    return this.#layout.stride * 8;
  }

  get liveBytes(): number {
    return this.#arena.liveBytes;
  }

  /** From the oldest row that some window holds. */
  #rowsOf(at: number): RowSpan {
    const S = this.#state.data;
    const tail = S[at + ringState.tail] as number;
    let front = tail;
    for (const head of this.#layout.heads) front = Math.min(front, S[at + head] as number);
    return { front, tail };
  }

  #dropStale(slot: number): void {
    const at = slot * this.#layout.stride + ringState.stale;
    const data = this.#state.data;
    const stale = data[at] as number;
    if (slot < 0 || stale === 0) return;
    data[at] = 0;
    this.#staleCount -= 1;
    for (let i = 0; i < this.windows.length; i++) {
      if ((stale & (1 << i)) !== 0) this.#loops.drop(slot, i);
    }
  }

  /** Time of the oldest of the newest `rows` rows; −∞ when there are fewer. */
  #oldestOf(slot: number, local: number, rows: number): number {
    const { stride, heads, rowWidth } = this.#layout;
    const S = this.#state.data;
    const at = slot * stride;
    const tail = S[at + ringState.tail] as number;
    const oldest = tail - rows;
    if (oldest < (S[at + (heads[local] ?? 0)] as number)) return Number.NEGATIVE_INFINITY;
    const page = this.#arena.pages[S[at + ringState.page] as number] as Float64Array;
    const row = oldest & (S[at + ringState.cap] as number);
    return page[(S[at + ringState.offset] as number) + row * rowWidth] as number;
  }

  /** Time of the oldest row that a window holds from `start` on; +∞ when there is none. */
  #oldest(slot: number, local: number, start: number): number {
    const { stride, heads, rowWidth } = this.#layout;
    const S = this.#state.data;
    const at = slot * stride;
    const page = this.#arena.pages[S[at + ringState.page] as number];
    const cap = S[at + ringState.cap] as number;
    const offset = S[at + ringState.offset] as number;
    const tail = S[at + ringState.tail] as number;
    const refusal = this.#options.plan.windows[local]?.refusal ?? -1;
    if (page === undefined) return never;
    for (let i = S[at + (heads[local] ?? 0)] as number; i < tail; i++) {
      const row = offset + (i & cap) * rowWidth;
      const isRefused = refusal >= 0 && ((page[row + 1] as number) & (1 << refusal)) !== 0;
      if (!isRefused && (page[row] as number) >= start) return page[row] as number;
    }
    return never;
  }
}
