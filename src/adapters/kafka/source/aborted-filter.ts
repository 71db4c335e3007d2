// Which batches of a fetch belong to aborted transactions. A broker names, with each answer, every
// aborted transaction that reaches into it: the producer and where it began. It ends at the
// producer's next marker of abort, so each batch needs only those that began before it.
// Source: Kafka's `CompletedFetch` (KIP-98).

/** An aborted transaction as a broker names it. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export class AbortedFilter {
  readonly #pending: AbortedTransaction[];
  readonly #open = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#pending = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset);
  }

  /** Whether the batch of a producer's transaction is to be passed over. Batches in their order. */
  isAborted(producerId: number, lastOffset: number): boolean {
    this.#begin(lastOffset);
    return this.#open.has(producerId);
  }

  /** The producer's transaction ends with a marker of abort. */
  end(producerId: number, offset: number): void {
    this.#begin(offset);
    this.#open.delete(producerId);
  }

  #begin(lastOffset: number): void {
    for (;;) {
      const next = this.#pending.at(-1);
      if (next === undefined || next.firstOffset > lastOffset) return;
      this.#pending.pop();
      this.#open.add(next.producerId);
    }
  }
}
