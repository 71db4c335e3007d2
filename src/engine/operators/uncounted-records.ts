// Event times of applied records that no row of their key has counted yet, for views whose records
// give no rows of their own: a list per key in shared arrays.
import type { KeyStates } from './key-states.ts';

const none = -1;

export class UncountedRecords {
  /** Of each record its time and the next one; a record is where its time lies. */
  #records: Float64Array = new Float64Array(2048);
  #heads: Int32Array = new Int32Array(0);
  #free = none;
  #used = 0;
  /** Records in all lists. */
  #count = 0;

  ensureSlots(count: number): void {
    if (this.#heads.length >= count) return;
    const heads = new Int32Array(Math.max(count, this.#heads.length * 2)).fill(none);
    heads.set(this.#heads);
    this.#heads = heads;
  }

  touch(slots: Int32Array, first: number, end: number): number {
    let touched = 0;
    for (let i = first; i < end; i++) {
      const at = this.#heads[slots[i] as number] as number;
      if (at !== none) touched += this.#records[at] as number;
    }
    return touched;
  }

  add(slot: number, ts: number): void {
    this.#count += 1;
    let at = this.#free;
    if (at === none) {
      if (this.#used === this.#records.length) this.#grow();
      at = this.#used;
      this.#used += 2;
    } else this.#free = this.#records[at + 1] as number;
    this.#records[at] = ts;
    this.#records[at + 1] = this.#heads[slot] as number;
    this.#heads[slot] = at;
  }

  /** Takes the records up to `limit` out of the key's list, and counts them into its state. */
  count(slot: number, limit: number, states: KeyStates): void {
    const records = this.#records;
    const arrivalMs = states.arrival(slot);
    let before = none;
    for (let at = this.#heads[slot] as number; at !== none; ) {
      const next = records[at + 1] as number;
      const ts = records[at] as number;
      if (ts <= limit) {
        states.apply(slot, ts, arrivalMs);
        this.#take(slot, at, before);
      } else before = at;
      at = next;
    }
  }

  /** Forgets the records of a key. */
  clear(slot: number): void {
    for (let at = this.#heads[slot] as number; at !== none; at = this.#heads[slot] as number) {
      this.#take(slot, at, none);
    }
  }

  /** The times of a key, as they lie. */
  timesOf(slot: number): number[] {
    const times: number[] = [];
    const records = this.#records;
    for (let at = this.#heads[slot] as number; at !== none; at = records[at + 1] as number) {
      times.push(records[at] as number);
    }
    return times;
  }

  get liveBytes(): number {
    return this.#count * 16;
  }

  get byteLength(): number {
    return this.#records.byteLength + this.#heads.byteLength;
  }

  /** Frees the record at `at`, which comes after `before` in its key's list. */
  #take(slot: number, at: number, before: number): void {
    const records = this.#records;
    const next = records[at + 1] as number;
    if (before === none) this.#heads[slot] = next;
    else records[before + 1] = next;
    records[at + 1] = this.#free;
    this.#free = at;
    this.#count -= 1;
  }

  #grow(): void {
    const records = new Float64Array(this.#records.length * 2);
    records.set(this.#records);
    this.#records = records;
  }
}
