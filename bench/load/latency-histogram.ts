// Counts of durations in buckets that grow by 2 %: quantiles of any number of them in fixed memory.

const growth = Math.log(1.02);
const leastMs = 0.01;
const bucketCount = 1024;

export interface LatencySummary {
  readonly count: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  readonly max_ms: number;
}

export class LatencyHistogram {
  count = 0;
  #maxMs = 0;
  readonly #buckets = new Float64Array(bucketCount);

  add(ms: number): void {
    const bucket = ms <= leastMs ? 0 : Math.ceil(Math.log(ms / leastMs) / growth);
    const at = Math.min(bucketCount - 1, bucket);
    this.#buckets[at] = (this.#buckets[at] as number) + 1;
    this.count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  addAll(other: LatencyHistogram): void {
    for (let i = 0; i < bucketCount; i++) {
      this.#buckets[i] = (this.#buckets[i] as number) + (other.#buckets[i] as number);
    }
    this.count += other.count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The duration that a share `q` of all does not exceed; 0 without any. */
  quantile(q: number): number {
    const wanted = Math.ceil(q * this.count);
    let seen = 0;
    for (let i = 0; i < bucketCount && this.count > 0; i++) {
      seen += this.#buckets[i] as number;
      if (seen >= wanted) return Math.min(this.#maxMs, leastMs * Math.exp(i * growth));
    }
    return this.#maxMs;
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      p50_ms: rounded(this.quantile(0.5)),
      p99_ms: rounded(this.quantile(0.99)),
      p999_ms: rounded(this.quantile(0.999)),
      max_ms: rounded(this.#maxMs),
    };
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
