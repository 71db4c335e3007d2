// Distinct counting with 4,096 registers (p = 12): standard error 1.6 %. Few registers are kept as
// sorted (register, rank) pairs, many as one byte a register; merging is a maximum per register, so
// it is associative, commutative and idempotent.
// Estimator: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), §4.
import { SortedCounts } from './sorted-counts.ts';

const precision = 12;
const registerCount = 1 << precision;
const rankBits = 40;
const sparseMax = 512;

/** Registers of one set of values. */
export class HyperLogLog {
  /** register → rank while few registers are set; null once dense. */
  #sparse: SortedCounts | null = new SortedCounts();
  #dense: Uint8Array | null = null;
  /** The estimate, until a register is raised. */
  #estimate = 0;
  #isFresh = true;

  /** `hash` as `hashValue` makes it: 52 bits. */
  add(hash: number): void {
    const register = Math.floor(hash / 2 ** rankBits);
    this.#raise(register, rankOf(hash - register * 2 ** rankBits));
  }

  merge(from: HyperLogLog): void {
    if (from.#sparse !== null) {
      const { keys, counts, size } = from.#sparse;
      for (let i = 0; i < size; i++) this.#raise(keys[i] as number, counts[i] as number);
      return;
    }
    const into = this.#toDense();
    const dense = from.#dense ?? new Uint8Array(registerCount);
    for (let i = 0; i < registerCount; i++) {
      if ((dense[i] as number) > (into[i] as number)) into[i] = dense[i] as number;
    }
    this.#isFresh = false;
  }

  /** The estimated number of distinct values, a whole number. */
  estimate(): number {
    if (this.#isFresh) return this.#estimate;
    const counts = this.#histogram();
    let z = registerCount * tau(1 - (counts[rankBits + 1] as number) / registerCount);
    for (let rank = rankBits; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
    z += registerCount * sigma((counts[0] as number) / registerCount);
    this.#estimate = Math.round(registerCount ** 2 / (2 * Math.LN2 * z));
    this.#isFresh = true;
    return this.#estimate;
  }

  /** Kind byte, then (register u16, rank u8) triples or all registers. */
  toBytes(): Uint8Array {
    if (this.#dense !== null) return Uint8Array.of(1, ...this.#dense);
    const { keys, counts, size } = this.#sparse ?? new SortedCounts();
    const bytes = new Uint8Array(1 + size * 3);
    for (let i = 0; i < size; i++) {
      bytes[1 + i * 3] = (keys[i] as number) & 0xff;
      bytes[2 + i * 3] = (keys[i] as number) >> 8;
      bytes[3 + i * 3] = counts[i] as number;
    }
    return bytes;
  }

  /** The inverse of `toBytes`. */
  static fromBytes(bytes: Uint8Array): HyperLogLog {
    const sketch = new HyperLogLog();
    sketch.#isFresh = false;
    if (bytes[0] === 1) {
      sketch.#sparse = null;
      sketch.#dense = bytes.slice(1);
      return sketch;
    }
    for (let i = 1; i + 2 < bytes.length; i += 3) {
      const register = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
      sketch.#raise(register, bytes[i + 2] as number);
    }
    return sketch;
  }

  get byteLength(): number {
    return this.#sparse === null ? registerCount : this.#sparse.byteLength;
  }

  #raise(register: number, rank: number): void {
    if (this.#dense !== null) {
      if (rank <= (this.#dense[register] as number)) return;
      this.#dense[register] = rank;
      this.#isFresh = false;
      return;
    }
    const sparse = this.#sparse as SortedCounts;
    const at = sparse.find(register);
    if (at < 0) sparse.insert(~at, register, rank);
    else if (rank > (sparse.counts[at] as number)) sparse.counts[at] = rank;
    else return;
    this.#isFresh = false;
    if (sparse.size > sparseMax) this.#toDense();
  }

  #toDense(): Uint8Array {
    if (this.#dense !== null) return this.#dense;
    const dense = new Uint8Array(registerCount);
    const { keys, counts, size } = this.#sparse as SortedCounts;
    for (let i = 0; i < size; i++) dense[keys[i] as number] = counts[i] as number;
    this.#sparse = null;
    this.#dense = dense;
    return dense;
  }

  #histogram(): Float64Array {
    const histogram = new Float64Array(rankBits + 2);
    const ranks = this.#dense ?? (this.#sparse as SortedCounts).counts;
    const size = this.#dense === null ? (this.#sparse as SortedCounts).size : registerCount;
    for (let i = 0; i < size; i++) {
      const rank = ranks[i] as number;
      histogram[rank] = (histogram[rank] as number) + 1;
    }
    if (this.#dense === null) histogram[0] = registerCount - size;
    return histogram;
  }
}

/** Position of the highest set bit of 40, counted from 1; 41 when there is none. */
function rankOf(rest: number): number {
  const high = Math.floor(rest / 2 ** 20);
  if (high > 0) return Math.clz32(high) - 11;
  return Math.clz32(rest) + 9;
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = Number.NaN; before !== z; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
