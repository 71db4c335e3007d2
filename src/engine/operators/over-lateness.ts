// The late rule of OVER windows, per key and window, in watermark mode: a record is late when it is
// not after the last fired timer of its key. Fired are the records' own timers and clean-up timers;
// at clean-up the key's past is forgotten, and with it what was late.
// Clean-up times of a key grow, half a window or more at a time. All that are pending are kept, for
// those that are superseded move `last` when they fire; only the earliest is in the queue.
import type { StateReader } from '../state/bytes/state-reader.ts';
import type { StateWriter } from '../state/bytes/state-writer.ts';
import { SlotNumbers } from '../state/slot-numbers.ts';

const none = Number.NEGATIVE_INFINITY;
const stride = 4;
/** Positions in a key's numbers: the last fired timer; of the pending clean-ups the newest, which counts, ... */
const lastAt = 0;
const cleanAt = 1;
/** ... the earliest, which is in the queue, and the next one, when it is not the newest. */
const firstAt = 2;
const secondAt = 3;

const noTimes: readonly number[] = [];

export class OverLateness {
  /** Size of the window; null for a window over rows, which has no clean-up. */
  readonly #sizeMs: number | null;
  readonly #numbers = new SlotNumbers(Float64Array.of(0, none, none, none));
  #data: Float64Array = this.#numbers.data;
  /** Pending clean-ups between the second and the newest, of keys that have such. */
  readonly #more = new Map<number, number[]>();

  constructor(sizeMs: number | null) {
    this.#sizeMs = sizeMs;
  }

  ensureSlots(count: number): void {
    this.#numbers.ensure(count);
    this.#data = this.#numbers.data;
  }

  touch(slots: Int32Array, first: number, end: number): number {
    const data = this.#data;
    let touched = 0;
    for (let i = first; i < end; i++) touched += data[(slots[i] as number) * stride] as number;
    return touched;
  }

  /** Whether a clean-up is due at `watermark` that has not fired yet. */
  isCleanUpDue(slot: number, watermark: number): boolean {
    const clean = this.#data[slot * stride + cleanAt] as number;
    return clean > none && clean <= watermark;
  }

  isLate(slot: number, ts: number): boolean {
    return ts <= (this.#data[slot * stride + lastAt] as number);
  }

  /** Registers an accepted record; the time of a clean-up timer to be put in the queue, or −∞. */
  accept(slot: number, ts: number): number {
    const sizeMs = this.#sizeMs;
    const data = this.#data;
    const at = slot * stride;
    const known = data[at + cleanAt] as number;
    if (sizeMs === null || known >= ts + sizeMs + 1) return none;
    const clean = ts + Math.floor(1.5 * sizeMs) + 1;
    data[at + cleanAt] = clean;
    if (known === none) {
      data[at + firstAt] = clean;
      return clean;
    }
    if (known > (data[at + firstAt] as number)) this.#keepPending(slot, known);
    return none;
  }

  /** The timer of a record fired. */
  rowFired(slot: number, ts: number): void {
    if (ts > (this.#data[slot * stride + lastAt] as number))
      this.#data[slot * stride + lastAt] = ts;
  }

  /** The clean-up timer in the queue fired: true when the window's records are to be forgotten. */
  cleanUpFired(slot: number): boolean {
    const data = this.#data;
    const at = slot * stride;
    const time = data[at + firstAt] as number;
    if (time === data[at + cleanAt]) {
      this.clear(slot);
      return true;
    }
    this.rowFired(slot, time);
    const second = data[at + secondAt] as number;
    data[at + firstAt] = second > none ? second : (data[at + cleanAt] as number);
    data[at + secondAt] = second > none ? this.#takeMore(slot) : none;
    return false;
  }

  /** The earliest pending clean-up, which is in the queue; −∞. */
  pending(slot: number): number {
    return this.#data[slot * stride + firstAt] as number;
  }

  clear(slot: number): void {
    const at = slot * stride;
    this.#data.fill(none, at, at + stride);
    this.#data[at + lastAt] = 0;
    if (this.#more.size > 0) this.#more.delete(slot);
  }

  writeKey(slot: number, to: StateWriter): void {
    const more = this.#more.size > 0 ? (this.#more.get(slot) ?? noTimes) : noTimes;
    to.floats(this.#data, slot * stride, (slot + 1) * stride);
    to.varint(more.length);
    for (const time of more) to.f64(time);
  }

  readKey(slot: number, from: StateReader): void {
    from.floats(this.#data, slot * stride, (slot + 1) * stride);
    const count = from.count();
    if (count > 0) {
      this.#more.set(
        slot,
        Array.from({ length: count }, () => from.f64()),
      );
    }
  }

  get byteLength(): number {
    return this.#numbers.byteLength;
  }

  get bytesPerKey(): number {
    return stride * 8;
  }

  #keepPending(slot: number, time: number): void {
    const at = slot * stride + secondAt;
    if (this.#data[at] === none) this.#data[at] = time;
    else {
      const more = this.#more.get(slot);
      if (more === undefined) this.#more.set(slot, [time]);
      else more.push(time);
    }
  }

  #takeMore(slot: number): number {
    const more = this.#more.get(slot);
    const time = more?.shift() ?? none;
    if (more?.length === 0) this.#more.delete(slot);
    return time;
  }
}
