// The epoch of a server's data: each write carries a number, and the server keeps the greatest it has
// seen beside the rows. A server that shows a smaller number than one it has acknowledged, or none, has
// lost writes: it was started again empty or from an older file, flushed, or replaced by a replica.

/** The number of a marker as a server has it; -1: it has none. A sign may stand behind it. */
export function markerNumber(text: unknown): number {
  return typeof text === 'string' ? Number.parseInt(text, 10) : -1;
}

export class WriteMarkers {
  readonly #markers = new Map<string, { number: number; acknowledged: number }>();
  /** How often a loss was found. */
  losses = 0;
  readonly #first: number;
  readonly #onLoss: () => void;

  /** `first`: numbers begin above it. */
  constructor(first: number, onLoss: () => void) {
    this.#first = first;
    this.#onLoss = onLoss;
  }

  /** The number of the next write. */
  next(key: string): number {
    const marker = this.#marker(key);
    marker.number += 1;
    return marker.number;
  }

  /** What was acknowledged so far, for comparing with what the write will see. */
  acknowledged(key: string): number {
    return this.#markers.get(key)?.acknowledged ?? 0;
  }

  /** A write was acknowledged by a server that had seen `seen`, when `expected` had been acknowledged. */
  taken(
    key: string,
    write: { readonly number: number; readonly expected: number },
    seen: number,
  ): void {
    const marker = this.#marker(key);
    // Before the first acknowledgement there is nothing to lose.
    const isLost = write.expected > 0 && seen < write.expected;
    // Several writes under way find the same loss.
    if (isLost && marker.acknowledged >= write.expected) {
      marker.acknowledged = 0;
      this.#lost();
    }
    if (!isLost || marker.acknowledged === 0) {
      marker.acknowledged = Math.max(marker.acknowledged, write.number);
    }
  }

  /** What a server shows without a write. */
  observed(key: string, seen: number, expected: number): void {
    if (seen >= expected) return;
    const marker = this.#marker(key);
    if (marker.acknowledged < expected) return;
    marker.acknowledged = 0;
    this.#lost();
  }

  /** What an earlier life of the job had written. */
  restore(key: string, seen: number): void {
    const marker = this.#marker(key);
    marker.number = Math.max(marker.number, seen);
    marker.acknowledged = Math.max(marker.acknowledged, seen);
  }

  /** All markers that something was acknowledged for. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#markers]
      .filter(([, { acknowledged }]) => acknowledged > 0)
      .map(([key, { acknowledged }]) => [key, acknowledged] as const);
  }

  #marker(key: string): { number: number; acknowledged: number } {
    const known = this.#markers.get(key);
    if (known !== undefined) return known;
    const created = { number: this.#first, acknowledged: 0 };
    this.#markers.set(key, created);
    return created;
  }

  #lost(): void {
    this.losses += 1;
    this.#onLoss();
  }
}
