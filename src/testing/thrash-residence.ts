// A state backend that makes every mistake of an operator's images visible: at each chance it writes
// the keys it may evict and drops them, and it brings them back one by one. It checks what operators
// promise: that a key is touched before its state changes, and that timers of stored keys are known.
import { StateReader } from '../engine/state/bytes/state-reader.ts';
import { StateWriter } from '../engine/state/bytes/state-writer.ts';
import type { KeyImages, Residence } from '../engine/state/residence.ts';

interface StoredKey {
  readonly key: Uint8Array;
  readonly image: Uint8Array;
  readonly wakeMs: number;
  readonly idleWakeMs: number;
}

const never = Number.POSITIVE_INFINITY;

export interface ThrashOptions {
  /** Whether a key leaves when it may; always by default. */
  readonly evicts?: () => boolean;
}

/** Stored keys, and what was read of those in memory that nobody has touched since. */
export class ThrashResidence implements Residence {
  /** How many images were read back. */
  reads = 0;
  readonly #images: KeyImages;
  readonly #evicts: () => boolean;
  readonly #stored = new Map<string, StoredKey>();
  readonly #untouched = new Map<number, Uint8Array>();

  constructor(images: KeyImages, { evicts = () => true }: ThrashOptions = {}) {
    this.#images = images;
    this.#evicts = evicts;
  }

  arrived(slots: Int32Array, count: number): void {
    for (const slot of slots.slice(0, count)) {
      const name = nameOf(this.#keyOf(slot));
      const stored = this.#stored.get(name);
      if (stored !== undefined) this.#read(name, stored, slot);
    }
  }

  touch(slots: Int32Array, first: number, end: number): void {
    for (let i = first; i < end; i++) this.touchOne(slots[i] as number);
  }

  use(slots: Int32Array, first: number, end: number): void {
    this.touch(slots, first, end);
  }

  touchOne(slot: number): void {
    const image = this.#untouched.get(slot);
    if (image !== undefined) this.#expectUnchanged(slot, image);
    this.#untouched.delete(slot);
  }

  coldWakeMs(isIdle: boolean): number {
    return Math.min(never, ...[...this.#stored.values()].map((key) => timeOf(key, isIdle)));
  }

  wake(limitMs: number, isIdle: boolean): boolean {
    const time = this.coldWakeMs(isIdle);
    const next = [...this.#stored].find(([, stored]) => timeOf(stored, isIdle) === time);
    if (next === undefined || time > limitMs || time === never) return false;
    const [name, stored] = next;
    this.#read(name, stored, this.#images.insert(stored.key, 0, stored.key.length));
    return true;
  }

  forgot(slot: number): void {
    this.#untouched.delete(slot);
  }

  visitStored(visit: (slots: Int32Array, count: number) => void): void {
    for (const [name, stored] of [...this.#stored]) {
      if (this.#stored.get(name) !== stored) continue;
      const slot = this.#images.insert(stored.key, 0, stored.key.length);
      this.#read(name, stored, slot);
      visit(Int32Array.of(slot), 1);
    }
  }

  settle(): void {
    const images = this.#images;
    for (let slot = 0; slot < images.slotCount; slot++) {
      if (images.isLive(slot) && images.isEvictable(slot) && this.#evicts()) this.#evict(slot);
    }
  }

  /** Images of all keys, of those in memory too. */
  writeAll(): readonly StoredKey[] {
    const slots = Array.from({ length: this.#images.slotCount }, (_, slot) => slot);
    const resident = slots
      .filter((slot) => this.#images.isLive(slot))
      .map((slot) => this.#write(slot));
    return [...this.#stored.values(), ...resident];
  }

  /** Takes in what `writeAll` of another gave. */
  restore(keys: readonly StoredKey[]): void {
    for (const stored of keys) this.#stored.set(nameOf(stored.key), stored);
  }

  #evict(slot: number): void {
    const stored = this.#write(slot);
    const untouched = this.#untouched.get(slot);
    if (untouched !== undefined) this.#expectUnchanged(slot, untouched);
    this.#untouched.delete(slot);
    this.#stored.set(nameOf(stored.key), stored);
    this.#images.evict(slot);
  }

  #write(slot: number): StoredKey {
    const to = new StateWriter(16);
    this.#images.writeKey(slot, to);
    return {
      key: this.#keyOf(slot),
      image: to.toBytes(),
      wakeMs: this.#images.wakeMs(slot),
      idleWakeMs: this.#images.idleWakeMs(slot),
    };
  }

  #read(name: string, { image }: StoredKey, slot: number): void {
    const from = new StateReader(image);
    this.#images.readKey(slot, from);
    if (!from.isAtEnd) throw new Error('an image was not read to its end');
    this.#stored.delete(name);
    // At the end of input reading sets other timers.
    this.#untouched.set(slot, this.#write(slot).image);
    this.reads += 1;
  }

  #expectUnchanged(slot: number, image: Uint8Array): void {
    if (Buffer.compare(this.#write(slot).image, image) !== 0) {
      throw new Error(`the state of a key in slot ${slot} was changed before it was touched`);
    }
  }

  #keyOf(slot: number): Uint8Array {
    const { keyData } = this.#images;
    return keyData.slice(this.#images.keyStart(slot), this.#images.keyEnd(slot));
  }
}

function timeOf({ wakeMs, idleWakeMs }: StoredKey, isIdle: boolean): number {
  return isIdle ? idleWakeMs : wakeMs;
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
