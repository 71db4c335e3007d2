// Keeps the keys in memory within a budget. Keys that came lately leave first, the earliest of them,
// unless records used them again. When those are few, CLOCK: a hand goes over the other slots of a view;
// a key that was used since it last came by stays for another round, others leave. A little more than
// needed is freed, so that not every batch pays, and no more, so that none pays for many.
import type { ColdKeys } from './cold-keys.ts';
import type { ViewBackend } from './view-backend.ts';

const freedPart = 1 / 64;
const freedBytesMax = 128 * 1024;
/** The part of the keys in memory that are newcomers before those leave. */
const newcomersPart = 1 / 8;
/** Keys that leave together. */
const blockKeys = 256;
/** The part of the budget that is left to keys at least, however much the index takes. */
const residentPart = 1 / 4;

export class Eviction {
  readonly #views: readonly ViewBackend[];
  readonly #bytesMax: number;
  readonly #overhead: () => number;
  #hands: number[] = [];
  readonly #leaving = new Int32Array(blockKeys);
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
    const goal = room - Math.min(freedBytesMax, this.#bytesMax * freedPart);
    const isStuck = this.#views.map(() => false);
    while (resident > goal) {
      const index = this.#largest(isStuck);
      if (index < 0) return;
      const { images } = this.#views[index] as ViewBackend;
      const bytesPerKey = images.liveBytes / images.size;
      const wanted = Math.min(blockKeys, Math.ceil((resident - goal) / bytesPerKey));
      const found = this.#sweep(index, wanted);
      if (found === 0) isStuck[index] = true;
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

  /** Lets up to so many keys of a view leave; how many left: none when none may. */
  #sweep(index: number, wanted: number): number {
    const view = this.#views[index] as ViewBackend;
    const found =
      this.#takeNewcomers(view, wanted, view.images.size * newcomersPart) ||
      this.#moveHand(index, wanted) ||
      this.#takeNewcomers(view, wanted, 0);
    view.evict(this.#leaving, found, view.cold as ColdKeys);
    this.evictedKeys += found;
    return found;
  }

  /** Finds keys that came first, among all newcomers but `kept`, and that no record used again. */
  #takeNewcomers({ images, slots }: ViewBackend, wanted: number, kept: number): number {
    const { newcomers } = slots;
    let found = 0;
    for (let left = newcomers.count; left > kept && found < wanted; left--) {
      const slot = newcomers.take();
      if (!images.isLive(slot) || !slots.isNewcomer(slot)) continue;
      if (slots.takeReference(slot)) slots.settle(slot);
      else if (images.isEvictable(slot)) {
        slots.settle(slot);
        this.#leaving[found++] = slot;
      } else newcomers.push(slot);
    }
    return found;
  }

  /** Moves the hand of a view over keys that may leave; none are found in two rounds without one. */
  #moveHand(index: number, wanted: number): number {
    const { images, slots } = this.#views[index] as ViewBackend;
    const { slotCount } = images;
    let hand = this.#hands[index] ?? 0;
    let found = 0;
    for (let steps = slotCount * 2; steps > 0 && found < wanted; steps--) {
      if (hand >= slotCount) hand = 0;
      const slot = hand++;
      if (!images.isLive(slot) || slots.isNewcomer(slot)) continue;
      if (slots.takeReference(slot) || !images.isEvictable(slot)) continue;
      if (found > 0 && slot === this.#leaving[0]) break;
      this.#leaving[found++] = slot;
    }
    this.#hands[index] = hand;
    return found;
  }
}
