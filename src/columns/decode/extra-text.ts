// Text columns whose rows are ranges of the input, of which a few are not there as bytes (defaults,
// symbols, converted text). Those are kept aside; such a row starts below zero until `finish` gives
// the column bytes of its own.
import { type BytesBuilder, copyBytes } from '../column-builder.ts';

export class ExtraText {
  #bytes: Uint8Array = new Uint8Array(64);
  #length = 0;
  #isUsed = false;

  /** Forgets the rows of the batch before. */
  begin(): void {
    this.#length = 0;
    this.#isUsed = false;
  }

  /** Makes `text` the value of a row. */
  put(builder: BytesBuilder, row: number, text: Uint8Array): void {
    const at = this.#length;
    if (at + text.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(at + text.length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    copyBytes({ bytes: text, start: 0, end: text.length }, this.#bytes, at);
    this.#length = at + text.length;
    this.#isUsed = true;
    builder.starts[row] = -1 - at;
    builder.ends[row] = text.length;
  }

  /** Gives the column one buffer that holds all its rows, when some were put aside. */
  finish(builder: BytesBuilder, rowCount: number): void {
    if (!this.#isUsed) return;
    const { starts, ends } = builder;
    let length = this.#length;
    for (let row = 0; row < rowCount; row++) {
      const start = starts[row] as number;
      if (start >= 0) length += (ends[row] as number) - start;
    }
    const data = new Uint8Array(length);
    data.set(this.#bytes.subarray(0, this.#length));
    let at = this.#length;
    for (let row = 0; row < rowCount; row++) {
      const start = starts[row] as number;
      const end = ends[row] as number;
      if (start < 0) {
        starts[row] = -1 - start;
        ends[row] = -1 - start + end;
      } else {
        copyBytes({ bytes: builder.data, start, end }, data, at);
        starts[row] = at;
        at += end - start;
        ends[row] = at;
      }
    }
    builder.data = data;
  }
}
