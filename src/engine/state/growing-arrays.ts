// Typed arrays that grow, one number per entry. The views are void after growing: take them anew.
import { GrowingMemory } from './growing-memory.ts';

export class GrowingFloats {
  data: Float64Array;
  readonly #memory = new GrowingMemory(512);
  readonly #fill: number;
  #count = 0;

  /** `fill`: what new entries hold. */
  constructor(fill: number) {
    this.#fill = fill;
    this.data = new Float64Array(this.#memory.buffer);
  }

  /** Makes the entries below `count` usable. */
  ensure(count: number): void {
    if (count <= this.#count) return;
    if (this.#memory.ensure(count * 8)) this.data = new Float64Array(this.#memory.buffer);
    if (this.#fill !== 0) this.data.fill(this.#fill, this.#count, count);
    this.#count = count;
  }

  get byteLength(): number {
    return this.#count * 8;
  }
}

export class GrowingInts {
  data: Int32Array;
  readonly #memory = new GrowingMemory(256);
  readonly #fill: number;
  #count = 0;

  constructor(fill: number) {
    this.#fill = fill;
    this.data = new Int32Array(this.#memory.buffer);
  }

  ensure(count: number): void {
    if (count <= this.#count) return;
    if (this.#memory.ensure(count * 4)) this.data = new Int32Array(this.#memory.buffer);
    if (this.#fill !== 0) this.data.fill(this.#fill, this.#count, count);
    this.#count = count;
  }

  get byteLength(): number {
    return this.#count * 4;
  }
}
