// A small map from 32-bit numbers to counts: two typed arrays, sorted by number. Compact when there
// are few entries, linear to merge and to scan; made for the bins of sketches.

const firstCapacity = 8;
const noKeys = new Int32Array(0);
const noCounts = new Float64Array(0);

export class SortedCounts {
  /** Ascending; the first `size` entries count. */
  keys: Int32Array = noKeys;
  counts: Float64Array = noCounts;
  size = 0;

  /** The position of `key`, or ~position where it would be. */
  find(key: number): number {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = this.keys[middle] as number;
      if (at === key) return middle;
      if (at < key) low = middle + 1;
      else high = middle - 1;
    }
    return ~low;
  }

  add(key: number, count: number): void {
    const at = this.find(key);
    if (at >= 0) this.counts[at] = (this.counts[at] as number) + count;
    else this.insert(~at, key, count);
  }

  /** Puts a key that is not there at its position. */
  insert(at: number, key: number, count: number): void {
    if (this.size === this.keys.length) this.#reserve(this.size + 1);
    this.keys.copyWithin(at + 1, at, this.size);
    this.counts.copyWithin(at + 1, at, this.size);
    this.keys[at] = key;
    this.counts[at] = count;
    this.size += 1;
  }

  /** Adds all counts of another. */
  merge(from: SortedCounts): void {
    if (from.size === 0) return;
    if (this.size === 0) {
      this.#reserve(from.size);
      this.keys.set(from.size === from.keys.length ? from.keys : from.keys.subarray(0, from.size));
      this.counts.set(
        from.size === from.counts.length ? from.counts : from.counts.subarray(0, from.size),
      );
      this.size = from.size;
      return;
    }
    const fresh = this.#missing(from);
    if (fresh > 0) this.#widen(from, fresh);
    for (let i = 0, j = 0; j < from.size; j++) {
      while (this.keys[i] !== from.keys[j]) i += 1;
      this.counts[i] = (this.counts[i] as number) + (from.counts[j] as number);
    }
  }

  /** Takes the counts of another, which were added before, away; what comes to 0 is dropped. */
  unmerge(from: SortedCounts): void {
    let zeros = 0;
    for (let j = 0; j < from.size; j++) {
      const i = this.find(from.keys[j] as number);
      this.counts[i] = (this.counts[i] as number) - (from.counts[j] as number);
      if (this.counts[i] === 0) zeros += 1;
    }
    if (zeros > 0) this.#dropZeros();
  }

  #dropZeros(): void {
    let to = 0;
    for (let i = 0; i < this.size; i++) {
      if (this.counts[i] === 0) continue;
      this.keys[to] = this.keys[i] as number;
      this.counts[to] = this.counts[i] as number;
      to += 1;
    }
    this.size = to;
  }

  get byteLength(): number {
    return this.keys.byteLength + this.counts.byteLength;
  }

  /** How many keys of `from` are not here. */
  #missing(from: SortedCounts): number {
    let missing = 0;
    for (let i = 0, j = 0; j < from.size; j++) {
      const key = from.keys[j] as number;
      while (i < this.size && (this.keys[i] as number) < key) i += 1;
      if (i === this.size || this.keys[i] !== key) missing += 1;
    }
    return missing;
  }

  /** Makes entries of count 0 for the keys of `from` that are not here: from the greatest down. */
  #widen(from: SortedCounts, fresh: number): void {
    this.#reserve(this.size + fresh);
    let i = this.size - 1;
    let j = from.size - 1;
    this.size += fresh;
    for (let to = this.size - 1; j >= 0; to--) {
      const here = i >= 0 ? (this.keys[i] as number) : Number.NEGATIVE_INFINITY;
      const there = from.keys[j] as number;
      this.keys[to] = Math.max(here, there);
      this.counts[to] = here >= there ? (this.counts[i] as number) : 0;
      if (here >= there) i -= 1;
      if (there >= here) j -= 1;
    }
  }

  #reserve(size: number): void {
    if (size <= this.keys.length) return;
    const capacity = Math.max(size, this.keys.length * 2, firstCapacity);
    const keys = new Int32Array(capacity);
    const counts = new Float64Array(capacity);
    keys.set(this.keys);
    counts.set(this.counts);
    this.keys = keys;
    this.counts = counts;
  }
}
