import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { Doorbell } from './doorbell.ts';
import { createRing, RingReader, RingWriter } from './ring.ts';

describe('a ring', () => {
  it('gives every reader every element in order, over its end and back', () => {
    const memory = createRing(1024, 2);
    const writer = new RingWriter(memory);
    const readers = [new RingReader(memory, 0), new RingReader(memory, 1)];
    const random = seededRandom(7);
    const read: number[][] = [[], []];
    for (let i = 0; i < 5000; i++) {
      const size = Math.floor(random.next() * (writer.payloadBytesMax + 1));
      let at = writer.reserve(size);
      while (at < 0) {
        for (const [k, reader] of readers.entries()) take(reader, read[k] as number[]);
        at = writer.reserve(size);
      }
      new Uint8Array(writer.data, at, size).fill(i & 255);
      writer.publish(1 + (i % 9), size);
      if (random.next() < 0.5) take(readers[0] as RingReader, read[0] as number[]);
    }
    for (const [k, reader] of readers.entries()) {
      while (take(reader, read[k] as number[]));
      expect(read[k]).toEqual(Array.from({ length: 5000 }, (_, i) => i & 255));
    }
  });

  it('has no room until its slowest reader has released', () => {
    const memory = createRing(256, 2);
    const writer = new RingWriter(memory);
    const [fast, slow] = [new RingReader(memory, 0), new RingReader(memory, 1)];
    for (let i = 0; i < 2; i++) {
      expect(writer.reserve(100)).toBeGreaterThanOrEqual(0);
      writer.publish(1, 100);
    }
    expect(writer.reserve(0)).toBe(-1);
    while (fast.next()) fast.release();
    expect(writer.reserve(0)).toBe(-1);
    slow.next();
    slow.release();
    expect(writer.reserve(0)).toBeGreaterThanOrEqual(0);
  });

  it('goes on when its positions wrap around at 2^32', () => {
    const memory = createRing(512);
    for (let i = 0; i < memory.positions.length; i++) memory.positions[i] = 0x7fffffff - 3;
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const read: number[] = [];
    for (let i = 0; i < 40; i++) {
      const at = writer.reserve(40 + i);
      expect(at).toBeGreaterThanOrEqual(0);
      new Uint8Array(memory.data, at, 40 + i).fill(i);
      writer.publish(3, 40 + i);
      take(reader, read);
    }
    expect(read).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('carries seeded sizes between threads that wait for each other', async () => {
    const elements = 20_000;
    const memory = createRing(1 << 14);
    const bells = new Int32Array(new SharedArrayBuffer(128));
    const worker = new Worker(echoSource, {
      eval: true,
      workerData: { memory, bells, elements, folder: new URL('.', import.meta.url).href },
    });
    const failed = new Promise<never>((_, reject) => {
      worker.once('error', reject);
    });
    const bell = new Doorbell(bells, 0);
    const reader = new RingReader(memory);
    let state = 12345;
    for (let i = 0; i < elements; i++) {
      let seen = bell.count;
      while (!reader.next()) {
        await Promise.race([bell.waitAsync(seen), failed]);
        seen = bell.count;
      }
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      expect(reader.payloadBytes).toBe(state % 8000);
      const bytes = new Uint8Array(reader.data, reader.payloadStart, reader.payloadBytes);
      if (bytes.length > 0) expect(bytes[0]).toBe(i & 255);
      if (bytes.length > 0) expect(bytes[bytes.length - 1]).toBe(i & 255);
      reader.release();
      new Doorbell(bells, 16).ring();
    }
    await worker.terminate();
  });

  it('lets a thread that waits for room go when it is told to', async () => {
    const memory = createRing(256);
    const bells = new Int32Array(new SharedArrayBuffer(128));
    const worker = new Worker(echoSource, {
      eval: true,
      workerData: { memory, bells, elements: 1000, folder: new URL('.', import.meta.url).href },
    });
    const exited = new Promise<number>((resolve) => {
      worker.once('exit', resolve);
    });
    const bell = new Doorbell(bells, 0);
    const seen = bell.count;
    if (new RingReader(memory).isEmpty) await bell.waitAsync(seen);
    Atomics.store(bells, 8, 1);
    new Doorbell(bells, 16).ring();
    expect(await exited).toBe(0);
  });
});

function take(reader: RingReader, into: number[]): boolean {
  if (!reader.next()) return false;
  const bytes = new Uint8Array(reader.data, reader.payloadStart, reader.payloadBytes);
  into.push(bytes[0] ?? into.length & 255);
  if (!bytes.every((byte) => byte === bytes[0])) throw new Error('torn element');
  reader.release();
  return true;
}

/** Writes elements of seeded sizes until it has written all, or word 8 says that it is over. */
const echoSource = `
const { workerData: { memory, bells, elements, folder } } = require('node:worker_threads');
(async () => {
  const { RingWriter } = await import(folder + 'ring.ts');
  const { Doorbell } = await import(folder + 'doorbell.ts');
  const writer = new RingWriter(memory);
  const own = new Doorbell(bells, 16);
  const hub = new Doorbell(bells, 0);
  let state = 12345;
  for (let i = 0; i < elements; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const size = Math.min(writer.payloadBytesMax, state % 8000);
    for (;;) {
      const seen = own.count;
      if (Atomics.load(bells, 8) === 1) return;
      const at = writer.reserve(size);
      if (at >= 0) { new Uint8Array(writer.data, at, size).fill(i); break; }
      own.wait(seen);
    }
    writer.publish(1, size);
    hub.ring();
  }
})();
`;
