// The offline store: every emitted vector, once, as rows of files.
import type { VectorBatch } from '../columns/vector-batch.ts';
import type { EpochSink } from './epoch-sink.ts';
import type { StoredView } from './online-store.ts';

export interface FeatureLogBinding {
  readonly description: string;
  /** Its folder, as it was given; absent: not in a folder. */
  readonly directory?: string;
  open(context: FeatureLogContext): Promise<FeatureLog>;
  /** Paths of the files in sight that may hold a view's rows from an instant on; absent: not in files. */
  files?(query: FeatureLogQuery): Promise<readonly string[]>;
}

export interface FeatureLogQuery {
  readonly baseDirectory: string;
  readonly variant?: string;
  readonly view: string;
  /** Least `as_of`. */
  readonly fromMs: number;
}

export interface FeatureLogContext {
  readonly baseDirectory: string;
  /** Name of a second job of the same environment: its rows lie apart from those of the first. */
  readonly variant?: string;
  readonly views: readonly StoredView[];
  /** Given when the job takes checkpoints: files carry its name, and rows count by epochs. */
  readonly epochs?: LogEpochs;
}

export interface LogEpochs {
  readonly job: string;
  /** The job starts over: what it logged in earlier runs is dropped by `recover(null)`. */
  readonly dropsAll: boolean;
}

export interface FeatureLog {
  /** Copies what it needs before it returns; may resolve before the rows are durable. */
  append(batch: VectorBatch): Promise<void>;
  /** Makes all rows appended so far visible. */
  commit(): Promise<void>;
  /** Present when it was opened with `epochs`; `commit` is not called then. */
  readonly epochs?: EpochSink;
  /** Drops rows that were not committed. */
  close(): Promise<void>;
}
