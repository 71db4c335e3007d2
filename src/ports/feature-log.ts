// The offline store: every emitted vector, once, as rows of files.
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { StoredView } from './online-store.ts';

export interface FeatureLogBinding {
  readonly description: string;
  open(context: FeatureLogContext): Promise<FeatureLog>;
}

export interface FeatureLogContext {
  readonly baseDirectory: string;
  readonly views: readonly StoredView[];
}

export interface FeatureLog {
  /** Copies what it needs before it returns; may resolve before the rows are durable. */
  append(batch: VectorBatch): Promise<void>;
  /** Makes all rows appended so far visible. */
  commit(): Promise<void>;
  /** Drops rows that were not committed. */
  close(): Promise<void>;
}
