// Makes the rows of keys: evaluates the windows at an instant and hands the row to the builder.
import type { StateReader } from '../state/bytes/state-reader.ts';
import type { StateWriter } from '../state/bytes/state-writer.ts';
import type { ViewWindow } from '../state/windows/view-window.ts';
import { UncountedRecords } from './uncounted-records.ts';
import type { ViewParts } from './view-parts.ts';

const none: readonly number[] = [];

export class RowMaker {
  readonly #parts: ViewParts;
  /** Watermark mode without waiting: event times of applied records that no row has counted yet. */
  readonly #uncounted = new UncountedRecords();
  /** Instant of the newest true evaluation of a key, while final firings move its as_of on. */
  readonly #frozen = new Map<number, number>();
  readonly #countsLater: boolean;

  constructor(parts: ViewParts) {
    this.#parts = parts;
    this.#countsLater = parts.mode === 'watermark' && !parts.layout.isWaiting;
  }

  touch(slots: Int32Array, first: number, end: number): number {
    return this.#countsLater ? this.#uncounted.touch(slots, first, end) : 0;
  }

  /** Counts an applied record: at once, or with the row that comes to its time. */
  countRecord(slot: number, ts: number, arrivalMs: number): void {
    const { states } = this.#parts;
    if (!this.#countsLater) {
      states.apply(slot, ts, arrivalMs);
      return;
    }
    states.setArrival(slot, arrivalMs);
    this.#uncounted.add(slot, ts);
  }

  /** A final firing of a key at `asOf` before it: from now on its other values stay as they were. */
  freeze(slot: number, asOf: number): void {
    if (!this.#frozen.has(slot)) this.#frozen.set(slot, asOf);
  }

  thaw(slot: number): void {
    if (this.#frozen.size > 0) this.#frozen.delete(slot);
  }

  /** One row of the key at its as_of. `arrivalMs` is that of the record that caused it. */
  emit(slot: number, arrivalMs: number): void {
    const { states, builder } = this.#parts;
    const asOf = states.asOf(slot);
    this.#evaluate(slot, asOf);
    if (this.#countsLater) this.#uncounted.count(slot, asOf, states);
    builder.finish(slot, arrivalMs);
    if (builder.isFull) builder.flush();
  }

  /** A row with the same values as the one before it. */
  repeat(slot: number, arrivalMs: number): void {
    const { builder } = this.#parts;
    if (builder.rowCount === 0) return this.emit(slot, arrivalMs);
    builder.repeat();
    builder.finish(slot, arrivalMs);
    if (builder.isFull) builder.flush();
  }

  /** Puts the values of a key (-1: one without state) at an instant. */
  evaluateAt(slot: number, tau: number): void {
    const { windows } = this.#parts;
    for (let i = 0; i < windows.length; i++) {
      (windows[i] as ViewWindow).evaluate(slot, tau, false, false);
    }
  }

  forget(slot: number): void {
    if (this.#countsLater) this.#uncounted.clear(slot);
  }

  /** As `forget`; final firings are forgotten too. */
  clear(slot: number): void {
    this.forget(slot);
    this.thaw(slot);
  }

  writeKey(slot: number, to: StateWriter): void {
    const times = this.#countsLater ? this.#uncounted.timesOf(slot) : none;
    to.varint(times.length);
    for (let i = 0; i < times.length; i++) to.f64(times[i] as number);
    to.value(this.#frozen.size === 0 ? undefined : this.#frozen.get(slot));
  }

  readKey(slot: number, from: StateReader): void {
    const count = from.count();
    if (count > 0) {
      const times = Array.from({ length: count }, () => from.f64());
      for (const time of times.reverse()) this.#uncounted.add(slot, time);
    }
    const frozen = from.value();
    if (frozen !== undefined) this.#frozen.set(slot, frozen as number);
  }

  get liveBytes(): number {
    return this.#uncounted.liveBytes + this.#frozen.size * 32;
  }

  ensureSlots(count: number): void {
    if (this.#countsLater) this.#uncounted.ensureSlots(count);
  }

  get byteLength(): number {
    return this.#uncounted.byteLength;
  }

  #evaluate(slot: number, asOf: number): void {
    const frozen = this.#frozen.size === 0 ? undefined : this.#frozen.get(slot);
    if (frozen === undefined) {
      this.evaluateAt(slot, asOf);
      return;
    }
    for (const window of this.#parts.windows) {
      if (window.isFrozenAtEnd) window.evaluate(slot, frozen, false, true);
      else window.evaluate(slot, asOf, true, false);
    }
  }
}
