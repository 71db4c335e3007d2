// An operator without windows: its state per key is a text and two times. Stands in for a view where
// the state backend alone is tested or measured.
import { hashBytes } from '../kernel/hash.ts';
import type { StateReader } from '../engine/state/bytes/state-reader.ts';
import type { StateWriter } from '../engine/state/bytes/state-writer.ts';
import type {
  KeyImages,
  ReadHeadOptions,
  Residence,
  ViewStateSchema,
} from '../engine/state/residence.ts';

const utf8 = new TextEncoder();
const text = new TextDecoder();
const slotBytes = 64;

/** What the fake keeps per key. */
export interface FakeState {
  readonly value: string;
  readonly wakeMs: number;
  readonly idleWakeMs: number;
}

interface FakeSlot {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  state: FakeState | null;
}

/** Keys are texts; `head` is a text that stands for what belongs to no key. */
export class FakeKeyImages implements KeyImages {
  keyData: Uint8Array = new Uint8Array(1024);
  liveBytes = 0;
  readonly slackBytes = 0;
  head = '';
  readonly schema: ViewStateSchema;
  /** Keys that must stay in memory. */
  readonly pinned: Set<string> = new Set();
  /** Heads read, with whether the counters were taken. */
  readonly headsRead: { readonly head: string; readonly takesCounters: boolean }[] = [];
  readonly #slots: (FakeSlot | null)[] = [];
  readonly #free: number[] = [];
  readonly #byKey = new Map<string, number>();
  #keyLength = 0;
  #residence: Residence | null = null;

  constructor(view = 'fake') {
    const lists = { key: [], columns: [], filters: [], rows: null, sections: [] };
    this.schema = { format: 1, view, emit: 'arrival', ...lists };
  }

  attach(residence: Residence): void {
    this.#residence = residence;
  }

  /** The state of a key, brought into memory when it is stored. */
  get(key: string): FakeState | null {
    const slot = this.#resolve(key);
    const { state } = this.#slots[slot] as FakeSlot;
    if (state === null) this.#forget(slot);
    return state;
  }

  put(key: string, state: FakeState): void {
    const slot = this.#resolve(key);
    this.#backend().touchOne(slot);
    const entry = this.#slots[slot] as FakeSlot;
    this.liveBytes += state.value.length - (entry.state?.value.length ?? 0);
    entry.state = state;
  }

  forget(key: string): void {
    const slot = this.#resolve(key);
    this.#backend().touchOne(slot);
    this.#forget(slot);
  }

  isResident(key: string): boolean {
    return this.#byKey.has(key);
  }

  residentKeys(): string[] {
    return [...this.#byKey.keys()];
  }

  get slotCount(): number {
    return this.#slots.length;
  }

  get size(): number {
    return this.#byKey.size;
  }

  isLive(slot: number): boolean {
    return this.#slots[slot] !== null;
  }

  keyStart(slot: number): number {
    return (this.#slots[slot] as FakeSlot).start;
  }

  keyEnd(slot: number): number {
    return (this.#slots[slot] as FakeSlot).end;
  }

  find(data: Uint8Array, start: number, end: number): number {
    return this.#byKey.get(text.decode(data.subarray(start, end))) ?? -1;
  }

  insert(data: Uint8Array, start: number, end: number): number {
    const key = text.decode(data.subarray(start, end));
    if (this.#byKey.has(key)) throw new Error(`${key} is in memory already`);
    return this.#insert(key);
  }

  writeKey(slot: number, to: StateWriter): void {
    const { state } = this.#slots[slot] as FakeSlot;
    to.u8(state === null ? 0 : 1);
    if (state === null) return;
    to.string(state.value);
    to.f64(state.wakeMs);
    to.f64(state.idleWakeMs);
  }

  readKey(slot: number, from: StateReader): void {
    const entry = this.#slots[slot] as FakeSlot;
    if (entry.state !== null) throw new Error(`${entry.key} has state already`);
    if (from.u8() === 0) return;
    entry.state = { value: from.string(), wakeMs: from.f64(), idleWakeMs: from.f64() };
    this.liveBytes += entry.state.value.length;
    if (!from.isAtEnd) throw new Error('an image is longer than what was written');
  }

  evict(slot: number): void {
    this.#remove(slot);
  }

  isEvictable(slot: number): boolean {
    return !this.pinned.has((this.#slots[slot] as FakeSlot).key);
  }

  wakeMs(slot: number): number {
    return (this.#slots[slot] as FakeSlot).state?.wakeMs ?? Number.POSITIVE_INFINITY;
  }

  idleWakeMs(slot: number): number {
    return (this.#slots[slot] as FakeSlot).state?.idleWakeMs ?? Number.POSITIVE_INFINITY;
  }

  writeHead(to: StateWriter): void {
    to.string(this.head);
  }

  readHead(from: StateReader, { takesCounters }: ReadHeadOptions): void {
    this.headsRead.push({ head: from.string(), takesCounters });
  }

  #backend(): Residence {
    if (this.#residence === null) throw new Error('attach a residence first');
    return this.#residence;
  }

  #resolve(key: string): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const slot = this.#insert(key);
    this.#backend().arrived(Int32Array.of(slot), 1);
    return slot;
  }

  #insert(key: string): number {
    const bytes = utf8.encode(key);
    if (this.#keyLength + bytes.length > this.keyData.length) {
      const larger = new Uint8Array(this.keyData.length * 2 + bytes.length);
      larger.set(this.keyData);
      this.keyData = larger;
    }
    const start = this.#keyLength;
    this.keyData.set(bytes, start);
    this.#keyLength += bytes.length;
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = { key, start, end: this.#keyLength, state: null };
    this.#byKey.set(key, slot);
    this.liveBytes += slotBytes + key.length;
    return slot;
  }

  #forget(slot: number): void {
    this.#backend().forgot(slot);
    this.#remove(slot);
  }

  #remove(slot: number): void {
    const { key, state } = this.#slots[slot] as FakeSlot;
    this.liveBytes -= slotBytes + key.length + (state?.value.length ?? 0);
    this.#byKey.delete(key);
    this.#slots[slot] = null;
    this.#free.push(slot);
  }
}

/** The hash of a key as the backend sees it. */
export function hashOfText(key: string): number {
  const bytes = utf8.encode(key);
  return hashBytes(bytes, 0, bytes.length);
}
