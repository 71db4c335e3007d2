// Timers of keys in the order of (time, slot, kind), so that rows of one instant come out the same
// however records were batched. Times fall into buckets of one second; a heap orders the buckets, and a
// bucket is sorted when it is due. What is set for the due bucket from then on lies in a heap beside it.
// There is no removal: the owner recognises timers that no longer count when they come out.

const bucketMs = 1000;

interface Bucket {
  times: Float64Array;
  tags: Float64Array;
  count: number;
}

const kinds = 1024;
/** Tags are less: with a whole time within its bucket they make one exact number. */
const tagsMax = 2 ** 42;

/** A queue of timers; `pop` gives the earliest, of equal times the one with the smaller slot and kind. */
export class TimerQueue {
  /** Of the timer that came out last. */
  time = 0;
  slot = 0;
  kind = 0;
  size = 0;
  #buckets = new Map<number, Bucket>();
  #heap: number[] = [];
  /** Sorted; those before `#next` have come out. */
  #due: Bucket = emptyBucket();
  #next = 0;
  /** Those before it were given by `takeComing`. */
  #announced = 0;
  #dueIndex = Number.NEGATIVE_INFINITY;
  /** A heap of what was set for the due bucket, or for before it, since it is due. */
  readonly #added: Bucket = emptyBucket();
  #spare: Bucket[] = [];
  /** Of the due bucket. */
  #slots = new Int32Array(8);
  #kinds = new Int32Array(8);
  #keys = new Float64Array(8);

  /** Kinds are whole numbers below 1024. */
  push(at: number, slot: number, kind: number): void {
    this.size += 1;
    // −0 is 0: which of them an instant is must not depend on how it was computed.
    const time = at + 0;
    const index = Math.floor(time / bucketMs);
    const tag = slot * kinds + kind;
    if (index <= this.#dueIndex) {
      append(this.#added, time, tag);
      siftUp(this.#added);
      return;
    }
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = this.#spare.pop() ?? emptyBucket();
      this.#buckets.set(index, bucket);
      pushHeap(this.#heap, index);
    }
    append(bucket, time, tag);
  }

  /** The earliest time, or +∞. */
  peek(): number {
    const added = this.#added;
    if (this.#next < this.#due.count) {
      const time = this.#due.times[this.#next] as number;
      return added.count === 0 ? time : Math.min(time, added.times[0] as number);
    }
    if (added.count > 0) return added.times[0] as number;
    return this.#takeBucket() ? (this.#due.times[0] as number) : Number.POSITIVE_INFINITY;
  }

  /** Takes the earliest timer into `time`, `slot` and `kind`. Only after a finite `peek`. */
  pop(): void {
    this.size -= 1;
    const due = this.#due;
    const next = this.#next;
    if (this.#added.count > 0 && this.#isAddedFirst()) return this.#popAdded();
    this.time = due.times[next] as number;
    this.slot = this.#slots[next] as number;
    this.kind = this.#kinds[next] as number;
    this.#next = next + 1;
  }

  /**
   * The slots of timers that come out soon, up to the length of `slots`: how many, once for each of
   * them and else 0. Only after a finite `peek`.
   */
  takeComing(slots: Int32Array): number {
    const next = this.#next;
    if (next < this.#announced) return 0;
    const end = Math.min(this.#due.count, next + slots.length);
    for (let i = next; i < end; i++) slots[i - next] = this.#slots[i] as number;
    this.#announced = end;
    return end - next;
  }

  clear(): void {
    this.#buckets.clear();
    this.#heap = [];
    this.#due.count = 0;
    this.#next = 0;
    this.#added.count = 0;
    this.#dueIndex = Number.NEGATIVE_INFINITY;
    this.size = 0;
  }

  #give(time: number, tag: number): void {
    this.time = time;
    this.slot = Math.floor(tag / kinds);
    this.kind = tag - this.slot * kinds;
  }

  #isAddedFirst(): boolean {
    const { times, tags } = this.#added;
    const due = this.#due;
    if (this.#next === due.count) return true;
    const difference = (times[0] as number) - (due.times[this.#next] as number);
    if (difference !== 0) return difference < 0;
    return (tags[0] as number) < (due.tags[this.#next] as number);
  }

  #popAdded(): void {
    const added = this.#added;
    this.#give(added.times[0] as number, added.tags[0] as number);
    added.count -= 1;
    if (added.count === 0) return;
    added.times[0] = added.times[added.count] as number;
    added.tags[0] = added.tags[added.count] as number;
    siftDown(added, 0);
  }

  #takeBucket(): boolean {
    const index = popHeap(this.#heap);
    if (index === undefined) {
      this.#dueIndex = Number.NEGATIVE_INFINITY;
      return false;
    }
    const bucket = this.#buckets.get(index);
    if (bucket === undefined) return false;
    this.#buckets.delete(index);
    this.#due.count = 0;
    if (this.#spare.length < 64) this.#spare.push(this.#due);
    this.#due = bucket;
    this.#next = 0;
    this.#announced = 0;
    this.#dueIndex = index;
    this.#sort(bucket, index * bucketMs);
    this.#split(bucket);
    return true;
  }

  /** Tags as slots and kinds. */
  #split({ tags, count }: Bucket): void {
    if (this.#slots.length < count) {
      this.#slots = new Int32Array(tags.length);
      this.#kinds = new Int32Array(tags.length);
    }
    for (let i = 0; i < count; i++) {
      const tag = tags[i] as number;
      const slot = Math.floor(tag / kinds);
      this.#slots[i] = slot;
      this.#kinds[i] = tag - slot * kinds;
    }
  }

  /** Sorts a bucket by time and tag, which as one number are sorted fastest. */
  #sort({ times, tags, count }: Bucket, start: number): void {
    if (this.#keys.length < count) this.#keys = new Float64Array(times.length);
    const keys = this.#keys.subarray(0, count);
    let isWhole = true;
    for (let i = 0; i < count; i++) {
      const offset = (times[i] as number) - start;
      if (Math.floor(offset) !== offset) isWhole = false;
      keys[i] = offset * tagsMax + (tags[i] as number);
    }
    if (!isWhole) return sortPairs(times, tags, count);
    keys.sort();
    for (let i = 0; i < count; i++) {
      const key = keys[i] as number;
      const offset = Math.floor(key / tagsMax);
      times[i] = start + offset;
      tags[i] = key - offset * tagsMax;
    }
  }
}

/** The same where times are not whole. */
function sortPairs(times: Float64Array, tags: Float64Array, count: number): void {
  const order = Array.from({ length: count }, (_, i) => [times[i], tags[i]] as [number, number]);
  order.sort(([time, tag], [otherTime, otherTag]) => time - otherTime || tag - otherTag);
  for (const [i, [time, tag]] of order.entries()) {
    times[i] = time;
    tags[i] = tag;
  }
}

function emptyBucket(): Bucket {
  return { times: new Float64Array(8), tags: new Float64Array(8), count: 0 };
}

function append(bucket: Bucket, time: number, tag: number): void {
  if (bucket.count === bucket.times.length) {
    const times = new Float64Array(bucket.count * 2);
    const tags = new Float64Array(bucket.count * 2);
    times.set(bucket.times);
    tags.set(bucket.tags);
    bucket.times = times;
    bucket.tags = tags;
  }
  bucket.times[bucket.count] = time;
  bucket.tags[bucket.count] = tag;
  bucket.count += 1;
}

function siftUp(bucket: Bucket): void {
  const { times, tags } = bucket;
  let i = bucket.count - 1;
  const time = times[i] as number;
  const tag = tags[i] as number;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = times[parent] as number;
    if (above < time || (above === time && (tags[parent] as number) <= tag)) break;
    times[i] = above;
    tags[i] = tags[parent] as number;
    i = parent;
  }
  times[i] = time;
  tags[i] = tag;
}

/** By time, then by slot and kind: the order does not depend on when timers were set. */
function isBefore({ times, tags }: Bucket, a: number, b: number): boolean {
  const difference = (times[a] as number) - (times[b] as number);
  return difference < 0 || (difference === 0 && (tags[a] as number) < (tags[b] as number));
}

function siftDown(bucket: Bucket, from: number): void {
  const { times, tags, count } = bucket;
  const time = times[from] as number;
  const tag = tags[from] as number;
  let i = from;
  for (let child = 2 * i + 1; child < count; child = 2 * i + 1) {
    if (child + 1 < count && isBefore(bucket, child + 1, child)) child += 1;
    const below = times[child] as number;
    if (below > time || (below === time && (tags[child] as number) >= tag)) break;
    times[i] = below;
    tags[i] = tags[child] as number;
    i = child;
  }
  times[i] = time;
  tags[i] = tag;
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
