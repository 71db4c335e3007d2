// How threads wait for each other. Every thread has one bell: whoever changes something that the
// thread may wait for (an element was published, room was made, the exchange was closed) rings it
// afterwards. The thread reads the bell, looks at what it waits for, and only then sleeps until the
// bell differs from what it read: no ring is lost, and a ring too many does no harm.

/** Words of shared memory that threads ring and wait for. */
export type SharedWords = Int32Array<SharedArrayBuffer>;

export class Doorbell {
  readonly #words: SharedWords;
  readonly #index: number;

  constructor(words: SharedWords, index: number) {
    this.#words = words;
    this.#index = index;
  }

  /** What to hand to `wait`: read it before looking at what is waited for. */
  get count(): number {
    return Atomics.load(this.#words, this.#index);
  }

  ring(): void {
    Atomics.add(this.#words, this.#index, 1);
    Atomics.notify(this.#words, this.#index);
  }

  /** Blocks this thread until the bell has rung since `seen` was read; not for the main thread. */
  wait(seen: number, timeoutMs = Number.POSITIVE_INFINITY): void {
    Atomics.wait(this.#words, this.#index, seen, timeoutMs);
  }

  /** Resolves when the bell has rung since `seen` was read. */
  async waitAsync(seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, this.#index, seen);
    if (waiting.async) await waiting.value;
  }
}
