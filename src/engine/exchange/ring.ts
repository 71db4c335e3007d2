// A bounded queue of elements in shared memory: one writer, one or more readers, each of which sees
// every element in order. An element is contiguous: one that does not fit before the end of the
// memory starts over at its beginning, behind a pad. Positions count blocks and wrap around at 2^32;
// the capacity is a power of two, so that their difference stays right. Nothing here waits: who has
// to wait does so by its bell (`doorbell.ts`), which the other side rings after `publish`, `release`.
import type { SharedWords } from './doorbell.ts';

const blockBytes = 64;
const headerBytes = 16;
/** Words between the positions of different threads, so that they do not share a cache line. */
const stride = 16;
const padKind = 0;

/** A ring's memory, as it is sent to other threads. */
export interface RingMemory {
  readonly data: SharedArrayBuffer;
  /** Position of the writer, then of each reader, `stride` words apart. */
  readonly positions: SharedWords;
}

/** Memory for a ring of at least `byteCapacity` bytes. */
export function createRing(byteCapacity: number, readerCount = 1): RingMemory {
  const blocks = 2 ** Math.ceil(Math.log2(Math.max(2, byteCapacity / blockBytes)));
  return {
    data: new SharedArrayBuffer(blocks * blockBytes),
    positions: new Int32Array(new SharedArrayBuffer((1 + readerCount) * stride * 4)),
  };
}

function blocksOf(payloadBytes: number): number {
  return Math.ceil((headerBytes + payloadBytes) / blockBytes);
}

/** The largest payload that a ring takes: one that fits wherever the writer happens to be. */
export function payloadBytesMax({ data }: RingMemory): number {
  return data.byteLength / 2 - headerBytes;
}

export class RingWriter {
  readonly data: SharedArrayBuffer;
  readonly payloadBytesMax: number;
  readonly #positions: SharedWords;
  readonly #readerCount: number;
  readonly #header: Int32Array;
  readonly #capacity: number;
  #position: number;
  /** Blocks of the reservation, of which the pad comes first. */
  #reserved = 0;
  #pad = 0;

  constructor(memory: RingMemory) {
    this.data = memory.data;
    this.payloadBytesMax = payloadBytesMax(memory);
    this.#positions = memory.positions;
    this.#readerCount = memory.positions.length / stride - 1;
    this.#header = new Int32Array(memory.data);
    this.#capacity = memory.data.byteLength / blockBytes;
    this.#position = Atomics.load(memory.positions, 0);
  }

  /** Where a payload of this size may be written in `data`, or -1 while there is no room for it. */
  reserve(payloadBytes: number): number {
    const blocks = blocksOf(payloadBytes);
    const at = this.#position & (this.#capacity - 1);
    this.#pad = at + blocks > this.#capacity ? this.#capacity - at : 0;
    this.#reserved = this.#pad + blocks;
    if (this.#reserved > this.freeBlocks) return -1;
    return (this.#pad > 0 ? 0 : at) * blockBytes + headerBytes;
  }

  /** Makes the element that was reserved visible to the readers. */
  publish(kind: number, payloadBytes: number): void {
    const at = this.#position & (this.#capacity - 1);
    if (this.#pad > 0) this.#putHeader(at, this.#pad, padKind, 0);
    const start = this.#pad > 0 ? 0 : at;
    this.#putHeader(start, this.#reserved - this.#pad, kind, payloadBytes);
    this.#position = (this.#position + this.#reserved) | 0;
    Atomics.store(this.#positions, 0, this.#position);
  }

  get freeBytes(): number {
    return this.freeBlocks * blockBytes;
  }

  /** Bytes that the slowest reader has not released yet. */
  get usedBytes(): number {
    return this.data.byteLength - this.freeBytes;
  }

  private get freeBlocks(): number {
    let used = 0;
    for (let i = 1; i <= this.#readerCount; i++) {
      const behind = (this.#position - Atomics.load(this.#positions, i * stride)) | 0;
      if (behind > used) used = behind;
    }
    return this.#capacity - used;
  }

  #putHeader(block: number, blocks: number, kind: number, payloadBytes: number): void {
    const word = (block * blockBytes) / 4;
    this.#header[word] = blocks;
    this.#header[word + 1] = kind;
    this.#header[word + 2] = payloadBytes;
  }
}

export class RingReader {
  readonly data: SharedArrayBuffer;
  /** Of the element at hand. */
  kind = 0;
  payloadStart = 0;
  payloadBytes = 0;
  readonly #positions: SharedWords;
  readonly #index: number;
  readonly #header: Int32Array;
  readonly #capacity: number;
  #position: number;
  #blocks = 0;

  constructor(memory: RingMemory, reader = 0) {
    this.data = memory.data;
    this.#positions = memory.positions;
    this.#index = (1 + reader) * stride;
    this.#header = new Int32Array(memory.data);
    this.#capacity = memory.data.byteLength / blockBytes;
    this.#position = Atomics.load(memory.positions, this.#index);
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#positions, 0) === this.#position;
  }

  /** Takes up the next element, which stays readable until `release`; false when there is none. */
  next(): boolean {
    for (;;) {
      if (this.isEmpty) return false;
      const block = this.#position & (this.#capacity - 1);
      const word = (block * blockBytes) / 4;
      this.#blocks = this.#header[word] as number;
      this.kind = this.#header[word + 1] as number;
      this.payloadBytes = this.#header[word + 2] as number;
      this.payloadStart = block * blockBytes + headerBytes;
      if (this.kind !== padKind) return true;
      this.release();
    }
  }

  /** The element at hand is done with: its memory goes back to the writer. */
  release(): void {
    this.#position = (this.#position + this.#blocks) | 0;
    Atomics.store(this.#positions, this.#index, this.#position);
  }
}
