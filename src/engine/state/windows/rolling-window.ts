// Exact rolling windows over kept records: [τ − W, τ], or the newest n. Records lie in order of
// (event time, id, arrival); values are computed from them afresh. As τ never falls for a key,
// what has left the window is dropped when it is next looked at.
import { comparePlaces, type RecordPlace } from '../accumulators/accumulator.ts';
import {
  addRecord,
  createStates,
  exclude,
  type KeptRecord,
  type PutValue,
  putStates,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
} from './view-window.ts';

/** Sorted records per key. */
abstract class RecordBuffer {
  readonly features: WindowFeatures;
  readonly isFrozenAtEnd = true;
  protected readonly buffers: (KeptRecord[] | undefined)[] = [];

  constructor(features: WindowFeatures) {
    this.features = features;
  }

  accept(): void {}

  add(slot: number, record: KeptRecord): void {
    const buffer = this.buffers[slot];
    if (buffer === undefined) {
      this.buffers[slot] = [record];
      return;
    }
    let at = buffer.length;
    while (at > 0 && comparePlaces(buffer[at - 1] as KeptRecord, record) > 0) at -= 1;
    if (at === buffer.length) buffer.push(record);
    else buffer.splice(at, 0, record);
  }

  nextFiring(): number {
    return Number.POSITIVE_INFINITY;
  }

  lateFiring(): number {
    return Number.NEGATIVE_INFINITY;
  }

  clear(slot: number): void {
    this.buffers[slot] = undefined;
  }

  cleanUp(slot: number): void {
    this.clear(slot);
  }

  protected putFrom(buffer: readonly KeptRecord[], from: number, put: PutValue): void {
    const states = createStates(this.features);
    for (let i = from; i < buffer.length; i++) {
      addRecord(this.features, states, buffer[i] as KeptRecord);
    }
    putStates(this.features, states, put);
  }
}

/** `rolling(W)` without a resolution. */
export class RollingWindowState extends RecordBuffer implements ViewWindow {
  readonly #sizeMs: number;
  readonly #decayMs: number | null;
  /** Keys whose records are forgotten as soon as they are looked at, or one comes. */
  readonly #isStale: boolean[] = [];

  constructor(features: WindowFeatures, sizeMs: number, decayMs: number | null) {
    super(features);
    this.#sizeMs = sizeMs;
    this.#decayMs = decayMs;
  }

  judge(_slot: number, { ts }: RecordPlace, asOf: number): Verdict {
    return ts < asOf - this.#sizeMs ? exclude : take;
  }

  override add(slot: number, record: KeptRecord): void {
    this.#dropStale(slot);
    super.add(slot, record);
  }

  evaluate(slot: number, tau: number, put: PutValue, _isFinal: boolean, isFrozen: boolean): void {
    if (!isFrozen) this.#dropStale(slot);
    const buffer = this.buffers[slot] ?? [];
    const from = this.#firstInside(buffer, tau);
    if (from > 0) buffer.splice(0, from);
    this.putFrom(buffer, 0, put);
  }

  nextTimer(slot: number, asOf: number): number {
    const buffer = this.buffers[slot];
    if (buffer === undefined || this.#decayMs === null) return Number.POSITIVE_INFINITY;
    const oldest = buffer[this.#firstInside(buffer, asOf)];
    return oldest === undefined ? Number.POSITIVE_INFINITY : this.#decayTimer(oldest.ts);
  }

  expiry(ts: number): number {
    return ts + this.#sizeMs + 1;
  }

  override clear(slot: number): void {
    super.clear(slot);
    this.#isStale[slot] = false;
  }

  override cleanUp(slot: number): void {
    this.#isStale[slot] = true;
  }

  #dropStale(slot: number): void {
    if (this.#isStale[slot]) this.clear(slot);
  }

  #decayTimer(ts: number): number {
    const decayMs = this.#decayMs ?? 1;
    return Math.ceil((ts + this.#sizeMs + 1) / decayMs) * decayMs;
  }

  #firstInside(buffer: readonly KeptRecord[], tau: number): number {
    const start = tau - this.#sizeMs;
    let i = 0;
    while (i < buffer.length && (buffer[i] as KeptRecord).ts < start) i += 1;
    return i;
  }
}

/** `rolling({ rows: n })`. */
export class RollingRowsState extends RecordBuffer implements ViewWindow {
  readonly #rows: number;

  constructor(features: WindowFeatures, rows: number) {
    super(features);
    this.#rows = rows;
  }

  judge(slot: number, place: RecordPlace): Verdict {
    const buffer = this.buffers[slot];
    const oldest = buffer?.[0];
    if (buffer === undefined || oldest === undefined || buffer.length < this.#rows) return take;
    return comparePlaces(place, oldest) < 0 ? exclude : take;
  }

  override add(slot: number, record: KeptRecord): void {
    super.add(slot, record);
    const buffer = this.buffers[slot] ?? [];
    if (buffer.length > this.#rows) buffer.shift();
  }

  evaluate(slot: number, _tau: number, put: PutValue): void {
    this.putFrom(this.buffers[slot] ?? [], 0, put);
  }

  nextTimer(): number {
    return Number.POSITIVE_INFINITY;
  }

  expiry(): number {
    return Number.POSITIVE_INFINITY;
  }
}
