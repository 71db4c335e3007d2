// How soon a restored run is back: from the start of its process until the first batch, and until the first second
// in which it took at least half as many events as before.
import { rounded } from './measure.ts';

const spanMs = 1000;

export class RestoreWatch {
  readonly #rateBefore: number;
  #firstBatchMs: number | null = null;
  #spanStartMs = 0;
  #events = 0;
  #halfRateMs: number | null = null;
  #rate = 0;

  constructor(rateBefore: number) {
    this.#rateBefore = rateBefore;
  }

  /** Counts a batch; true once half of the rate is reached. */
  batch(events: number): boolean {
    const nowMs = performance.now();
    if (this.#firstBatchMs === null) {
      this.#firstBatchMs = nowMs;
      this.#spanStartMs = nowMs;
    }
    this.#events += events;
    if (nowMs - this.#spanStartMs < spanMs) return false;
    this.#rate = (this.#events * 1000) / (nowMs - this.#spanStartMs);
    if (this.#rate >= this.#rateBefore / 2) {
      this.#halfRateMs ??= this.#spanStartMs;
      return true;
    }
    this.#spanStartMs = nowMs;
    this.#events = 0;
    return false;
  }

  result() {
    return {
      first_batch_ms: rounded(this.#firstBatchMs ?? Number.NaN),
      half_rate_ms: rounded(this.#halfRateMs ?? Number.NaN),
      events_per_second: rounded(this.#rate),
    };
  }
}
