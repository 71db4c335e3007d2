// When stored keys want to be brought back: times with the hashes of keys, the earliest first. Twelve
// bytes an entry and less: buckets of 2^10 ms for what is near, of 64 times that for what is farther,
// and so on; a bucket that is due is dealt out to finer ones. Nothing is ever removed: whoever takes
// an entry out knows whether it still counts.

const unitBits = 10;
const levelBits = 6;
const levels = 8;
/** An entry is earlier than the time that was pushed by less than this. */
export const quantumMax: number = 2 ** 20;
const entriesInitial = 4;

interface Bucket {
  readonly start: number;
  /** Distance from the start in units of the level, and hash, in turn. */
  entries: Uint32Array;
  count: number;
}

interface Level {
  readonly span: number;
  /** What a distance in a bucket counts: 1 ms as long as 32 bits suffice. */
  readonly unit: number;
  readonly buckets: Map<number, Bucket>;
  /** Starts of its buckets as a heap. */
  readonly starts: number[];
}

export class WakeQueue {
  size = 0;
  /** Of the entry taken last. */
  time = 0;
  hash = 0;
  /** The latest time taken so far: what is later and was pushed is there. */
  takenMs: number = Number.NEGATIVE_INFINITY;
  readonly #levels: readonly Level[] = Array.from({ length: levels }, (_, i) => makeLevel(i));
  /** The bucket that is due, as a heap. */
  #dueTimes: Float64Array = new Float64Array(64);
  #dueHashes: Uint32Array = new Uint32Array(64);
  #dueCount = 0;
  #now: number = Number.NEGATIVE_INFINITY;
  #bucketBytes = 0;

  /** Notes a time; the result is the time that the entry has, a little earlier when it is far away. */
  push(timeMs: number, hash: number): number {
    const time = Math.floor(timeMs);
    this.size += 1;
    if (this.#now === Number.NEGATIVE_INFINITY) this.#now = time;
    const far = Math.abs(time - this.#now);
    let depth = 0;
    while (depth < levels - 1 && far >= (this.#levels[depth + 1] as Level).span) depth += 1;
    return this.#put(depth, time, hash);
  }

  /** No entry is earlier than this; +∞ when there is none. */
  lowerBound(): number {
    let bound = this.#dueCount > 0 ? (this.#dueTimes[0] as number) : Number.POSITIVE_INFINITY;
    for (const { starts } of this.#levels) {
      const start = starts[0];
      if (start !== undefined && start < bound) bound = start;
    }
    return bound;
  }

  /** Takes the earliest entry out when its time is ≤ `limitMs`. */
  take(limitMs: number): boolean {
    for (;;) {
      const level = this.#earliestLevel();
      const dueTime = this.#dueCount > 0 ? (this.#dueTimes[0] as number) : Number.POSITIVE_INFINITY;
      const start = level === null ? Number.POSITIVE_INFINITY : (level.starts[0] as number);
      if (Math.min(dueTime, start) > limitMs || this.size === 0) return false;
      if (level === null || dueTime < start) break;
      this.#open(level);
    }
    this.time = this.#dueTimes[0] as number;
    this.hash = this.#dueHashes[0] as number;
    this.#popDue();
    this.size -= 1;
    if (this.time > this.takenMs) this.takenMs = this.time;
    return true;
  }

  /** Memory in use. */
  get byteLength(): number {
    return this.#bucketBytes + this.#dueTimes.length * 12;
  }

  #put(depth: number, time: number, hash: number): number {
    const { span, unit, buckets, starts } = this.#levels[depth] as Level;
    const start = Math.floor(time / span) * span;
    let bucket = buckets.get(start);
    if (bucket === undefined) {
      bucket = { start, entries: new Uint32Array(entriesInitial * 2), count: 0 };
      buckets.set(start, bucket);
      pushHeap(starts, start);
      this.#bucketBytes += bucket.entries.byteLength;
    }
    if (bucket.count * 2 === bucket.entries.length) this.#growBucket(bucket);
    const distance = Math.floor((time - start) / unit);
    bucket.entries[bucket.count * 2] = distance;
    bucket.entries[bucket.count * 2 + 1] = hash;
    bucket.count += 1;
    return start + distance * unit;
  }

  #growBucket(bucket: Bucket): void {
    const length = bucket.count + Math.max(entriesInitial, bucket.count >> 1);
    const entries = new Uint32Array(length * 2);
    entries.set(bucket.entries);
    this.#bucketBytes += entries.byteLength - bucket.entries.byteLength;
    bucket.entries = entries;
  }

  /** Of equal starts the coarsest: what is in it may be as early. */
  #earliestLevel(): Level | null {
    let earliest: Level | null = null;
    for (const level of this.#levels) {
      const start = level.starts[0];
      if (start === undefined) continue;
      if (earliest === null || start <= (earliest.starts[0] as number)) earliest = level;
    }
    return earliest;
  }

  /** Deals the first bucket of a level out: to the next finer level, or to what is due. */
  #open(level: Level): void {
    const start = popHeap(level.starts) as number;
    const { entries, count } = level.buckets.get(start) as Bucket;
    level.buckets.delete(start);
    this.#bucketBytes -= entries.byteLength;
    if (start > this.#now) this.#now = start;
    const depth = this.#levels.indexOf(level);
    for (let i = 0; i < count; i++) {
      const time = start + (entries[i * 2] as number) * level.unit;
      const hash = entries[i * 2 + 1] as number;
      if (depth === 0) this.#pushDue(time, hash);
      else this.#put(depth - 1, time, hash);
    }
  }

  #pushDue(time: number, hash: number): void {
    if (this.#dueCount === this.#dueTimes.length) this.#growDue();
    const times = this.#dueTimes;
    const hashes = this.#dueHashes;
    let i = this.#dueCount++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      times[i] = times[parent] as number;
      hashes[i] = hashes[parent] as number;
      i = parent;
    }
    times[i] = time;
    hashes[i] = hash;
  }

  #growDue(): void {
    const times = new Float64Array(this.#dueTimes.length * 2);
    times.set(this.#dueTimes);
    this.#dueTimes = times;
    const hashes = new Uint32Array(times.length);
    hashes.set(this.#dueHashes);
    this.#dueHashes = hashes;
  }

  #popDue(): void {
    const times = this.#dueTimes;
    const hashes = this.#dueHashes;
    const count = --this.#dueCount;
    const time = times[count] as number;
    const hash = hashes[count] as number;
    let i = 0;
    for (let child = 1; child < count; child = 2 * i + 1) {
      if (child + 1 < count && (times[child + 1] as number) < (times[child] as number)) child += 1;
      if ((times[child] as number) >= time) break;
      times[i] = times[child] as number;
      hashes[i] = hashes[child] as number;
      i = child;
    }
    times[i] = time;
    hashes[i] = hash;
  }
}

function makeLevel(depth: number): Level {
  const span = 2 ** (unitBits + levelBits * depth);
  return { span, unit: Math.max(1, span / 2 ** 32), buckets: new Map(), starts: [] };
}

function pushHeap(heap: number[], value: number): void {
  let i = heap.push(value) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if ((heap[parent] as number) <= value) break;
    heap[i] = heap[parent] as number;
    i = parent;
  }
  heap[i] = value;
}

function popHeap(heap: number[]): number | undefined {
  const top = heap[0];
  const value = heap.pop();
  if (value === undefined || heap.length === 0) return top;
  let i = 0;
  for (let child = 1; child < heap.length; child = 2 * i + 1) {
    const right = heap[child + 1];
    if (right !== undefined && right < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[i] = heap[child] as number;
    i = child;
  }
  heap[i] = value;
  return top;
}
