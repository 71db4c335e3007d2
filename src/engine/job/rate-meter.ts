// How many things happened per second, over the last few seconds.

/** Samples are kept for this long. */
const spanMs = 5000;
const sampleMs = 250;

export class RateMeter {
  #times: number[] = [];
  #totals: number[] = [];

  /** Takes the total so far. */
  sample(nowMs: number, total: number): void {
    const newest = this.#times.at(-1);
    if (newest !== undefined && nowMs - newest < sampleMs) return;
    this.#times.push(nowMs);
    this.#totals.push(total);
    while (this.#times.length > 2 && nowMs - (this.#times[0] as number) > spanMs) {
      this.#times.shift();
      this.#totals.shift();
    }
  }

  /** Per second between the oldest sample and now. */
  perSecond(nowMs: number, total: number): number {
    const oldest = this.#times[0];
    if (oldest === undefined || nowMs <= oldest) return 0;
    return ((total - (this.#totals[0] as number)) * 1000) / (nowMs - oldest);
  }
}
