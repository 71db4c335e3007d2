// How long a split has had no records although it was asked for them. Time that the job spent
// waiting for its sinks does not count: the split could not be read then.

export class IdleTimer {
  readonly #timeoutMs: number | null;
  #idleMs = 0;

  /** A timeout of null never passes. */
  constructor(timeoutMs: number | null) {
    this.#timeoutMs = timeoutMs;
  }

  /** The split has records. */
  reset(): void {
    this.#idleMs = 0;
  }

  /** Time passed in which the split could have been read, and had nothing. */
  pass(ms: number): void {
    this.#idleMs += ms;
  }

  get idleMs(): number {
    return this.#idleMs;
  }

  get isIdle(): boolean {
    return this.#timeoutMs !== null && this.#idleMs >= this.#timeoutMs;
  }

  /** Until the split is idle; 0 when it is, +∞ when it never will be. */
  get remainingMs(): number {
    if (this.#timeoutMs === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#timeoutMs - this.#idleMs);
  }
}
