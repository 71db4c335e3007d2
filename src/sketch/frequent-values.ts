// The most frequent values: exact counts of up to 1,000 different ones; beyond, a sample of 1,000 in
// which frequent values are, and a count-min sketch that says how often. The state is a function of
// the multiset of (value, event time, id) that was added, so that neither order nor grouping shows:
// a value's rank is the least hash of its records, and the values of least rank are kept. A record
// more is a chance more, so a value in a share p of the records is missed with about (1 − p)^1000.
// Counts from the sketch are never too low, and too high by more than 0.14 % of all in 2 of 100.
// Sources: Cormode, Muthukrishnan, "An Improved Data Stream Summary: The Count-Min Sketch" (2005);
// Rosén, "Asymptotic Theory for Successive Sampling with Varying Probabilities" (1972).
import { hashRange, hashValue } from './hash-value.ts';
import { SketchReader, type SketchValue, SketchWriter } from './sketch-bytes.ts';

/** So many different values are counted exactly, and so many are kept beyond. */
const frequentValuesMax = 1000;
/** Hash of a record without an id. */
const noId = -1;

const depth = 4;
const width = 2048;
const formatVersion = 1;

/** A value and how often it occurred. */
export interface CountedValue {
  readonly value: SketchValue;
  readonly count: number;
}

interface Entry {
  readonly value: SketchValue;
  readonly hash: number;
  rank: number;
  /** Exact while there are no counters; meaningless from then on. */
  count: number;
}

const record = new Float64Array(3);
const recordBytes = new Uint8Array(record.buffer);

/** The place of a record of a value among all records: 52 bits. */
function rankOf(hash: number, ts: number, id: SketchValue | null): number {
  record[0] = hash;
  record[1] = ts;
  record[2] = id === null ? noId : hashValue(id);
  return hashRange(recordBytes, 0, 24);
}

function compareEntries(a: Entry, b: Entry): number {
  return a.rank - b.rank || a.hash - b.hash;
}

export class FrequentValues {
  #entries = new Map<SketchValue, Entry>();
  #counters: Float64Array | null = null;
  /** A value that is not kept has no lower rank: what ranks above can be passed over. */
  #rankLimit = Number.POSITIVE_INFINITY;
  readonly #max: number;

  /** `max` +∞: every value is counted, and the state grows with them. */
  constructor(max: number = frequentValuesMax) {
    this.#max = max;
  }

  /** Counts a record of a value; `id` breaks ties of records of one instant. −0 counts as 0. */
  add(given: SketchValue, ts: number, id: SketchValue | null): void {
    const value = plain(given);
    const known = this.#entries.get(value);
    const hash = known?.hash ?? hashValue(value);
    const rank = rankOf(hash, ts, id);
    if (this.#counters !== null) countIn(this.#counters, hash, 1);
    if (known === undefined) {
      if (rank > this.#rankLimit) return;
      this.#entries.set(value, { value, hash, rank, count: 1 });
      this.#bound();
      return;
    }
    known.count += 1;
    if (rank < known.rank) known.rank = rank;
  }

  /** Adds all that was added to another, which stays as it is. */
  merge(from: FrequentValues): void {
    if (from.#counters !== null) addCounters(this.#estimate(), from.#counters);
    else if (this.#counters !== null) {
      for (const { hash, count } of from.#entries.values()) countIn(this.#counters, hash, count);
    }
    for (const entry of from.#entries.values()) {
      const known = this.#entries.get(entry.value);
      if (known === undefined) this.#entries.set(entry.value, { ...entry });
      else {
        known.count += entry.count;
        known.rank = Math.min(known.rank, entry.rank);
      }
    }
    this.#bound();
  }

  /** The `limit` most frequent values, the most frequent first; equal counts in the order of values. */
  top(limit: number, compare: (a: SketchValue, b: SketchValue) => number): readonly CountedValue[] {
    this.#prune();
    const counters = this.#counters;
    const counted = [...this.#entries.values()].map(({ value, hash, count }) => ({
      value,
      count: counters === null ? count : estimateOf(counters, hash),
    }));
    return mostFrequent(counted, limit, compare);
  }

  /** Forgets everything. */
  reset(): void {
    this.#entries = new Map();
    this.#counters = null;
    this.#rankLimit = Number.POSITIVE_INFINITY;
  }

  /**
   * Version and flags (1: with counters) as bytes, then the number of entries, and per entry in order of
   * rank: rank f64, count as varint where there are no counters, value. Then the counters as varints.
   */
  toBytes(): Uint8Array {
    this.#prune();
    const to = new SketchWriter();
    to.u8(formatVersion);
    to.u8(this.#counters === null ? 0 : 1);
    to.varint(this.#entries.size);
    for (const { rank, count, value } of [...this.#entries.values()].sort(compareEntries)) {
      to.f64(rank);
      if (this.#counters === null) to.varint(count);
      to.value(value);
    }
    for (const count of this.#counters ?? []) to.varint(count);
    return to.toBytes();
  }

  /** The inverse of `toBytes`; throws a RangeError at bytes of another version. */
  static fromBytes(bytes: Uint8Array): FrequentValues {
    const from = new SketchReader(bytes);
    const version = from.u8();
    if (version !== formatVersion) throw new RangeError(`frequent values of version ${version}`);
    const isEstimated = from.u8() === 1;
    const sketch = new FrequentValues();
    for (let left = from.varint(); left > 0; left--) {
      const rank = from.f64();
      const count = isEstimated ? 0 : from.varint();
      const value = from.value();
      sketch.#entries.set(value, { value, hash: hashValue(value), rank, count });
    }
    if (isEstimated) {
      sketch.#counters = Float64Array.from({ length: depth * width }, () => from.varint());
    }
    return sketch;
  }

  /** About what it costs in memory; values are taken to be as long as the first. */
  get byteLength(): number {
    let bytesPerEntry = 112;
    for (const value of this.#entries.keys()) {
      if (typeof value === 'string') bytesPerEntry += value.length * 2;
      break;
    }
    return this.#entries.size * bytesPerEntry + (this.#counters?.byteLength ?? 0);
  }

  /** After values came in: counts are estimated once there are too many values to keep. */
  #bound(): void {
    const { size } = this.#entries;
    if (size > this.#max) this.#estimate();
    if (size >= this.#max * 2) this.#prune();
  }

  /** The counters, made when there are none yet. */
  #estimate(): Float64Array {
    if (this.#counters !== null) return this.#counters;
    const counters = new Float64Array(depth * width);
    for (const { hash, count } of this.#entries.values()) countIn(counters, hash, count);
    this.#counters = counters;
    return counters;
  }

  /** Keeps the values of least rank. */
  #prune(): void {
    if (this.#entries.size <= this.#max) return;
    const kept = [...this.#entries.values()].sort(compareEntries).slice(0, this.#max);
    this.#entries = new Map(kept.map((entry) => [entry.value, entry]));
    this.#rankLimit = (kept.at(-1) as Entry).rank;
  }
}

/** The first `limit` of values by count, the greatest first, and then by value. */
export function mostFrequent(
  counted: Iterable<CountedValue>,
  limit: number,
  compare: (a: SketchValue, b: SketchValue) => number,
): readonly CountedValue[] {
  const top: CountedValue[] = [];
  for (const item of counted) {
    let at = top.length;
    while (at > 0 && isBefore(item, top[at - 1] as CountedValue, compare)) at -= 1;
    if (at >= limit) continue;
    top.splice(at, 0, item);
    if (top.length > limit) top.pop();
  }
  return top;
}

function isBefore(
  a: CountedValue,
  b: CountedValue,
  compare: (a: SketchValue, b: SketchValue) => number,
): boolean {
  return a.count > b.count || (a.count === b.count && compare(a.value, b.value) < 0);
}

/** −0 as 0, and one NaN. */
export function plain(value: SketchValue): SketchValue {
  if (typeof value !== 'number') return value;
  return value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value;
}

function addCounters(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (from[i] as number);
}

/** Cell of a hash in the row `row` of the counters: each row has eleven bits of the hash of its own. */
function cellOf(hash: number, row: number): number {
  return row * width + (Math.floor(hash / width ** row) % width);
}

function countIn(counters: Float64Array, hash: number, count: number): void {
  for (let row = 0; row < depth; row++) {
    const cell = cellOf(hash, row);
    counters[cell] = (counters[cell] as number) + count;
  }
}

function estimateOf(counters: Float64Array, hash: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row < depth; row++) {
    least = Math.min(least, counters[cellOf(hash, row)] as number);
  }
  return least;
}
