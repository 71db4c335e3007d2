// The late rule of OVER windows, per key and window, in watermark mode: a record is late when it is
// not after the last fired timer of its key. Fired are the records' own timers and clean-up timers;
// at clean-up the key's past is forgotten, and with it what was late.

const none = Number.NEGATIVE_INFINITY;

export class OverLateness {
  /** Size of the window; null for a window over rows, which has no clean-up. */
  readonly #sizeMs: number | null;
  /** Per key: the last fired timer, the clean-up timer. */
  #data: Float64Array = new Float64Array(0);

  constructor(sizeMs: number | null) {
    this.#sizeMs = sizeMs;
  }

  ensureSlots(count: number): void {
    const old = this.#data;
    if (old.length >= count * 2) return;
    const data = new Float64Array(Math.max(count * 2, old.length * 2));
    data.set(old);
    for (let at = old.length + 1; at < data.length; at += 2) data[at] = none;
    this.#data = data;
  }

  touch(slots: Int32Array, first: number, end: number): number {
    const data = this.#data;
    let touched = 0;
    for (let i = first; i < end; i++) touched += data[(slots[i] as number) * 2] as number;
    return touched;
  }

  /** Whether a clean-up is due at `watermark` that has not fired yet. */
  isCleanUpDue(slot: number, watermark: number): boolean {
    const clean = this.#data[slot * 2 + 1] as number;
    return clean > none && clean <= watermark;
  }

  isLate(slot: number, ts: number): boolean {
    return ts <= (this.#data[slot * 2] as number);
  }

  /** Registers an accepted record; the time of a new clean-up timer, or −∞. */
  accept(slot: number, ts: number): number {
    const sizeMs = this.#sizeMs;
    const at = slot * 2 + 1;
    if (sizeMs === null || (this.#data[at] as number) >= ts + sizeMs + 1) return none;
    const clean = ts + Math.floor(1.5 * sizeMs) + 1;
    this.#data[at] = clean;
    return clean;
  }

  /** The timer of a record fired. */
  rowFired(slot: number, ts: number): void {
    if (ts > (this.#data[slot * 2] as number)) this.#data[slot * 2] = ts;
  }

  /** A clean-up timer fired: true when the window's records are to be forgotten. */
  cleanUpFired(slot: number, time: number): boolean {
    const clean = this.#data[slot * 2 + 1] as number;
    if (clean > none && time >= clean) {
      this.clear(slot);
      return true;
    }
    this.rowFired(slot, time);
    return false;
  }

  hasTimer(slot: number): boolean {
    return (this.#data[slot * 2 + 1] as number) > none;
  }

  clear(slot: number): void {
    this.#data[slot * 2] = 0;
    this.#data[slot * 2 + 1] = none;
  }

  get byteLength(): number {
    return this.#data.byteLength;
  }
}
