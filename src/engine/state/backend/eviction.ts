// Keeps the keys in memory within a budget. CLOCK: a hand goes over the slots of a view; a key that was
// used since it last came by stays for another round, others leave. When the budget is exceeded a
// sixteenth of it is freed, so that not every batch pays.
import type { ColdKeys } from './cold-keys.ts';
import type { ViewBackend } from './view-backend.ts';

const freedPart = 1 / 16;
/** The part of the budget that is left to keys at least, however much the index takes. */
const residentPart = 1 / 4;

export class Eviction {
  readonly #views: readonly ViewBackend[];
  readonly #bytesMax: number;
  readonly #overhead: () => number;
  #hands: number[] = [];
  evictedKeys = 0;

  /** `overhead`: memory beside the keys. */
  constructor(views: readonly ViewBackend[], bytesMax: number, overhead: () => number) {
    this.#views = views;
    this.#bytesMax = bytesMax;
    this.#overhead = overhead;
  }

  /** Evicts until the budget is kept, or nothing more may leave. */
  run(): void {
    let resident = this.#resident();
    const room = Math.max(this.#bytesMax * residentPart, this.#bytesMax - this.#overhead());
    if (resident <= room) return;
    const goal = room - this.#bytesMax * freedPart;
    const isStuck = this.#views.map(() => false);
    while (resident > goal) {
      const index = this.#largest(isStuck);
      if (index < 0) return;
      if (!this.#sweep(index)) isStuck[index] = true;
      resident = this.#resident();
    }
  }

  #resident(): number {
    let bytes = 0;
    for (const { images } of this.#views) bytes += images.liveBytes;
    return bytes;
  }

  #largest(isStuck: readonly boolean[]): number {
    let largest = -1;
    let bytes = 0;
    for (const [i, { images }] of this.#views.entries()) {
      if (isStuck[i] === true || images.liveBytes <= bytes) continue;
      largest = i;
      bytes = images.liveBytes;
    }
    return largest;
  }

  /** Moves the hand of a view on to the next key that may leave; false after two rounds without one. */
  #sweep(index: number): boolean {
    const view = this.#views[index] as ViewBackend;
    const { images, slots } = view;
    let hand = this.#hands[index] ?? 0;
    for (let steps = images.slotCount * 2; steps > 0; steps--) {
      if (hand >= images.slotCount) hand = 0;
      const slot = hand++;
      if (!images.isLive(slot) || slots.takeReference(slot) || !images.isEvictable(slot)) continue;
      this.#hands[index] = hand;
      view.evict(slot, view.cold as ColdKeys);
      this.evictedKeys += 1;
      return true;
    }
    return false;
  }
}
