// What a view keeps per key beside its windows: the head of its next row and its timers. Eight
// numbers lie together, so that a key costs one line of the processor's cache.
import type { StateReader } from '../state/bytes/state-reader.ts';
import type { StateWriter } from '../state/bytes/state-writer.ts';
import { SlotNumbers } from '../state/slot-numbers.ts';

const before = Number.NEGATIVE_INFINITY;
const never = Number.POSITIVE_INFINITY;
const stride = 8;
const initial = Float64Array.of(before, before, 0, before, before, never, never, 0);

/** Positions in a key's eight numbers. */
const asOfAt = 0;
const eventTimeAt = 1;
const seqAt = 2;
const arrivalAt = 3;
const expiryAt = 4;
const scheduledAt = 5;
const expiryTimerAt = 6;
const waitingAt = 7;
/** Applied records with timers ahead are counted beside those that wait, in units of this. */
const appliedUnit = 2 ** 26;

export class KeyStates {
  readonly #numbers = new SlotNumbers(initial);
  #data: Float64Array = this.#numbers.data;

  ensureSlots(count: number): void {
    this.#numbers.ensure(count);
    this.#data = this.#numbers.data;
  }

  /** Reads what is needed soon, so that the processor waits for memory once; the result means nothing. */
  touch(slots: Int32Array, first: number, end: number): number {
    const data = this.#data;
    let touched = 0;
    for (let i = first; i < end; i++) touched += data[(slots[i] as number) * stride] as number;
    return touched;
  }

  /** The instant of the key's newest row. */
  asOf(slot: number): number {
    return this.#data[slot * stride + asOfAt] as number;
  }

  raiseAsOf(slot: number, time: number): void {
    const at = slot * stride + asOfAt;
    if (time > (this.#data[at] as number)) this.#data[at] = time;
  }

  eventTime(slot: number): number {
    return this.#data[slot * stride + eventTimeAt] as number;
  }

  seq(slot: number): number {
    return this.#data[slot * stride + seqAt] as number;
  }

  /** Arrival of the newest record applied. */
  arrival(slot: number): number {
    return this.#data[slot * stride + arrivalAt] as number;
  }

  setArrival(slot: number, arrivalMs: number): void {
    this.#data[slot * stride + arrivalAt] = arrivalMs;
  }

  /** Counts a record into seq and event_time. */
  apply(slot: number, ts: number, arrivalMs: number): void {
    const data = this.#data;
    const at = slot * stride;
    data[at + seqAt] = (data[at + seqAt] as number) + 1;
    if (ts > (data[at + eventTimeAt] as number)) data[at + eventTimeAt] = ts;
    data[at + arrivalAt] = arrivalMs;
  }

  /** When nothing can be said any more of the records taken, as far as it does not depend on clean-up. */
  expiry(slot: number): number {
    return this.#data[slot * stride + expiryAt] as number;
  }

  raiseExpiry(slot: number, time: number): void {
    const at = slot * stride + expiryAt;
    if (time > (this.#data[at] as number)) this.#data[at] = time;
  }

  /** No record was ever taken for the slot, or the key has been forgotten. */
  isUnused(slot: number): boolean {
    return this.#data[slot * stride + expiryAt] === before;
  }

  /** Time of the timer in the queue that counts; +∞ when there is none. */
  scheduled(slot: number): number {
    return this.#data[slot * stride + scheduledAt] as number;
  }

  schedule(slot: number, time: number): void {
    this.#data[slot * stride + scheduledAt] = time;
  }

  /** Time of the expiry timer in the queue that counts; +∞ when there is none. */
  expiryTimer(slot: number): number {
    return this.#data[slot * stride + expiryTimerAt] as number;
  }

  setExpiryTimer(slot: number, time: number): void {
    this.#data[slot * stride + expiryTimerAt] = time;
  }

  /** Records that wait for the watermark. */
  waiting(slot: number): number {
    return (this.#data[slot * stride + waitingAt] as number) % appliedUnit;
  }

  /** Whether rows at hand are of the key: records that wait, or applied ones whose timers are ahead. */
  hasRows(slot: number): boolean {
    return this.#data[slot * stride + waitingAt] !== 0;
  }

  /** Records that are applied, but whose timers are ahead. */
  addApplied(slot: number, count: number): void {
    this.addWaiting(slot, count * appliedUnit);
  }

  addWaiting(slot: number, count: number): void {
    const at = slot * stride + waitingAt;
    this.#data[at] = (this.#data[at] as number) + count;
  }

  /** Forgets the key, but not what waits. */
  forget(slot: number): void {
    const at = slot * stride + waitingAt;
    const rows = this.#data[at] as number;
    this.#numbers.clear(slot);
    this.#data[at] = rows;
  }

  /** No timer of any key counts any more. */
  unscheduleAll(): void {
    for (let at = scheduledAt; at < this.#numbers.byteLength / 8; at += stride)
      this.#data[at] = never;
  }

  /** Back to a key without state, whatever waits. */
  clear(slot: number): void {
    this.#numbers.clear(slot);
  }

  /** All but what waits. */
  writeKey(slot: number, to: StateWriter): void {
    to.floats(this.#data, slot * stride, slot * stride + waitingAt);
  }

  readKey(slot: number, from: StateReader): void {
    from.floats(this.#data, slot * stride, slot * stride + waitingAt);
  }

  get byteLength(): number {
    return this.#numbers.byteLength;
  }

  get bytesPerKey(): number {
    return stride * 8;
  }
}
