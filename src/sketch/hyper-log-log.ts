// Distinct counting with 4,096 registers (p = 12): standard error 1.6 %. Few values are kept as a
// sorted list of 52-bit hashes' (register, rank) pairs, many as one byte a register; merging is a
// maximum, so it is associative, commutative and idempotent.
// Estimator: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), §4.

const precision = 12;
const registerCount = 1 << precision;
const rankBits = 40;
const sparseMax = 512;

/** Registers of one set of values. */
export class HyperLogLog {
  /** register → rank while few registers are set; null once dense. */
  #sparse: Map<number, number> | null = new Map();
  #dense: Uint8Array | null = null;

  /** `hash` as `hashValue` makes it: 52 bits. */
  add(hash: number): void {
    const register = Math.floor(hash / 2 ** rankBits);
    this.#raise(register, rankOf(hash - register * 2 ** rankBits));
  }

  merge(from: HyperLogLog): void {
    if (from.#sparse !== null) {
      for (const [register, rank] of from.#sparse) this.#raise(register, rank);
      return;
    }
    const into = this.#toDense();
    const dense = from.#dense ?? new Uint8Array(registerCount);
    for (let i = 0; i < registerCount; i++) {
      if ((dense[i] as number) > (into[i] as number)) into[i] = dense[i] as number;
    }
  }

  /** The estimated number of distinct values, a whole number. */
  estimate(): number {
    const counts = this.#histogram();
    let z = registerCount * tau(1 - (counts[rankBits + 1] as number) / registerCount);
    for (let rank = rankBits; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
    z += registerCount * sigma((counts[0] as number) / registerCount);
    return Math.round(registerCount ** 2 / (2 * Math.LN2 * z));
  }

  /** Kind byte, then (register u16, rank u8) triples or all registers. */
  toBytes(): Uint8Array {
    if (this.#dense !== null) return Uint8Array.of(1, ...this.#dense);
    const pairs = [...(this.#sparse ?? [])].sort((a, b) => a[0] - b[0]);
    const bytes = pairs.flatMap(([register, rank]) => [register & 0xff, register >> 8, rank]);
    return Uint8Array.of(0, ...bytes);
  }

  static fromBytes(bytes: Uint8Array): HyperLogLog {
    const sketch = new HyperLogLog();
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
    return this.#sparse === null ? registerCount : this.#sparse.size * 24;
  }

  #raise(register: number, rank: number): void {
    if (this.#dense !== null) {
      if (rank > (this.#dense[register] as number)) this.#dense[register] = rank;
      return;
    }
    const sparse = this.#sparse ?? new Map<number, number>();
    if (rank > (sparse.get(register) ?? 0)) sparse.set(register, rank);
    if (sparse.size > sparseMax) this.#toDense();
  }

  #toDense(): Uint8Array {
    if (this.#dense !== null) return this.#dense;
    const dense = new Uint8Array(registerCount);
    for (const [register, rank] of this.#sparse ?? []) dense[register] = rank;
    this.#sparse = null;
    this.#dense = dense;
    return dense;
  }

  #histogram(): Float64Array {
    const counts = new Float64Array(rankBits + 2);
    if (this.#sparse !== null) {
      counts[0] = registerCount - this.#sparse.size;
      for (const rank of this.#sparse.values()) counts[rank] = (counts[rank] as number) + 1;
      return counts;
    }
    for (const rank of this.#dense ?? []) counts[rank] = (counts[rank] as number) + 1;
    return counts;
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
