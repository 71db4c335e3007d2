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
  /** Makes few files of many, while a job may write and others read; absent: not in files. */
  compact?(place: FeatureLogPlace, options: CompactOptions): Promise<CompactedLog>;
}

/** Where the log of an environment's job lies. */
export interface FeatureLogPlace {
  readonly baseDirectory: string;
  readonly variant?: string;
}

export interface CompactOptions {
  readonly views: readonly string[];
  /** Ids of the checkpoints that may be restored, by job: what lies between them is not mixed. */
  readonly restorePoints: ReadonlyMap<string, readonly number[]>;
  /** Writes the rows of files, in their order, as one durable file; null: they are left as they are. */
  merge(view: string, from: readonly string[], to: string): Promise<number | null>;
  readonly signal?: AbortSignal;
  onMerged?(view: string, files: number, rows: number): void;
}

/** What a compaction did. */
export interface CompactedLog {
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly rowsMerged: number;
  /** Files that could have been merged and were left as they are: they have other columns. */
  readonly left: readonly string[];
}

export interface FeatureLogQuery extends FeatureLogPlace {
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
