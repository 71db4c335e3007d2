// Keys that came to memory lately, in the order in which they came (S3-FIFO, Yang et al. 2023): those
// that no second use follows leave first, so that keys wanted once do not push out keys wanted often.
// A slot may be in the queue twice, when its key left and another came: then that one is looked at
// early, and once.
const initial = 1024;

export class Newcomers {
  /** Slots in the queue. */
  count = 0;
  #slots: Int32Array = new Int32Array(initial);
  #first = 0;

  push(slot: number): void {
    if (this.count === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.count) & (this.#slots.length - 1)] = slot;
    this.count += 1;
  }

  /** Takes out the slot that came first; there is one. */
  take(): number {
    const slot = this.#slots[this.#first] as number;
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.count -= 1;
    return slot;
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    slots.set(old.subarray(this.#first));
    slots.set(old.subarray(0, this.#first), old.length - this.#first);
    this.#slots = slots;
    this.#first = 0;
  }
}
