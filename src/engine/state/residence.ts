// The seam between a view's operator and its state backend. The operator holds keys in slots and
// tells `Residence` what it does with them; the backend reads and writes whole keys through
// `KeyImages`. A key image is all of the key's state but the rows that wait for the watermark, exactly:
// a run that goes on after write, evict and read gives bit-equal rows.
import type { StateReader } from './bytes/state-reader.ts';
import type { StateWriter } from './bytes/state-writer.ts';

/** What the operator tells its state backend. The operator calls; nothing here may call it back but through `KeyImages`. */
export interface Residence {
  /**
   * `slots[0 .. count)` were just made for keys that memory does not know: those of a batch, or of
   * waiting rows read from a head. Reads those that are stored (`readKey`).
   */
  arrived(slots: Int32Array, count: number): void;
  /**
   * Before the operator reads or changes the state of `slots[first .. end)`; a slot may occur often.
   * Marks them dirty; writes the old image first while a snapshot waits for it.
   */
  touch(slots: Int32Array, first: number, end: number): void;
  touchOne(slot: number): void;
  /** As `touch`, for records that came in: how often those come decides which keys stay in memory. */
  use(slots: Int32Array, first: number, end: number): void;
  /**
   * The earliest timer of a key that is stored but not in memory; +∞. The time of a key is what
   * `wakeMs` was when it left; while idle only `idleWakeMs` counts.
   */
  coldWakeMs(isIdle: boolean): number;
  /**
   * Brings in stored keys whose time is ≤ `limitMs` (`insert`, `readKey`), the earliest first: at least
   * one, as many as fit. False when there is none.
   */
  wake(limitMs: number, isIdle: boolean): boolean;
  /**
   * The key in this slot has no state (any more): it expired, or none of its records was taken. The
   * slot is freed right after.
   */
  forgot(slot: number): void;
  /**
   * Shows all stored keys: brings some in and calls `visit` with their slots, and so on. `visit` may
   * call `settle`. A key that was in memory before may be shown, too.
   */
  visitStored(visit: (slots: Int32Array, count: number) => void): void;
  /** Nothing is in flight but pinned keys (`isEvictable`): may evict. */
  settle(): void;
}

/** How a state backend gets at the keys of an operator. Not for use while the operator works. */
export interface KeyImages {
  /** All slots are below it. */
  readonly slotCount: number;
  /** Number of keys in memory. */
  readonly size: number;
  isLive(slot: number): boolean;
  /** Encoded keys: that of a slot is `keyData[keyStart(slot) .. keyEnd(slot))`. Changed by `insert`. */
  readonly keyData: Uint8Array;
  keyStart(slot: number): number;
  keyEnd(slot: number): number;
  /** The slot of the key `data[start .. end)`, or −1 when it is not in memory. */
  find(data: Uint8Array, start: number, end: number): number;
  /** A new slot for a key that is not in memory. */
  insert(data: Uint8Array, start: number, end: number): number;
  writeKey(slot: number, to: StateWriter): void;
  /** Puts an image into a slot that holds no state; its timers are set, after the end of input anew. */
  readKey(slot: number, from: StateReader): void;
  /** Drops the key from memory without forgetting it: the slot is free. */
  evict(slot: number): void;
  /** No row that the operator holds is of the key in this slot, which is live. */
  isEvictable(slot: number): boolean;
  /** The earliest of the key's timers; +∞. */
  wakeMs(slot: number): number;
  /** The earliest time at which the key gives a row although neither record nor watermark comes; +∞. */
  idleWakeMs(slot: number): number;
  /** Bytes that the keys in memory use, not what is reserved; boxed values are estimated. Cheap. */
  readonly liveBytes: number;
  /** Memory that is reserved for them and not in use, as far as it stays so. Cheap. */
  readonly slackBytes: number;
  /** What belongs to no single key: watermark, counters, waiting rows with their keys. Between batches. */
  writeHead(to: StateWriter): void;
  /**
   * Takes a head in; several in turn when subtasks are joined. Stored images must be known by then:
   * the keys of waiting rows `arrive`.
   */
  readHead(from: StateReader, options: ReadHeadOptions): void;
  /** What images and heads look like: only those written under an equal schema can be read. */
  readonly schema: ViewStateSchema;
}

/** Turns state of an older definition of a view into state of today's. One head per translation. */
export interface ImageTranslation {
  translateKey(image: StateReader, target: StateWriter): void;
  translateHead(head: StateReader, target: StateWriter): void;
}

export interface ReadHeadOptions {
  /** Whether the key `data[start .. end)` belongs to this operator: other rows are left out. */
  readonly ownsKey: (data: Uint8Array, start: number, end: number) => boolean;
  /** True for exactly one of the operators that read this head: it goes on with the counters. */
  readonly takesCounters: boolean;
}

/** How the state of a view is laid out. Plain JSON; the operator makes it from the plan. */
export interface ViewStateSchema {
  readonly format: 1;
  readonly view: string;
  readonly emit: string;
  readonly key: readonly string[];
  /** Staged columns and filters of waiting rows, which rolling windows keep too. */
  readonly columns: readonly string[];
  readonly filters: readonly string[];
  /** What records are boxed with; null when none is. */
  readonly rows: { readonly id: string | null; readonly inputs: readonly string[] } | null;
  /** Parts of a key image, in order. */
  readonly sections: readonly SectionSchema[];
}

/** What a section holds of a feature. */
export interface FeatureSchema {
  readonly name: string;
  /** What it is kept as: a loop's numbers, cells of numbers, codes, or boxed. */
  readonly form: string;
  /** Canonical text of the aggregate. */
  readonly aggregate: string;
}

/** One part of a key image. */
export interface SectionSchema {
  readonly kind: string;
  readonly version: number;
  /** Canonical text of its windows. */
  readonly windows: readonly string[];
  /** In the order of the image. */
  readonly features: readonly FeatureSchema[];
}
