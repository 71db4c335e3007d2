// A few numbers for each slot, side by side, so that a key costs few lines of the processor's cache.
// Slots that were never used cost no memory and are not written when the array grows.
import { GrowingMemory } from './growing-memory.ts';

export class SlotNumbers {
  /** Those of slot i begin at `i * stride`. Void after `ensure`: take it anew. */
  data: Float64Array;
  readonly #initial: Float64Array;
  readonly #memory = new GrowingMemory(0);
  #count = 0;

  /** What a slot holds before anything else. */
  constructor(initial: Float64Array) {
    this.#initial = initial;
    this.data = new Float64Array(this.#memory.buffer);
  }

  /** Makes the slots below `count` usable. */
  ensure(count: number): void {
    if (count <= this.#count) return;
    const stride = this.#initial.length;
    if (this.#memory.ensure(count * stride * 8)) this.data = new Float64Array(this.#memory.buffer);
    for (let slot = this.#count; slot < count; slot++) this.clear(slot);
    this.#count = count;
  }

  clear(slot: number): void {
    this.data.set(this.#initial, slot * this.#initial.length);
  }

  get byteLength(): number {
    return this.#count * this.#initial.length * 8;
  }
}
