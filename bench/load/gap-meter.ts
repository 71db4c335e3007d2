// How long processing stood still: the time between one batch being taken and the next. A batch of
// full size takes its time; what a gap is longer than the median gap is a pause, whatever caused it.
export class GapMeter {
  #lastMs: number | null = null;
  #gaps: number[] = [];

  /** A batch was taken. */
  mark(): void {
    const nowMs = performance.now();
    if (this.#lastMs !== null) this.#gaps.push(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  reset(): void {
    this.#lastMs = null;
    this.#gaps = [];
  }

  summary() {
    const sorted = this.#gaps.toSorted((a, b) => a - b);
    const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
    const median = at(0.5);
    const pause = (q: number): number => Math.round((at(q) - median) * 10) / 10;
    return {
      batches: sorted.length,
      batch_ms: Math.round(median * 10) / 10,
      pause_p99_ms: pause(0.99),
      pause_max_ms: pause(1),
    };
  }
}
