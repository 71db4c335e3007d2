// An operator of the least possible kind, to measure the state backend under it: a few numbers per key
// in one array, one timer per key, keys of twelve bytes.
import type { StateReader } from '../src/engine/state/bytes/state-reader.ts';
import type { StateWriter } from '../src/engine/state/bytes/state-writer.ts';
import { GrowingMemory } from '../src/engine/state/growing-memory.ts';
import { KeyTable, resolveMax } from '../src/engine/state/key-table.ts';
import type { KeyImages, Residence, ViewStateSchema } from '../src/engine/state/residence.ts';

const keyBytes = 12;

export class PlainImages implements KeyImages {
  readonly schema: ViewStateSchema;
  readonly #keys = new KeyTable();
  readonly #width: number;
  readonly #bytesPerKey: number;
  readonly #memory = new GrowingMemory(1 << 16);
  #numbers = new Float64Array(this.#memory.buffer);
  readonly #knownMemory = new GrowingMemory(1 << 12);
  #known = new Uint8Array(this.#knownMemory.buffer);
  readonly #scratch = new Uint8Array(resolveMax * keyBytes);
  readonly #view = new DataView(this.#scratch.buffer);
  readonly #starts = Int32Array.from({ length: resolveMax }, (_, i) => i * keyBytes);
  readonly #ends = Int32Array.from({ length: resolveMax }, (_, i) => (i + 1) * keyBytes);
  readonly #slots: Int32Array;
  readonly #made: Int32Array;
  readonly #windowMs: number;
  #residence: Residence | null = null;

  /** `windowMs`: a key's timer is that long after its last record; 0: no timers. */
  constructor(width: number, batchRows: number, windowMs = 0) {
    this.#width = width;
    this.#bytesPerKey = width * 8 + 1;
    this.#windowMs = windowMs;
    this.#slots = new Int32Array(batchRows);
    this.#made = new Int32Array(batchRows);
    const lists = { key: [], columns: [], filters: [], sections: [], rows: null };
    this.schema = { format: 1, view: 'plain', emit: 'arrival', ...lists };
  }

  attach(residence: Residence): void {
    this.#residence = residence;
  }

  /** A record for each of the keys; `now` is its time. */
  process(ids: Float64Array, now: number): void {
    const slots = this.#slots;
    for (let from = 0; from < ids.length; from += resolveMax) {
      const count = Math.min(resolveMax, ids.length - from);
      for (let i = 0; i < count; i++) {
        this.#view.setFloat64(i * keyBytes, ids[from + i] as number, true);
      }
      const bounds = { starts: this.#starts, ends: this.#ends, count };
      this.#keys.resolve(this.#scratch, bounds, slots, from);
    }
    this.#ensure();
    if (this.#residence !== null) {
      this.#arrive(ids.length, this.#residence);
      this.#residence.use(slots, 0, ids.length);
    }
    const numbers = this.#numbers;
    const width = this.#width;
    for (let i = 0; i < ids.length; i++) {
      const at = (slots[i] as number) * width;
      numbers[at] = (numbers[at] as number) + 1;
      numbers[at + 1] = now;
      numbers[at + 2] = ids[i] as number;
      for (let k = 3; k < width; k++) numbers[at + k] = (numbers[at + k] as number) + k;
    }
    this.#residence?.settle();
  }

  get slotCount(): number {
    return this.#keys.slotCount;
  }

  get size(): number {
    return this.#keys.size;
  }

  isLive(slot: number): boolean {
    return this.#keys.isLive(slot);
  }

  get keyData(): Uint8Array {
    return this.#keys.data;
  }

  keyStart(slot: number): number {
    return this.#keys.bounds[slot * 2] as number;
  }

  keyEnd(slot: number): number {
    return this.#keys.bounds[slot * 2 + 1] as number;
  }

  find(data: Uint8Array, start: number, end: number): number {
    return this.#keys.find(data, start, end);
  }

  insert(data: Uint8Array, start: number, end: number): number {
    const slot = this.#keys.findOrInsert(data, start, end);
    this.#ensure();
    this.#known[slot] = 1;
    return slot;
  }

  writeKey(slot: number, to: StateWriter): void {
    to.floats(this.#numbers, slot * this.#width, (slot + 1) * this.#width);
  }

  readKey(slot: number, from: StateReader): void {
    from.floats(this.#numbers, slot * this.#width, (slot + 1) * this.#width);
  }

  evict(slot: number): void {
    this.#numbers.fill(0, slot * this.#width, (slot + 1) * this.#width);
    this.#known[slot] = 0;
    this.#keys.free(slot);
  }

  isEvictable(): boolean {
    return true;
  }

  wakeMs(slot: number): number {
    if (this.#windowMs === 0) return Number.POSITIVE_INFINITY;
    return (this.#numbers[slot * this.#width + 1] as number) + this.#windowMs;
  }

  idleWakeMs(slot: number): number {
    return this.wakeMs(slot);
  }

  get liveBytes(): number {
    return this.#keys.liveBytes + this.#keys.size * this.#bytesPerKey;
  }

  get slackBytes(): number {
    return 0;
  }

  writeHead(): void {
    return;
  }

  readHead(): void {
    return;
  }

  #arrive(count: number, residence: Residence): void {
    let made = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slots[i] as number;
      if (this.#known[slot] === 1) continue;
      this.#known[slot] = 1;
      this.#made[made++] = slot;
    }
    if (made > 0) residence.arrived(this.#made, made);
  }

  #ensure(): void {
    const count = this.#keys.slotCount;
    if (this.#memory.ensure(count * this.#width * 8)) {
      this.#numbers = new Float64Array(this.#memory.buffer);
    }
    if (this.#knownMemory.ensure(count)) this.#known = new Uint8Array(this.#knownMemory.buffer);
  }
}
