// Space-Saving: the most frequent keys of a stream in a fixed number of counters. A key without a
// counter takes over the smallest one, count and all: its true count is between `count − error` and
// `count`, and every key with more than total / capacity is among them.
// Source: A. Metwally, D. Agrawal, A. El Abbadi, "Efficient Computation of Frequent and Top-k
// Elements in Data Streams", ICDT 2005, section 3.

/** A frequent key: its bytes, and bounds of its share of everything that was added. */
export interface FrequentKey {
  readonly key: Uint8Array;
  /** Between 0 and 1; the true share is at most this … */
  readonly share: number;
  /** … and at least this. */
  readonly shareMin: number;
}

export class SpaceSaving {
  readonly #hashes: Int32Array;
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;
  readonly #lengths: Int32Array;
  readonly #keys: Uint8Array[] = [];
  readonly #capacity: number;
  #used = 0;
  #total = 0;

  constructor(capacity = 64) {
    this.#capacity = capacity;
    this.#hashes = new Int32Array(capacity);
    this.#counts = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
    this.#lengths = new Int32Array(capacity);
  }

  get total(): number {
    return this.#total;
  }

  /** Counts the key `data[start .. end)`, whose hash is known, `weight` times. */
  add(data: Uint8Array, { start, end, hash }: KeyRange, weight = 1): void {
    this.#total += weight;
    const known = this.#find(data, start, end, hash | 0);
    if (known >= 0) {
      this.#counts[known] = (this.#counts[known] as number) + weight;
      return;
    }
    const at = this.#used < this.#capacity ? this.#used++ : this.#least();
    const base = this.#counts[at] as number;
    this.#errors[at] = base;
    this.#counts[at] = base + weight;
    this.#hashes[at] = hash | 0;
    this.#lengths[at] = end - start;
    const room = this.#keys[at];
    if (room === undefined || room.length < end - start) this.#keys[at] = data.slice(start, end);
    else room.set(data.subarray(start, end));
  }

  /** Makes what was added so far count half, so that keys which were frequent long ago fade. */
  halve(): void {
    this.#total /= 2;
    for (let i = 0; i < this.#used; i++) {
      this.#counts[i] = (this.#counts[i] as number) / 2;
      this.#errors[i] = (this.#errors[i] as number) / 2;
    }
  }

  /** The most frequent keys, the most frequent first. */
  top(limit: number): readonly FrequentKey[] {
    const order = Array.from({ length: this.#used }, (_, i) => i);
    order.sort((a, b) => (this.#counts[b] as number) - (this.#counts[a] as number));
    return order.slice(0, limit).map((i) => ({
      key: (this.#keys[i] as Uint8Array).slice(0, this.#lengths[i]),
      share: (this.#counts[i] as number) / this.#total,
      shareMin: ((this.#counts[i] as number) - (this.#errors[i] as number)) / this.#total,
    }));
  }

  #find(data: Uint8Array, start: number, end: number, hash: number): number {
    const hashes = this.#hashes;
    for (let i = 0; i < this.#used; i++) {
      if (hashes[i] === hash && this.#isKey(i, data, start, end)) return i;
    }
    return -1;
  }

  #isKey(at: number, data: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[at] !== length) return false;
    const key = this.#keys[at] as Uint8Array;
    for (let i = 0; i < length; i++) if (key[i] !== data[start + i]) return false;
    return true;
  }

  #least(): number {
    const counts = this.#counts;
    let least = 0;
    for (let i = 1; i < this.#used; i++) {
      if ((counts[i] as number) < (counts[least] as number)) least = i;
    }
    return least;
  }
}

/** Where a key's bytes lie, and their hash (`hashBytes`). */
export interface KeyRange {
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}
