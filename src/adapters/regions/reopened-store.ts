// A store that may be away when it is first needed, and later: opened in the background, at most once a
// second, so that nobody who reads waits for it.
import type { Clock } from '../../kernel/clock.ts';
import type { OnlineStore } from '../../ports/online-store.ts';

const retryMs = 1000;

export class ReopenedStore {
  /** Why it could not be opened; null when it is open, or was not tried. */
  failure: unknown = null;
  readonly #open: () => Promise<OnlineStore>;
  readonly #clock: Clock;
  #store: OnlineStore | null = null;
  #opening: Promise<void> | null = null;
  #triedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(open: () => Promise<OnlineStore>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** The open store; null while there is none, and then it is tried again. */
  get opened(): OnlineStore | null {
    if (this.#store === null) void this.tryOpen();
    return this.#store;
  }

  /** Settles when the try that is under way, or a new one when it is time, has ended. */
  tryOpen(): Promise<void> {
    if (this.#opening !== null) return this.#opening;
    const nowMs = this.#clock.monotonicMs();
    if (this.#isClosed || this.#store !== null || nowMs - this.#triedMs < retryMs) {
      return Promise.resolve();
    }
    this.#triedMs = nowMs;
    this.#opening = this.#try().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#store?.close();
    this.#store = null;
  }

  async #try(): Promise<void> {
    try {
      const store = await this.#open();
      this.failure = null;
      this.#store = store;
    } catch (error) {
      this.failure = error;
    }
  }
}
