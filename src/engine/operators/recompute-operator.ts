// Computes a view for questions about the past: records come in the order in which they were known
// (the later of event time and arrival), and before each of them the questions of earlier instants
// are answered. Nothing is late and no timer fires. A record that is older than what its key has
// seen takes its place among the others, as in arrival mode; answers never look past their instant.
import type { Batch } from '../../columns/batch.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { Plan, ViewNode } from '../../plan/plan.ts';
import type { KeyTable } from '../state/key-table.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import { RecordGuard } from './record-guard.ts';
import { RowMaker } from './row-maker.ts';
import { createParts, type ViewParts } from './view-parts.ts';

/** What is asked: of key `keySlots[row]` of `keys` the vector at `timesMs[row]`, by ascending time. */
export interface Questions {
  /** Rows by ascending time. */
  readonly order: Uint32Array;
  readonly timesMs: Float64Array;
  /** Slot in `keys` of each row; -1: no such key can exist, nothing is answered. */
  readonly keySlots: Int32Array;
  readonly keys: KeyTable;
}

export interface RecomputeOptions {
  readonly plan: Plan;
  readonly view: ViewNode;
  readonly questions: Questions;
  /** Records come by arrival, so a later one may be older; else by event time. */
  readonly isByArrival: boolean;
  /** Vector i is the answer to question row `rows[i]`; both are reused after the call. */
  readonly answer: (vectors: VectorBatch, rows: Uint32Array) => void;
}

const chunkRows = 16_384;
const blockRows = 256;
const unknown = -2;

export class RecomputeOperator {
  readonly #parts: ViewParts;
  readonly #rows: RowMaker;
  /** Null without aggregates that users wrote. */
  readonly #guard: RecordGuard | null;
  readonly #questions: Questions;
  readonly #isByArrival: boolean;
  readonly #asked: Uint32Array = new Uint32Array(chunkRows);
  /** Slot of the operator by slot of the questions; `unknown` until it is found. */
  readonly #slotOf: Int32Array;
  /** Verdict per window of the layout. */
  readonly #verdicts: Uint8Array;
  #next = 0;
  /** What touching read: it means nothing, but must not be optimised away. */
  touched = 0;

  constructor({ plan, view, questions, isByArrival, answer }: RecomputeOptions) {
    this.#questions = questions;
    this.#isByArrival = isByArrival;
    this.#slotOf = new Int32Array(questions.keys.slotCount).fill(unknown);
    this.#parts = createParts({
      plan,
      view,
      mode: 'recompute',
      context: {
        emit: (vectors) => answer(vectors, this.#asked.subarray(0, vectors.rowCount)),
        late: () => undefined,
        fail: () => undefined,
      },
    });
    this.#rows = new RowMaker(this.#parts);
    this.#guard = RecordGuard.of(this.#parts);
    this.#verdicts = new Uint8Array(this.#parts.layout.windows.length);
  }

  /** Takes records by ascending max(event time, arrival), answering what was asked before each. */
  process(batch: Batch): void {
    const { store, keys, builder } = this.#parts;
    const { first } = store.load(batch, keys);
    this.#ensureSlots();
    for (let from = first; from < store.length; from += blockRows) {
      const end = Math.min(store.length, from + blockRows);
      this.#touch(from, end);
      for (let row = from; row < end; row++) {
        const knownMs = Math.max(store.ts[row] as number, store.arrivalMs[row] as number);
        if (knownMs > this.#nextMs) this.#answerBefore(knownMs);
        this.#apply(row);
      }
    }
    store.compact([], 0);
    builder.flush(keys.data);
  }

  /** Answers what is left. */
  finish(): void {
    this.#answerBefore(Number.POSITIVE_INFINITY);
    this.#parts.builder.flush(this.#parts.keys.data);
  }

  get #nextMs(): number {
    const { order, timesMs } = this.#questions;
    return this.#next < order.length ? (timesMs[order[this.#next] as number] as number) : Infinity;
  }

  #answerBefore(knownMs: number): void {
    const { order, timesMs, keySlots } = this.#questions;
    const { builder, states, keys } = this.#parts;
    for (; this.#next < order.length; this.#next++) {
      const asked = order[this.#next] as number;
      const asOfMs = timesMs[asked] as number;
      if (asOfMs >= knownMs) return;
      const keySlot = keySlots[asked] as number;
      if (keySlot < 0) continue;
      const slot = this.#find(keySlot);
      if (slot < 0) continue;
      this.#rows.evaluateAt(slot, asOfMs);
      states.raiseAsOf(slot, asOfMs);
      this.#asked[builder.rowCount] = asked;
      builder.finishAt(slot, asOfMs);
      if (builder.isFull) builder.flush(keys.data);
    }
  }

  /** The operator's slot of a key that is asked for, or -1: keys come in, but never go. */
  #find(keySlot: number): number {
    const known = this.#slotOf[keySlot] as number;
    if (known >= 0) return known;
    const { keys } = this.#questions;
    const start = keys.bounds[keySlot * 2] as number;
    const slot = this.#parts.keys.find(keys.data, start, keys.bounds[keySlot * 2 + 1] as number);
    this.#slotOf[keySlot] = slot;
    return slot;
  }

  #ensureSlots(): void {
    const { keys, states, windows } = this.#parts;
    states.ensureSlots(keys.slotCount);
    this.#rows.ensureSlots(keys.slotCount);
    for (const window of windows) window.ensureSlots(keys.slotCount);
  }

  #touch(first: number, end: number): void {
    const { store, states, windows } = this.#parts;
    this.touched += states.touch(store.slot, first, end);
    for (const window of windows) this.touched += window.touch(store.slot, first, end);
  }

  #apply(row: number): void {
    const { store, states, windows } = this.#parts;
    const slot = store.slot[row] as number;
    const ts = store.ts[row] as number;
    // In order, a session that ended before this record can take no other. By arrival nothing is ever
    // over: another record of any time may come.
    const watermark = this.#isByArrival ? minWatermark : ts - 2;
    store.watermark[row] = watermark;
    const refusals = ts < states.asOf(slot) ? this.#judge(slot, row) : null;
    const tau = Math.max(ts, states.asOf(slot));
    // What a run would put into the dead letters is in no answer either.
    if ((this.#guard?.take({ slot, row, tau, watermark }) ?? null) !== null) return;
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i] as ViewWindow;
      if (this.#guard?.isGuarded(window)) continue;
      if (refusals !== null && window.windows.every((index) => refusals[index] !== 0)) continue;
      window.accept(slot, ts, watermark);
      window.add(slot, row);
    }
    this.#rows.countRecord(slot, ts, store.arrivalMs[row] as number);
    states.raiseAsOf(slot, ts);
    states.raiseExpiry(slot, Number.POSITIVE_INFINITY);
  }

  /** Which windows an older record has left already; null when it is in all of them. */
  #judge(slot: number, row: number): Uint8Array | null {
    const { store, states, windows } = this.#parts;
    const verdicts = this.#verdicts.fill(0);
    const asOfMs = states.asOf(slot);
    let refused = 0;
    for (const window of windows) {
      for (let local = 0; local < window.windows.length; local++) {
        const verdict = window.judge(local, slot, row, asOfMs);
        verdicts[window.windows[local] as number] = verdict;
        refused += verdict;
      }
    }
    if (refused === 0) return null;
    store.refuse(row, verdicts);
    return verdicts;
  }
}
