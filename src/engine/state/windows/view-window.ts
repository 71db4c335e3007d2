// One distinct window of a view: which records it holds per key and what they come to. Features
// with the same window share one. Times are epoch milliseconds; `slot` numbers the key.
// A window knows nothing of watermark waiting, rows or output: the operator asks and tells.
import type { Value } from '../../../kernel/types/field-type.ts';
import type {
  Accumulator,
  RecordPlace,
  Result,
  RunningAccumulator,
} from '../accumulators/accumulator.ts';
import type { StateReader } from '../bytes/state-reader.ts';
import type { StateWriter } from '../bytes/state-writer.ts';
import { type Cells, noCell } from '../cells/cells.ts';

export type Verdict = 0 | 1 | 2;
export const take: Verdict = 0;
/** Late: every window that would hold it is over. */
export const skip: Verdict = 1;
/** Too old to be in the window at any later instant. */
export const exclude: Verdict = 2;

/** A record as windows keep it. */
export interface KeptRecord extends RecordPlace {
  /** Per feature of the view: the aggregate's input, `true` for `count()`; null when it does not count. */
  readonly inputs: readonly Value[];
}

/** The records that the operator has at hand, by row number. */
export interface RecordSource {
  readonly ts: Float64Array;
  /** Bits of the filters that a row passes, and of windows that refused it. */
  readonly mask: Int32Array;
  readonly values: readonly Float64Array[];
  /** The watermark at acceptance. */
  readonly watermark: Float64Array;
  /** Boxed, when a window of the view needs them so. */
  readonly records: readonly KeptRecord[];
  /** Grows with every record: breaks ties of equal time. */
  orderOf(row: number): number;
  /** Verdict per window of the view; null when all took the row. */
  refusalsOf(row: number): Uint8Array | null;
}

/** Takes the value of a feature of the row that is being made. */
export type PutValue = (feature: number, value: Result) => void;

/** A feature of a window that keeps accumulators. */
export interface FeatureMember {
  /** Index in the view's features, and so in `inputs` and in the output. */
  readonly index: number;
  readonly accumulator: Accumulator;
  /** In exact rolling windows, where the aggregate can let single records go. */
  readonly running: RunningAccumulator | null;
  /** Staged column of the input; `countsRows`, or `isBoxedInput` for the record's boxed input. */
  readonly input: number;
  /** Bit that the row's mask must have; -1 when every row counts. */
  readonly filter: number;
}

export const countsRows = -1;
export const isBoxedInput = -2;

/** Features of the view that share a window. */
export interface WindowFeatures {
  /** Index of the window in the view's. */
  readonly window: number;
  readonly members: readonly FeatureMember[];
  readonly source: RecordSource;
  readonly put: PutValue;
}

/** How a window keeps its state: what was written can be read only in the same form. */
export interface WindowForm {
  readonly kind: string;
  /** Features in the order of the image, and what each is kept as. */
  readonly features: readonly { readonly index: number; readonly form: string }[];
}

/** Keys whose memory is touched ahead of their timers. */
export const firedTogether = 64;

export interface ViewWindow {
  /** Indexes in the view's windows; `local` below is a position in this list. */
  readonly windows: readonly number[];
  ensureSlots(count: number): void;
  /** Reads what `slots[first .. end)` need soon: the processor waits for memory once. Means nothing. */
  touch(slots: Int32Array, first: number, end: number): number;
  /** As `touch`, of what the timers of `slots[0 .. count)` need, which are at most `firedTogether`. */
  touchFiring(slots: Int32Array, count: number): number;
  /** What a record meets in arrival mode; windows over the past of the watermark judge in both modes. */
  judge(local: number, slot: number, row: number, asOf: number): Verdict;
  /** On acceptance, before the record is applied. */
  accept(slot: number, ts: number, watermark: number): void;
  /** Applies a record. */
  add(slot: number, row: number): void;
  /**
   * Puts the values at τ; slot -1 is a key without state. `isFinal`: the greatest window that holds
   * data, for the last rows of bounded input; `isFrozen`: as they were at τ, although records may
   * have been cleaned up since.
   */
  evaluate(slot: number, tau: number, isFinal: boolean, isFrozen: boolean): void;
  /** Windows over rows count records one by one, where others see those of an instant together. */
  readonly areRows: boolean;
  /** Whether values ever change without a record. */
  readonly hasTimers: boolean;
  /** The first instant after `asOf` at which values change although no record comes; or +∞. */
  nextTimer(slot: number, asOf: number): number;
  /** As `nextTimer`, but only ends of windows that hold data. */
  nextFiring(slot: number, asOf: number): number;
  /** The greatest end − 1 ≤ `watermark` of a window that takes a record at `ts`; or −∞. */
  lateFiring(ts: number, watermark: number): number;
  /** When nothing can be said any more of a record at `ts`. */
  expiry(local: number, ts: number): number;
  /** Values that stay as they were in rows of final firings. */
  readonly isFrozenAtEnd: boolean;
  clear(slot: number): void;
  /** Clean-up of the watermark mode: the records are gone, though a decay timer they set may fire. */
  cleanUp(local: number, slot: number): void;
  /** Writes what the window keeps of a key, so that `readKey` gives the same values from then on. */
  writeKey(slot: number, to: StateWriter): void;
  /** Reads it into a slot that the window has nothing of. */
  readKey(slot: number, from: StateReader): void;
  readonly form: WindowForm;
  /** Moves what it keeps of a key, if that makes memory usable again; between batches only. */
  tidy?(slot: number): void;
  /** Memory that is taken and not in use, which `tidy` may win back. */
  readonly slackBytes?: number;
  /** Bytes of state, where they are known. */
  readonly byteLength: number;
  /** Bytes in use whatever a key holds, and those beside; boxed values are estimated. */
  readonly bytesPerKey: number;
  readonly liveBytes: number;
}

/** What windows of one kind for one layout window have in common. */
export abstract class SingleWindow {
  readonly windows: readonly number[];
  readonly hasTimers: boolean = false;
  readonly areRows: boolean = false;

  constructor(window: number) {
    this.windows = [window];
  }

  ensureSlots(_count: number): void {}

  touch(_slots: Int32Array, _first: number, _end: number): number {
    return 0;
  }

  touchFiring(slots: Int32Array, count: number): number {
    return this.touch(slots, 0, count);
  }

  accept(_slot: number, _ts: number, _watermark: number): void {}

  nextTimer(_slot: number, _asOf: number): number {
    return Number.POSITIVE_INFINITY;
  }

  nextFiring(_slot: number, _asOf: number): number {
    return Number.POSITIVE_INFINITY;
  }

  lateFiring(_ts: number, _watermark: number): number {
    return Number.NEGATIVE_INFINITY;
  }

  expiry(_local: number, _ts: number): number {
    return Number.POSITIVE_INFINITY;
  }

  abstract clear(slot: number): void;

  cleanUp(_local: number, slot: number): void {
    this.clear(slot);
  }

  abstract writeKey(slot: number, to: StateWriter): void;
  abstract readKey(slot: number, from: StateReader): void;

  tidy(_slot: number): void {}

  get slackBytes(): number {
    return 0;
  }

  get byteLength(): number {
    return 0;
  }

  get bytesPerKey(): number {
    return 8;
  }
}

/** A window that keeps cells. */
export interface CellWindowParts {
  /** Index of the window in the view's. */
  readonly window: number;
  readonly cells: Cells;
  readonly source: RecordSource;
}

export abstract class CellWindow extends SingleWindow {
  readonly cells: Cells;
  /** What writes cells into images; an upgrade puts one here that writes them as another plan reads them. */
  cellWriter: Pick<Cells, 'write'>;
  protected readonly source: RecordSource;

  constructor({ window, cells, source }: CellWindowParts) {
    super(window);
    this.cells = cells;
    this.cellWriter = cells;
    this.source = source;
  }

  override get byteLength(): number {
    return this.cells.byteLength;
  }

  /** Writes whether there is a cell, and the cell. */
  protected writeCell(cell: number, to: StateWriter): void {
    to.u8(cell === noCell ? 0 : 1);
    if (cell !== noCell) this.cellWriter.write(cell, to);
  }

  protected readCell(from: StateReader): number {
    return from.u8() === 0 ? noCell : this.cells.read(from);
  }
}

export function createStates(features: WindowFeatures): unknown[] {
  return features.members.map(({ accumulator }) => accumulator.create());
}

/** Aggregates of staged numbers do not ask where a record stands. */
const nowhere: RecordPlace = { ts: 0, id: null, order: 0 };

export function addRecord(features: WindowFeatures, states: readonly unknown[], row: number): void {
  const { members, source } = features;
  const mask = source.mask[row] as number;
  for (let i = 0; i < members.length; i++) {
    const { index, accumulator, input, filter } = members[i] as FeatureMember;
    if (filter >= 0 && (mask & (1 << filter)) === 0) continue;
    if (input >= 0) {
      accumulator.add(states[i], (source.values[input] as Float64Array)[row] as number, nowhere);
    } else if (input === countsRows) {
      accumulator.add(states[i], 1, nowhere);
    } else {
      const record = source.records[row] as KeptRecord;
      const value = record.inputs[index] ?? null;
      if (value !== null) accumulator.add(states[i], value, record);
    }
  }
}

/** The record in a form that can be kept: inputs by feature, null where it does not count. */
export function keepRecord({ members, source }: WindowFeatures, row: number): KeptRecord {
  const boxed = source.records[row];
  if (boxed !== undefined) return boxed;
  const inputs: Value[] = [];
  const mask = source.mask[row] as number;
  for (const { index, input, filter } of members) {
    const isIn = filter < 0 || (mask & (1 << filter)) !== 0;
    const value = input === countsRows ? 1 : (source.values[input]?.[row] ?? null);
    inputs[index] = isIn ? value : null;
  }
  return { ts: source.ts[row] as number, id: null, order: source.orderOf(row), inputs };
}

export function addKept(
  { members }: WindowFeatures,
  states: readonly unknown[],
  record: KeptRecord,
): void {
  for (let i = 0; i < members.length; i++) {
    const { index, accumulator } = members[i] as FeatureMember;
    const value = record.inputs[index] ?? null;
    if (value !== null) accumulator.add(states[i], value, record);
  }
}

export function mergeStates(
  { members }: WindowFeatures,
  into: readonly unknown[],
  from: readonly unknown[],
): void {
  for (let i = 0; i < members.length; i++) {
    (members[i] as FeatureMember).accumulator.merge(into[i], from[i]);
  }
}

export function putStates({ members, put }: WindowFeatures, states: readonly unknown[]): void {
  for (let i = 0; i < members.length; i++) {
    const { index, accumulator } = members[i] as FeatureMember;
    put(index, accumulator.result(states[i]));
  }
}
