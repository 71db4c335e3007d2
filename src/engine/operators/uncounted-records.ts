// Event times of applied records that no row of their key has counted yet, for views whose records
// give no rows of their own: a list per key in shared arrays.
import { SlotNumbers } from '../state/slot-numbers.ts';
import type { KeyStates } from './key-states.ts';

const none = -1;

export class UncountedRecords {
  /** Of each key its newest record's time (NaN: none), and the first record of the list of others. */
  readonly #keys = new SlotNumbers(Float64Array.of(Number.NaN, none));
  #key: Float64Array = this.#keys.data;
  /** Of each record its time and the next one; a record is where its time lies. */
  #records: Float64Array = new Float64Array(2048);
  readonly #free: number[] = [];
  #used = 0;
  /** Records in all lists. */
  #count = 0;

  ensureSlots(count: number): void {
    this.#keys.ensure(count);
    this.#key = this.#keys.data;
  }

  touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (let i = first; i < end; i++) touched += this.#key[(slots[i] as number) * 2 + 1] as number;
    return touched;
  }

  add(slot: number, ts: number): void {
    this.#count += 1;
    const key = this.#key;
    const newest = key[slot * 2] as number;
    key[slot * 2] = ts;
    if (Number.isNaN(newest)) return;
    const at = this.#takeRecord();
    this.#records[at] = newest;
    this.#records[at + 1] = key[slot * 2 + 1] as number;
    key[slot * 2 + 1] = at;
  }

  /** Takes the records up to `limit` from the key, and counts them into its state. */
  count(slot: number, limit: number, states: KeyStates): void {
    const key = this.#key;
    const newest = key[slot * 2] as number;
    const arrivalMs = states.arrival(slot);
    if (newest <= limit) {
      states.apply(slot, newest, arrivalMs);
      key[slot * 2] = Number.NaN;
      this.#count -= 1;
    }
    const records = this.#records;
    let before = none;
    for (let at = key[slot * 2 + 1] as number; at !== none; ) {
      const next = records[at + 1] as number;
      const ts = records[at] as number;
      if (ts <= limit) {
        states.apply(slot, ts, arrivalMs);
        if (before === none) key[slot * 2 + 1] = next;
        else records[before + 1] = next;
        this.#free.push(at);
        this.#count -= 1;
      } else before = at;
      at = next;
    }
  }

  /** Forgets the records of a key. */
  clear(slot: number): void {
    const key = this.#key;
    if (!Number.isNaN(key[slot * 2] as number)) this.#count -= 1;
    for (let at = key[slot * 2 + 1] as number; at !== none; at = this.#records[at + 1] as number) {
      this.#free.push(at);
      this.#count -= 1;
    }
    key[slot * 2] = Number.NaN;
    key[slot * 2 + 1] = none;
  }

  /** The times of a key, the newest record's first. */
  timesOf(slot: number): number[] {
    const newest = this.#key[slot * 2] as number;
    const times = Number.isNaN(newest) ? [] : [newest];
    const records = this.#records;
    const first = this.#key[slot * 2 + 1] as number;
    for (let at = first; at !== none; at = records[at + 1] as number) {
      times.push(records[at] as number);
    }
    return times;
  }

  get liveBytes(): number {
    return this.#count * 16;
  }

  get byteLength(): number {
    return this.#records.byteLength + this.#keys.byteLength;
  }

  #takeRecord(): number {
    const known = this.#free.pop();
    if (known !== undefined) return known;
    if (this.#used === this.#records.length) {
      const records = new Float64Array(this.#records.length * 2);
      records.set(this.#records);
      this.#records = records;
    }
    const at = this.#used;
    this.#used += 2;
    return at;
  }
}
