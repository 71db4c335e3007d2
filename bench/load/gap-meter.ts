// How long processing stood still: the time between one batch being taken and the next. A batch of
// full size takes its time; what a gap is longer than the median gap is a pause, whatever caused it.
// Memory is fixed: a run of hours must not grow by being measured.
import { LatencyHistogram } from './latency-histogram.ts';

export class GapMeter {
  #lastMs: number | null = null;
  #gaps = new LatencyHistogram();

  /** A batch was taken. */
  mark(): void {
    const nowMs = performance.now();
    if (this.#lastMs !== null) this.#gaps.add(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  reset(): void {
    this.#lastMs = null;
    this.#gaps = new LatencyHistogram();
  }

  summary() {
    const median = this.#gaps.quantile(0.5);
    const pause = (q: number): number => Math.round((this.#gaps.quantile(q) - median) * 10) / 10;
    return {
      batches: this.#gaps.count,
      batch_ms: Math.round(median * 10) / 10,
      pause_p99_ms: pause(0.99),
      pause_max_ms: pause(1),
    };
  }
}
