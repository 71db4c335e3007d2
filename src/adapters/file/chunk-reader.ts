// Reads a byte input in large chunks into two buffers that take turns, one chunk ahead of the
// consumer. What the consumer left of a chunk is put directly before the next one, so that a record
// is always in one piece. Buffers are overwritten by `advance`: ranges into them are valid until then.
import type { ByteInput } from './byte-input.ts';

const chunkBytes = 1 << 20;

/** Room before a chunk for the rest of the one before it. */
const headroomBytes = 1 << 16;

export class ChunkReader {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Position in the file of `bytes[0]`; negative while there is unused headroom. */
  baseOffset = 0;
  /** True when nothing comes after `end`. */
  atEnd = false;

  readonly #input: ByteInput;
  #spare: Uint8Array = new Uint8Array(headroomBytes + chunkBytes);
  #other: Uint8Array | null = null;
  #pending: Promise<number>;

  /** `position`: of the first byte that the input gives. */
  constructor(input: ByteInput, position: number) {
    this.#input = input;
    this.baseOffset = position;
    this.#pending = this.#readAhead();
  }

  /** Waits for the next chunk and joins the rest of this one to it. */
  async advance(): Promise<void> {
    const length = await this.#pending;
    const position = this.baseOffset + this.end;
    if (length === 0) {
      this.atEnd = true;
      this.#pending = Promise.resolve(0);
      return;
    }
    this.#join(length);
    this.baseOffset = position - (this.end - length);
    this.#pending = this.#readAhead();
  }

  #join(length: number): void {
    const rest = this.end - this.start;
    const chunk = this.#spare;
    const restBytes = this.bytes.subarray(this.start, this.end);
    if (rest <= headroomBytes) {
      chunk.set(restBytes, headroomBytes - rest);
      this.#spare = this.#other ?? new Uint8Array(headroomBytes + chunkBytes);
      this.#other = chunk;
      this.bytes = chunk;
      this.start = headroomBytes - rest;
      this.end = headroomBytes + length;
      return;
    }
    const joined = new Uint8Array(rest + length);
    joined.set(restBytes);
    joined.set(chunk.subarray(headroomBytes, headroomBytes + length), rest);
    this.bytes = joined;
    this.start = 0;
    this.end = rest + length;
  }

  #readAhead(): Promise<number> {
    const pending = this.#input.read(this.#spare, headroomBytes, chunkBytes);
    // The error is thrown where the chunk is awaited, which may be after it happened.
    pending.catch(() => undefined);
    return pending;
  }

  async close(): Promise<void> {
    await this.#pending.catch(() => 0);
    await this.#input.close();
  }
}
