// Timers of keys in the order of (time, slot, kind), so that rows of one instant come out the same
// however records were batched. Times fall into buckets of one second; a heap orders the buckets and
// only the bucket that is due is ordered inside. There is no removal: the owner recognises timers
// that no longer count when they come out.

const bucketMs = 1000;

interface Bucket {
  times: Float64Array;
  tags: Float64Array;
  count: number;
}

const kinds = 1024;

/** A queue of timers; `pop` gives the earliest, of equal times the one with the smaller slot and kind. */
export class TimerQueue {
  /** Of the timer that came out last. */
  time = 0;
  slot = 0;
  kind = 0;
  size = 0;
  #buckets = new Map<number, Bucket>();
  #heap: number[] = [];
  #due: Bucket = emptyBucket();
  #dueIndex = Number.NEGATIVE_INFINITY;
  #spare: Bucket[] = [];

  /** Kinds are whole numbers below 1024. */
  push(at: number, slot: number, kind: number): void {
    this.size += 1;
    // −0 is 0: which of them an instant is must not depend on how it was computed.
    const time = at + 0;
    const index = Math.floor(time / bucketMs);
    const tag = slot * kinds + kind;
    if (index <= this.#dueIndex) {
      append(this.#due, time, tag);
      siftUp(this.#due);
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
    if (this.#due.count > 0) return this.#due.times[0] as number;
    return this.#takeBucket() ? (this.#due.times[0] as number) : Number.POSITIVE_INFINITY;
  }

  /** Takes the earliest timer into `time`, `slot` and `kind`. Only after a finite `peek`. */
  pop(): void {
    const due = this.#due;
    const tag = due.tags[0] as number;
    this.time = due.times[0] as number;
    this.slot = Math.floor(tag / kinds);
    this.kind = tag - this.slot * kinds;
    this.size -= 1;
    due.count -= 1;
    if (due.count > 0) {
      due.times[0] = due.times[due.count] as number;
      due.tags[0] = due.tags[due.count] as number;
      siftDown(due, 0);
    }
  }

  clear(): void {
    this.#buckets.clear();
    this.#heap = [];
    this.#due = emptyBucket();
    this.#dueIndex = Number.NEGATIVE_INFINITY;
    this.size = 0;
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
    if (this.#spare.length < 64) this.#spare.push(this.#due);
    this.#due = bucket;
    this.#dueIndex = index;
    for (let i = (bucket.count >> 1) - 1; i >= 0; i--) siftDown(bucket, i);
    return true;
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
