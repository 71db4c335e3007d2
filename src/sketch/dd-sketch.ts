// Quantiles with 1 % relative error: counts per logarithmic bin. The state depends only on the
// multiset of values, so merging is associative and commutative. Bins grow with the logarithm of
// the range of values (about 115 bins for each factor of ten); they are never collapsed.
// Source: Masson, Rim, Lee, "DDSketch" (VLDB 2019).
import { SortedCounts } from './sorted-counts.ts';

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);

/** Below this magnitude values count as zero. */
const smallest = Number.MIN_VALUE * 2 ** 52;

/** Counts of values by magnitude; `quantile` answers from them. */
export class DdSketch {
  count = 0;
  readonly #positive = new SortedCounts();
  readonly #negative = new SortedCounts();
  #zero = 0;
  #positiveInfinity = 0;
  #negativeInfinity = 0;
  #nan = 0;

  add(x: number): void {
    this.count += 1;
    if (x >= smallest && x < Number.POSITIVE_INFINITY) this.#positive.add(binOf(x), 1);
    else if (x <= -smallest && x > Number.NEGATIVE_INFINITY) this.#negative.add(binOf(-x), 1);
    else if (x === Number.POSITIVE_INFINITY) this.#positiveInfinity += 1;
    else if (x === Number.NEGATIVE_INFINITY) this.#negativeInfinity += 1;
    else if (Number.isNaN(x)) this.#nan += 1;
    else this.#zero += 1;
  }

  /** Forgets everything. */
  reset(): void {
    this.count = 0;
    this.#positive.size = 0;
    this.#negative.size = 0;
    this.#zero = 0;
    this.#positiveInfinity = 0;
    this.#negativeInfinity = 0;
    this.#nan = 0;
  }

  merge(from: DdSketch): void {
    this.#positive.merge(from.#positive);
    this.#negative.merge(from.#negative);
    this.#zero += from.#zero;
    this.#positiveInfinity += from.#positiveInfinity;
    this.#negativeInfinity += from.#negativeInfinity;
    this.#nan += from.#nan;
    this.count += from.count;
  }

  /** Takes a sketch that was merged into this one away again: counts are whole, so this is exact. */
  unmerge(from: DdSketch): void {
    this.#positive.unmerge(from.#positive);
    this.#negative.unmerge(from.#negative);
    this.#zero -= from.#zero;
    this.#positiveInfinity -= from.#positiveInfinity;
    this.#negativeInfinity -= from.#negativeInfinity;
    this.#nan -= from.#nan;
    this.count -= from.count;
  }

  /** The value at rank floor(q·(n − 1)), NaN last; null when empty. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    let rank = Math.floor(q * (this.count - 1)) - this.#negativeInfinity;
    if (rank < 0) return Number.NEGATIVE_INFINITY;
    const { keys: below, counts: belowCounts } = this.#negative;
    for (let i = this.#negative.size - 1; i >= 0; i--) {
      rank -= belowCounts[i] as number;
      if (rank < 0) return -valueOf(below[i] as number);
    }
    rank -= this.#zero;
    if (rank < 0) return 0;
    const { keys, counts, size } = this.#positive;
    for (let i = 0; i < size; i++) {
      rank -= counts[i] as number;
      if (rank < 0) return valueOf(keys[i] as number);
    }
    return rank < this.#positiveInfinity ? Number.POSITIVE_INFINITY : Number.NaN;
  }

  /** Float64 words, little-endian: four counts, then per sign the number of bins and (bin, count) pairs. */
  toBytes(): Uint8Array {
    const words = [this.#zero, this.#positiveInfinity, this.#negativeInfinity, this.#nan];
    for (const { keys, counts, size } of [this.#positive, this.#negative]) {
      words.push(size);
      for (let i = 0; i < size; i++) words.push(keys[i] as number, counts[i] as number);
    }
    const view = new DataView(new ArrayBuffer(words.length * 8));
    for (const [i, word] of words.entries()) view.setFloat64(i * 8, word, true);
    return new Uint8Array(view.buffer);
  }

  /** The inverse of `toBytes`. */
  static fromBytes(bytes: Uint8Array): DdSketch {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sketch = new DdSketch();
    let at = 0;
    const next = (): number => view.getFloat64(8 * at++, true);
    sketch.#zero = next();
    sketch.#positiveInfinity = next();
    sketch.#negativeInfinity = next();
    sketch.#nan = next();
    sketch.count = sketch.#zero + sketch.#positiveInfinity + sketch.#negativeInfinity + sketch.#nan;
    for (const bins of [sketch.#positive, sketch.#negative]) {
      for (let left = next(); left > 0; left--) {
        const bin = next();
        const count = next();
        bins.add(bin, count);
        sketch.count += count;
      }
    }
    return sketch;
  }

  get byteLength(): number {
    return 64 + this.#positive.byteLength + this.#negative.byteLength;
  }
}

function binOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / logGamma);
}

function valueOf(bin: number): number {
  return (2 * Math.exp(bin * logGamma)) / (gamma + 1);
}
