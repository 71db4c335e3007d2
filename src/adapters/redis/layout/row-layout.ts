// How rows lie in Redis: what to call to store them, how to read them back. Whatever the layout, what
// comes out are packed rows.
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import type { RowReplacement } from '../../../ports/store-jobs.ts';
import type { InspectedKey } from '../../../ports/store-verification.ts';
import type { StoredView } from '../../../ports/stored-view.ts';
import type { Argument, RedisLink } from '../client/redis-link.ts';
import type { ReadGuard } from '../store/read-guard.ts';
import type { RedisScript } from '../store/scripts.ts';
import type { RecordedView } from '../store/store-meta.ts';

/** A call that stores rows; the number of the write is put in front of `args`, the marker before `keys`. */
export interface WriteCall {
  readonly script: RedisScript;
  readonly marker: string;
  readonly keys: readonly Argument[];
  readonly args: readonly Argument[];
}

export interface WriteLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Of the view's rows; 0: they do not expire. */
  readonly expiresAfterMs: number;
}

export type StoredRow = Readonly<Record<'key' | 'row', Uint8Array>>;

export interface RowLayout {
  /** Copies what it needs of the batch before it returns. */
  writeCalls(
    recorded: RecordedView,
    batch: VectorBatch,
    rows: Int32Array,
    limits: WriteLimits,
  ): readonly WriteCall[];
  /** Null where there is no row, or what is there is not a row of this view. */
  read(recorded: RecordedView, keys: readonly Uint8Array[]): Promise<(Uint8Array | null)[]>;
  /** Every row in the order of the encoded keys. */
  scan(recorded: RecordedView): AsyncIterable<StoredRow>;
  replace(recorded: RecordedView, row: RowReplacement): Promise<boolean>;
  /** Some keys of the view, explained. */
  inspect(recorded: RecordedView, keysMax: number): Promise<readonly InspectedKey[]>;
  /** Removes every row of these generations of a view. */
  drop(view: StoredView, generations: readonly number[]): Promise<void>;
}

export interface LayoutContext {
  readonly link: RedisLink;
  readonly project: string;
  /** `scopeOf` of the job. */
  readonly scope: string;
  /** Of readers: keeps old rows from them. */
  readonly guard?: ReadGuard;
}
