// Event times of applied records that no row of their key has counted yet, for views whose records
// give no rows of their own: a list per key in shared arrays.

const none = -1;

export class UncountedRecords {
  #times: Float64Array = new Float64Array(1024);
  #next: Int32Array = new Int32Array(1024);
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

  add(slot: number, ts: number): void {
    this.#count += 1;
    let at = this.#free;
    if (at === none) {
      if (this.#used === this.#times.length) this.#grow();
      at = this.#used++;
    } else this.#free = this.#next[at] as number;
    this.#times[at] = ts;
    this.#next[at] = this.#heads[slot] as number;
    this.#heads[slot] = at;
  }

  /** Takes the records up to `limit` out of the key's list, one call of `count` each. */
  takeUntil(slot: number, limit: number, count: (ts: number) => void): void {
    let before = none;
    for (let at = this.#heads[slot] as number; at !== none; ) {
      const next = this.#next[at] as number;
      const ts = this.#times[at] as number;
      if (ts <= limit) {
        count(ts);
        if (before === none) this.#heads[slot] = next;
        else this.#next[before] = next;
        this.#next[at] = this.#free;
        this.#free = at;
        this.#count -= 1;
      } else before = at;
      at = next;
    }
  }

  /** The times of a key, as they lie. */
  timesOf(slot: number): number[] {
    const times: number[] = [];
    for (let at = this.#heads[slot] as number; at !== none; at = this.#next[at] as number) {
      times.push(this.#times[at] as number);
    }
    return times;
  }

  get liveBytes(): number {
    return this.#count * 12;
  }

  get byteLength(): number {
    return this.#times.byteLength + this.#next.byteLength + this.#heads.byteLength;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const next = new Int32Array(times.length);
    times.set(this.#times);
    next.set(this.#next);
    this.#times = times;
    this.#next = next;
  }
}
