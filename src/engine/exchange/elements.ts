// What goes through a ring: rows and everything that keeps its place among them. An element is
// written where it will be read; one that no ring holds (a single huge row) travels as memory of its
// own through a port, and leaves a short element behind that says when to take it from there.
import { deserialize, serialize } from 'node:v8';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { RingReader, type RingMemory, RingWriter } from './ring.ts';

export const elementKinds = {
  /** Hub to workers: rows of a stream. */
  rows: 1,
  /** A stream's watermark has grown, without rows. */
  watermark: 2,
  /** Wall time while a stream is idle. */
  idleTime: 3,
  /** A checkpoint begins here. */
  barrier: 4,
  /** Workers to hub: feature vectors of a view. */
  vectors: 5,
  /** All output before a barrier is out. */
  marker: 6,
  /** Vectors of `emitAll`. */
  refill: 7,
  /** A structured value, either way. */
  message: 8,
} as const;

/** Set in the kind of an element whose memory comes through the port. */
const apart = 0x100;

/** Something that is written into an element. */
export interface Payload {
  readonly size: number;
  writeTo(buffer: SharedArrayBuffer, at: number): void;
}

interface KeptElement {
  readonly kind: number;
  readonly size: number;
  readonly memory: SharedArrayBuffer;
}

export class ElementWriter {
  readonly #ring: RingWriter;
  readonly #ports: readonly MessagePort[];
  readonly #published: () => void;
  #kept: KeptElement[] = [];

  /** `published` wakes the readers; the ports lead to them, in any order. */
  constructor(memory: RingMemory, ports: readonly MessagePort[], published: () => void) {
    this.#ring = new RingWriter(memory);
    this.#ports = ports;
    this.#published = published;
  }

  /** Payloads beyond this are sent apart: split what can be split. */
  get payloadBytesMax(): number {
    return this.#ring.payloadBytesMax;
  }

  get freeBytes(): number {
    return this.#ring.freeBytes;
  }

  get usedBytes(): number {
    return this.#ring.usedBytes;
  }

  /** Whether elements wait for room. */
  get isFull(): boolean {
    return this.#kept.length > 0;
  }

  /** Writes the element if there is room for it now. */
  tryWrite(kind: number, payload: Payload): boolean {
    if (this.isFull) return false;
    if (payload.size > this.#ring.payloadBytesMax) return this.#tryApart(kind, detached(payload));
    const at = this.#ring.reserve(payload.size);
    if (at < 0) return false;
    payload.writeTo(this.#ring.data, at);
    this.#ring.publish(kind, payload.size);
    this.#published();
    return true;
  }

  /** Writes the element, or keeps a copy until `flush` finds room: for who must not wait. */
  write(kind: number, payload: Payload): void {
    if (this.tryWrite(kind, payload)) return;
    this.#kept.push({ kind, size: payload.size, memory: detached(payload) });
  }

  /** Moves elements that were kept to the ring; true when none is left. */
  flush(): boolean {
    while (this.#kept.length > 0) {
      const { kind, size, memory } = this.#kept[0] as KeptElement;
      if (!this.#move(kind, size, memory)) return false;
      this.#kept.shift();
    }
    return true;
  }

  #move(kind: number, size: number, memory: SharedArrayBuffer): boolean {
    if (size > this.#ring.payloadBytesMax) return this.#tryApart(kind, memory);
    const at = this.#ring.reserve(size);
    if (at < 0) return false;
    new Uint8Array(this.#ring.data, at, size).set(new Uint8Array(memory, 0, size));
    this.#ring.publish(kind, size);
    this.#published();
    return true;
  }

  #tryApart(kind: number, memory: SharedArrayBuffer): boolean {
    if (this.#ring.reserve(0) < 0) return false;
    for (const port of this.#ports) port.postMessage(memory);
    this.#ring.publish(kind | apart, 0);
    this.#published();
    return true;
  }
}

function detached(payload: Payload): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(Math.max(8, payload.size));
  payload.writeTo(memory, 0);
  return memory;
}

export class ElementReader {
  kind = 0;
  /** Memory of the element at hand, and where its payload begins there. */
  buffer: SharedArrayBuffer;
  start = 0;
  size = 0;
  readonly #ring: RingReader;
  readonly #port: MessagePort;

  constructor(memory: RingMemory, port: MessagePort, reader = 0) {
    this.#ring = new RingReader(memory, reader);
    this.#port = port;
    this.buffer = memory.data;
  }

  get isEmpty(): boolean {
    return this.#ring.isEmpty;
  }

  /** Takes up the next element, readable until `release`; false when there is none. */
  next(): boolean {
    const ring = this.#ring;
    if (!ring.next()) return false;
    this.kind = ring.kind & ~apart;
    if ((ring.kind & apart) === 0) {
      this.buffer = ring.data;
      this.start = ring.payloadStart;
      this.size = ring.payloadBytes;
      return true;
    }
    const received = receiveMessageOnPort(this.#port) as { message: SharedArrayBuffer } | undefined;
    if (received === undefined) throw new Error('the memory of an element did not arrive');
    this.buffer = received.message;
    this.start = 0;
    this.size = received.message.byteLength;
    return true;
  }

  release(): void {
    this.#ring.release();
  }

  /** The number beside a stream's index: of a watermark, an instant, a barrier. */
  get value(): number {
    return new Float64Array(this.buffer, this.start, 1)[0] as number;
  }

  get stream(): number {
    return new Int32Array(this.buffer, this.start + 8, 1)[0] as number;
  }

  /** The structured value of a message. */
  get message(): unknown {
    return deserialize(new Uint8Array(this.buffer, this.start, this.size));
  }
}

/** A number about a stream (or about all: -1). */
export function numberPayload(value: number, stream = -1): Payload {
  return {
    size: 16,
    writeTo(buffer, at) {
      new Float64Array(buffer, at, 1)[0] = value;
      new Int32Array(buffer, at + 8, 1)[0] = stream;
    },
  };
}

/** Any structured value; its size is exact. */
export function messagePayload(value: unknown): Payload {
  const bytes = serialize(value);
  return {
    size: bytes.length,
    writeTo(buffer, at) {
      new Uint8Array(buffer, at, bytes.length).set(bytes);
    },
  };
}
