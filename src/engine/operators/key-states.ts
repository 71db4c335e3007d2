// What a view keeps per key beside its windows: the head of its next row and its timers.
import { enlargeFloats, enlargeInts } from '../state/slot-arrays.ts';

const before = Number.NEGATIVE_INFINITY;
const never = Number.POSITIVE_INFINITY;

export class KeyStates {
  asOf: Float64Array = new Float64Array(0);
  eventTime: Float64Array = new Float64Array(0);
  seq: Float64Array = new Float64Array(0);
  /** Arrival of the newest record applied. */
  arrival: Float64Array = new Float64Array(0);
  /** When nothing can be said any more of the records taken. */
  expiry: Float64Array = new Float64Array(0);
  /** Time of the timer in the queue that counts; +∞ when there is none. */
  scheduled: Float64Array = new Float64Array(0);
  /** 1 while an expiry timer is in the queue. */
  expiring: Int32Array = new Int32Array(0);
  /** Records that wait for the watermark. */
  waiting: Int32Array = new Int32Array(0);

  ensureSlots(count: number): void {
    if (this.asOf.length >= count) return;
    this.asOf = enlargeFloats(this.asOf, count, before);
    this.eventTime = enlargeFloats(this.eventTime, count, before);
    this.seq = enlargeFloats(this.seq, count, 0);
    this.arrival = enlargeFloats(this.arrival, count, before);
    this.expiry = enlargeFloats(this.expiry, count, before);
    this.scheduled = enlargeFloats(this.scheduled, count, never);
    this.expiring = enlargeInts(this.expiring, count);
    this.waiting = enlargeInts(this.waiting, count);
  }

  /** No record was ever taken for the slot, or the key has been forgotten. */
  isUnused(slot: number): boolean {
    return this.expiry[slot] === before;
  }

  apply(slot: number, ts: number, arrivalMs: number): void {
    this.seq[slot] = (this.seq[slot] as number) + 1;
    if (ts > (this.eventTime[slot] as number)) this.eventTime[slot] = ts;
    this.arrival[slot] = arrivalMs;
  }

  raiseAsOf(slot: number, time: number): void {
    if (time > (this.asOf[slot] as number)) this.asOf[slot] = time;
  }

  forget(slot: number): void {
    this.asOf[slot] = before;
    this.eventTime[slot] = before;
    this.seq[slot] = 0;
    this.arrival[slot] = before;
    this.expiry[slot] = before;
    this.scheduled[slot] = never;
    this.expiring[slot] = 0;
  }
}
