// Quantiles with 1 % relative error: counts per logarithmic bin. The state depends only on the
// multiset of values, so merging is associative and commutative. Bins grow with the logarithm of
// the range of values (about 115 bins for each factor of ten); they are never collapsed.
// Source: Masson, Rim, Lee, "DDSketch" (VLDB 2019).

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);

/** Below this magnitude values count as zero. */
const smallest = Number.MIN_VALUE * 2 ** 52;

export class DdSketch {
  #positive = new Map<number, number>();
  #negative = new Map<number, number>();
  #zero = 0;
  #positiveInfinity = 0;
  #negativeInfinity = 0;
  #nan = 0;
  count = 0;

  add(x: number): void {
    this.count += 1;
    if (Number.isNaN(x)) this.#nan += 1;
    else if (x === Number.POSITIVE_INFINITY) this.#positiveInfinity += 1;
    else if (x === Number.NEGATIVE_INFINITY) this.#negativeInfinity += 1;
    else if (Math.abs(x) < smallest) this.#zero += 1;
    else increase(x > 0 ? this.#positive : this.#negative, binOf(Math.abs(x)), 1);
  }

  merge(from: DdSketch): void {
    for (const [bin, count] of from.#positive) increase(this.#positive, bin, count);
    for (const [bin, count] of from.#negative) increase(this.#negative, bin, count);
    this.#zero += from.#zero;
    this.#positiveInfinity += from.#positiveInfinity;
    this.#negativeInfinity += from.#negativeInfinity;
    this.#nan += from.#nan;
    this.count += from.count;
  }

  /** The value at rank floor(q·(n − 1)), NaN last; null when empty. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    let rank = Math.floor(q * (this.count - 1)) - this.#negativeInfinity;
    if (rank < 0) return Number.NEGATIVE_INFINITY;
    for (const [bin, count] of sortedBins(this.#negative).reverse()) {
      rank -= count;
      if (rank < 0) return -valueOf(bin);
    }
    rank -= this.#zero;
    if (rank < 0) return 0;
    for (const [bin, count] of sortedBins(this.#positive)) {
      rank -= count;
      if (rank < 0) return valueOf(bin);
    }
    return rank < this.#positiveInfinity ? Number.POSITIVE_INFINITY : Number.NaN;
  }

  /** Float64 words, little-endian: four counts, then per sign the number of bins and (bin, count) pairs. */
  toBytes(): Uint8Array {
    const words = [this.#zero, this.#positiveInfinity, this.#negativeInfinity, this.#nan];
    for (const bins of [this.#positive, this.#negative]) {
      words.push(bins.size, ...sortedBins(bins).flat());
    }
    const view = new DataView(new ArrayBuffer(words.length * 8));
    for (const [i, word] of words.entries()) view.setFloat64(i * 8, word, true);
    return new Uint8Array(view.buffer);
  }

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
        bins.set(bin, count);
        sketch.count += count;
      }
    }
    return sketch;
  }

  get byteLength(): number {
    return 64 + (this.#positive.size + this.#negative.size) * 24;
  }
}

function binOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / logGamma);
}

function valueOf(bin: number): number {
  return (2 * Math.exp(bin * logGamma)) / (gamma + 1);
}

function increase(bins: Map<number, number>, bin: number, by: number): void {
  bins.set(bin, (bins.get(bin) ?? 0) + by);
}

function sortedBins(bins: Map<number, number>): [number, number][] {
  return [...bins].sort((a, b) => a[0] - b[0]);
}
