// How long processing stood still: the time between one batch being taken and the next. A batch of
// full size takes its time; what a gap is longer than the median gap is a pause, whatever caused it.
export class GapMeter {
  #lastMs: number | null = null;
  #gaps: { readonly atMs: number; readonly ms: number }[] = [];

  /** A batch was taken. */
  mark(): void {
    const nowMs = performance.now();
    if (this.#lastMs !== null) this.#gaps.push({ atMs: nowMs, ms: nowMs - this.#lastMs });
    this.#lastMs = nowMs;
  }

  reset(): void {
    this.#lastMs = null;
    this.#gaps = [];
  }

  summary() {
    const sorted = this.#gaps.map(({ ms }) => ms).toSorted((a, b) => a - b);
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

  /**
   * The longest pause of each second interval that begins at one of `startsMs` (on the monotonic
   * clock) and lasts `spanMs`: what each checkpoint cost.
   */
  pausesWithin(startsMs: readonly number[], spansMs: readonly number[]): number[] {
    const sorted = this.#gaps.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    return startsMs.map((startMs, i) => {
      const endMs = startMs + (spansMs[i] ?? 0);
      const within = this.#gaps.filter(({ atMs, ms }) => atMs >= startMs && atMs - ms <= endMs);
      return within.reduce((most, { ms }) => Math.max(most, ms - median), 0);
    });
  }
}
