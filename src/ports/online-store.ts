// The newest vector per view and key, for reads in milliseconds. Writes are versioned by
// (as_of, seq) and compared in the store, so that a replay can never move a value back.
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { Field } from '../kernel/types/field-type.ts';

/** What a store must know of a view to keep and explain its rows. */
export interface StoredView {
  readonly view: string;
  readonly key: readonly Field[];
  readonly features: readonly Field[];
  /** Changes when key or features change: rows of another fingerprint are not readable. */
  readonly fingerprint: string;
}

/** A binding of an environment: a value made by `embedded(…)`, `memoryStore()`, `redis(…)`. */
export interface OnlineStoreBinding {
  readonly description: string;
  open(context: StoreContext): Promise<OnlineStore>;
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
  close(): Promise<void>;
}
