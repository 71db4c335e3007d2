// Where a job's feature vectors go. The engine knows nothing else of stores and logs.
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { EpochSink } from './epoch-sink.ts';

/** Takes vectors of any view. `write` copies what it needs before it returns; the engine awaits the promise before the next input batch. */
export interface VectorSink {
  write(batch: VectorBatch): void | Promise<void>;
  /** Makes everything written so far durable and visible. Not called while `epochs` takes part in checkpoints. */
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Absent: replaying after a failure repeats what was written. */
  readonly epochs?: EpochSink;
  /** True while it has taken as much as it may before the next checkpoint is complete: nothing more is read then. */
  readonly isHeldBack?: boolean;
  /** Keeps only the newest row per key, and can be filled again from keyed state. */
  readonly refill?: RefillableSink;
}

/** A store of newest rows that may lose them by itself. */
export interface RefillableSink {
  /** True when rows that the job counts on may be missing: after `recover`, or at any time later. */
  hasLostRows(): boolean;
  /** All rows are about to be written again; `hasLostRows` may say false from now on. */
  beginRefill?(): Promise<void>;
  /** They were: until then rows may be missing. */
  endRefill(): Promise<void>;
}
