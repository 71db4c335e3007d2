// The late rule of OVER windows, per key and window, in watermark mode: a record is late when it is
// not after the last fired timer of its key. Fired are the records' own timers and clean-up timers;
// at clean-up the key's past is forgotten, and with it what was late.
import { enlargeFloats } from '../state/slot-arrays.ts';

const none = Number.NEGATIVE_INFINITY;

export class OverLateness {
  /** Size of the window; null for a window over rows, which has no clean-up. */
  readonly #sizeMs: number | null;
  #last = new Float64Array(0);
  #clean = new Float64Array(0);

  constructor(sizeMs: number | null) {
    this.#sizeMs = sizeMs;
  }

  ensureSlots(count: number): void {
    if (this.#last.length >= count) return;
    this.#last = enlargeFloats(this.#last, count, 0);
    this.#clean = enlargeFloats(this.#clean, count, none);
  }

  isLate(slot: number, ts: number): boolean {
    return ts <= (this.#last[slot] as number);
  }

  /** Registers an accepted record; the time of a new clean-up timer, or −∞. */
  accept(slot: number, ts: number): number {
    const sizeMs = this.#sizeMs;
    if (sizeMs === null || (this.#clean[slot] as number) >= ts + sizeMs + 1) return none;
    const clean = ts + Math.floor(1.5 * sizeMs) + 1;
    this.#clean[slot] = clean;
    return clean;
  }

  /** The timer of a record fired. */
  rowFired(slot: number, ts: number): void {
    if (ts > (this.#last[slot] as number)) this.#last[slot] = ts;
  }

  /** A clean-up timer fired: true when the window's records are to be forgotten. */
  cleanUpFired(slot: number, time: number): boolean {
    const clean = this.#clean[slot] as number;
    if (clean > none && time >= clean) {
      this.clear(slot);
      return true;
    }
    this.rowFired(slot, time);
    return false;
  }

  hasTimer(slot: number): boolean {
    return (this.#clean[slot] as number) > none;
  }

  clear(slot: number): void {
    this.#last[slot] = 0;
    this.#clean[slot] = none;
  }
}
