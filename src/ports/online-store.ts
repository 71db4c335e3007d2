// The newest vector per view and key, for reads in milliseconds. Writes are versioned by
// (as_of, seq) and compared in the store, so that a replay can never move a value back.
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { StoreInspection } from './store-verification.ts';
import type { StoreJobs } from './store-jobs.ts';
import type { StoredView, StoreProblem } from './stored-view.ts';

export type { StoredView } from './stored-view.ts';

/** A binding of an environment: a value made by `embedded(…)`, `memoryStore()`, `redis(…)`. */
export interface OnlineStoreBinding {
  readonly description: string;
  open(context: StoreContext): Promise<OnlineStore>;
  /** Absent: readers are always given the rows of the first job. */
  readonly jobs?: StoreJobs;
  /** Looks at up to `keysPerView` keys of each view as they lie in the store; writes nothing. */
  inspect?(context: StoreContext, keysPerView: number): Promise<StoreInspection>;
  /** What stands against keeping these views in the store; absent: nothing ever does. */
  problems?(views: readonly StoredView[]): readonly StoreProblem[];
}

export interface StoreContext {
  readonly project: string;
  /** Name of a second job of the same environment: its rows lie apart from those of the first. */
  readonly variant?: string;
  readonly baseDirectory: string;
  /** `write`: one process at a time. `read`: beside a writing process. */
  readonly mode: 'read' | 'write';
  readonly views: readonly StoredView[];
  /** Writing: what happens to rows that are there already. Default `keep`: rows of another fingerprint are refused. */
  readonly existing?: ExistingRows;
  /** Reading: rows of another fingerprint are readable when key and features are the same. */
  readonly acceptsSameShape?: boolean;
  /** Writing, by view: the store may drop a row so long after it was written. Absent: never. */
  readonly expiresAfterMs?: Readonly<Record<string, number>>;
  /** Told what people should know: that the store is away, that it has lost rows. */
  readonly onNotice?: (message: string) => void;
}

/** `dropChanged`: rows of views whose fingerprint changed go. `dropAll`: rows of all the views go. */
export type ExistingRows = 'keep' | 'dropChanged' | 'dropAll';

export interface OnlineStore {
  /** Upserts the newest row per key of the batch. Resolves when readers can see it. */
  write(batch: VectorBatch): Promise<void>;
  /** Packed rows (`columns/packed-row.ts`) in the order of the keys; null where there is none. */
  read(
    view: string,
    keys: readonly Uint8Array[],
  ): readonly (Uint8Array | null)[] | Promise<readonly (Uint8Array | null)[]>;
  /** Every key and row of a view, in the order of the encoded keys. */
  scan(view: string): AsyncIterable<{ readonly key: Uint8Array; readonly row: Uint8Array }>;
  /** The greatest `as_of` ever written (over all views), or null: what *now* is under an event clock. */
  greatestAsOfMs(): number | null;
  /** Small durable notes beside the data (checkpoint id, clock kind of the last run). */
  writeNote(name: string, value: string): Promise<void>;
  readNote(name: string): string | null;
  /** How the store is now, as far as this process knows; absent: ready whenever it answers. */
  health?(): StoreHealth;
  /** Absent: the store never loses rows by itself while it is open. */
  readonly loss?: StoreLoss;
  /** Writing waits for a store that is away; this ends it: writes under way fail with MR_STORE_AWAY. */
  giveUp?(): void;
  close(): Promise<void>;
}

/** `away`: it does not answer. `lost`: it came back without rows. `refilling`: they are being written again. */
export interface StoreHealth {
  readonly state: 'ready' | 'away' | 'lost' | 'refilling';
  /** What is the matter, for people; empty when ready. */
  readonly message: string;
}

/** Of a store whose rows may be gone while it is open: a server that was started again without them. */
export interface StoreLoss {
  /** True from when rows were found missing until `refilled`. */
  hasLostRows(): boolean;
  /** All rows are about to be written again: readers are told, and kept from rows that are old. */
  beginRefill(hasOldRows?: boolean): Promise<void>;
  /** They were. False when rows have been lost again meanwhile. */
  refilled(): Promise<boolean>;
}
