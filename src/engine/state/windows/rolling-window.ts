// Exact rolling windows over kept records: [τ − W, τ], or the newest n. Records lie in order of
// (event time, id, arrival). As τ never falls for a key, what has left the window is dropped when it
// is next looked at. Values that can let single records go run along; the others are computed afresh.
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import {
  comparePlaces,
  type Result,
  type RunningAccumulator,
} from '../accumulators/accumulator.ts';
import type { Value } from '../../../kernel/types/field-type.ts';
import { boxBytes, readPlace, valueBytes, writePlace } from '../accumulators/places.ts';
import {
  addKept,
  createStates,
  exclude,
  type FeatureMember,
  type KeptRecord,
  keepRecord,
  putStates,
  SingleWindow,
  take,
  type Verdict,
  type ViewWindow,
  type WindowFeatures,
  type WindowForm,
} from './view-window.ts';

/** Sorted records per key. */
export abstract class RecordBuffer extends SingleWindow {
  protected readonly features: WindowFeatures;
  readonly isFrozenAtEnd = true;
  protected readonly buffers: (KeptRecord[] | undefined)[] = [];
  /** Records of all keys, estimated. */
  liveBytes = 0;
  /** Set by an upgrade: the inputs of a record as another plan reads them. */
  translation: ((record: KeptRecord) => readonly Value[]) | null = null;

  constructor(features: WindowFeatures) {
    super(features.window);
    this.features = features;
  }

  add(slot: number, row: number): void {
    this.insert(slot, keepRecord(this.features, row));
  }

  get form(): WindowForm {
    return {
      kind: this.areRows ? 'rows by record' : 'times by record',
      features: this.features.members.map(({ index }) => ({ index, form: 'boxed' })),
    };
  }

  writeKey(slot: number, to: StateWriter): void {
    const buffer = this.buffers[slot] ?? [];
    const { members } = this.features;
    to.varint(buffer.length);
    for (const record of buffer) {
      writePlace(record, to);
      const inputs =
        this.translation?.(record) ?? members.map(({ index }) => record.inputs[index] ?? null);
      for (const input of inputs) to.value(input);
    }
  }

  readKey(slot: number, from: StateReader): void {
    const length = from.count();
    if (length === 0) return;
    this.buffers[slot] = Array.from({ length }, () => this.#readRecord(from));
  }

  /** Only the inputs of this window's features. */
  #readRecord(from: StateReader): KeptRecord {
    const place = readPlace(from);
    const inputs: Value[] = [];
    for (const { index } of this.features.members) inputs[index] = from.value() ?? null;
    const record = { ...place, inputs };
    this.liveBytes += this.#bytesOf(record);
    return record;
  }

  override get bytesPerKey(): number {
    return 64;
  }

  /** Records have left the buffer. */
  protected drop(records: readonly KeptRecord[]): void {
    for (const record of records) this.liveBytes -= this.#bytesOf(record);
  }

  #bytesOf({ inputs }: KeptRecord): number {
    let bytes = boxBytes * 2;
    for (const { index } of this.features.members) bytes += 8 + valueBytes(inputs[index]);
    return bytes;
  }

  protected insert(slot: number, record: KeptRecord): void {
    this.liveBytes += this.#bytesOf(record);
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

  override clear(slot: number): void {
    this.drop(this.buffers[slot] ?? []);
    this.buffers[slot] = undefined;
  }
}

function putFrom(features: WindowFeatures, buffer: readonly KeptRecord[]): void {
  putStates(features, statesOf(features, buffer));
}

function resultsOf(features: WindowFeatures, buffer: readonly KeptRecord[]): Result[] {
  const states = statesOf(features, buffer);
  return features.members.map(({ accumulator }, i) => accumulator.result(states[i]));
}

function statesOf(features: WindowFeatures, buffer: readonly KeptRecord[]): unknown[] {
  const states = createStates(features);
  for (const record of buffer) addKept(features, states, record);
  return states;
}

type RunningMember = FeatureMember & { readonly running: RunningAccumulator };

function isRunning(member: FeatureMember): member is RunningMember {
  return member.running !== null;
}

/** `rolling(W)` without a resolution. */
export class RollingWindowState extends RecordBuffer implements ViewWindow {
  override readonly hasTimers: boolean;
  readonly #sizeMs: number;
  readonly #decayMs: number | null;
  /** Keys whose records are forgotten as soon as they are looked at, or one comes. */
  readonly #isStale: boolean[] = [];
  readonly #runningMembers: readonly RunningMember[];
  /** The members that are computed afresh. */
  readonly #others: WindowFeatures;
  /** Per key: a state per running member. */
  readonly #running: (unknown[] | undefined)[] = [];
  /** Per key: what the running members came to, until a record comes or goes. */
  readonly #results: (Result[] | undefined)[] = [];

  constructor(features: WindowFeatures, sizeMs: number, decayMs: number | null) {
    super(features);
    this.hasTimers = decayMs !== null;
    this.#sizeMs = sizeMs;
    this.#decayMs = decayMs;
    this.#runningMembers = features.members.filter(isRunning);
    this.#others = { ...features, members: features.members.filter((m) => m.running === null) };
  }

  judge(_local: number, _slot: number, row: number, asOf: number): Verdict {
    const ts = this.features.source.ts[row] as number;
    return ts < asOf - this.#sizeMs ? exclude : take;
  }

  override add(slot: number, row: number): void {
    this.#dropStale(slot);
    const record = keepRecord(this.features, row);
    this.insert(slot, record);
    this.#running[slot] ??= this.#createRunning();
    this.#forRunning(slot, record, 'add');
  }

  evaluate(slot: number, tau: number, _isFinal: boolean, isFrozen: boolean): void {
    if (!isFrozen) this.#dropStale(slot);
    const buffer = this.buffers[slot] ?? [];
    const from = this.#firstInside(buffer, tau);
    for (let i = 0; i < from; i++) {
      this.#forRunning(slot, buffer[i] as KeptRecord, 'removeFirst');
    }
    if (from > 0) this.drop(buffer.splice(0, from));
    if (this.#others.members.length > 0) putFrom(this.#others, buffer);
    this.#putRunning(slot);
  }

  /** Values that no record has changed since are put again. */
  #putRunning(slot: number): void {
    const states = this.#running[slot] ?? this.#createRunning();
    const results = (this.#results[slot] ??= this.#runningMembers.map(({ running }, i) =>
      running.result(states[i]),
    ));
    for (let i = 0; i < results.length; i++) {
      this.features.put((this.#runningMembers[i] as RunningMember).index, results[i] as Result);
    }
  }

  #createRunning(): unknown[] {
    return this.#runningMembers.map(({ running }) => running.create());
  }

  #forRunning(slot: number, record: KeptRecord, change: 'add' | 'removeFirst'): void {
    const states = this.#running[slot];
    if (states === undefined) return;
    this.#results[slot] = undefined;
    for (let i = 0; i < this.#runningMembers.length; i++) {
      const { index, running } = this.#runningMembers[i] as RunningMember;
      const value = record.inputs[index] ?? null;
      if (value !== null) running[change](states[i], value, record);
    }
  }

  override nextTimer(slot: number, asOf: number): number {
    const buffer = this.buffers[slot];
    if (buffer === undefined || this.#decayMs === null) return Number.POSITIVE_INFINITY;
    const oldest = buffer[this.#firstInside(buffer, asOf)];
    return oldest === undefined ? Number.POSITIVE_INFINITY : this.#decayTimer(oldest.ts);
  }

  override expiry(_local: number, ts: number): number {
    return ts + this.#sizeMs + 1;
  }

  override writeKey(slot: number, to: StateWriter): void {
    super.writeKey(slot, to);
    to.u8(this.#isStale[slot] ? 1 : 0);
  }

  /** Running values are exact: adding the records anew gives the same. */
  override readKey(slot: number, from: StateReader): void {
    super.readKey(slot, from);
    this.#isStale[slot] = from.u8() === 1;
    const buffer = this.buffers[slot];
    if (buffer === undefined) return;
    this.#running[slot] = this.#createRunning();
    for (const record of buffer) this.#forRunning(slot, record, 'add');
  }

  override clear(slot: number): void {
    super.clear(slot);
    this.#running[slot] = undefined;
    this.#results[slot] = undefined;
    this.#isStale[slot] = false;
  }

  override cleanUp(_local: number, slot: number): void {
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
  override readonly areRows = true;
  readonly #rows: number;
  /** Per key: what the members came to, until a record comes. */
  readonly #results: (Result[] | undefined)[] = [];

  constructor(features: WindowFeatures, rows: number) {
    super(features);
    this.#rows = rows;
  }

  judge(_local: number, slot: number, row: number): Verdict {
    const buffer = this.buffers[slot];
    const oldest = buffer?.[0];
    if (buffer === undefined || oldest === undefined || buffer.length < this.#rows) return take;
    return comparePlaces(keepRecord(this.features, row), oldest) < 0 ? exclude : take;
  }

  override add(slot: number, row: number): void {
    super.add(slot, row);
    this.#results[slot] = undefined;
    const buffer = this.buffers[slot] ?? [];
    if (buffer.length > this.#rows) this.drop(buffer.splice(0, 1));
  }

  evaluate(slot: number): void {
    const results = (this.#results[slot] ??= resultsOf(this.features, this.buffers[slot] ?? []));
    for (let i = 0; i < results.length; i++) {
      this.features.put((this.features.members[i] as FeatureMember).index, results[i] as Result);
    }
  }

  override clear(slot: number): void {
    super.clear(slot);
    this.#results[slot] = undefined;
  }
}
