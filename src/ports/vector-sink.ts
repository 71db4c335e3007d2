// Where a job's feature vectors go. The engine knows nothing else of stores and logs.
import type { VectorBatch } from '../columns/vector-batch.ts';

/** Takes vectors of any view. `write` copies what it needs before it returns; the engine awaits the promise before the next input batch. */
export interface VectorSink {
  write(batch: VectorBatch): void | Promise<void>;
  /** Makes everything written so far durable and visible. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
