// What an operator may touch: everything comes in through its context, so that the same operator
// runs in a job, in a worker, under the simulator, or in a training-set computation.
import type { Batch } from '../../columns/batch.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { LateRecord, RecordError } from '../../ports/dead-letter-sink.ts';

export interface OperatorContext {
  /** Feature vectors; the batch is reused after the call returns. */
  emit(batch: VectorBatch): void;
  /** A record skipped by windows of this view. */
  late(record: Omit<LateRecord, 'stream' | 'split'>, batch: Batch): void;
  /** A record that failed in this operator. Its bytes are unknown here: the row as JSON stands in. */
  fail(error: RecordError, batch: Batch): void;
}

/** Rows in, timers between rows, vectors out. Synchronous: the host awaits sinks between calls. */
export interface Operator {
  /** Per row, first fires timers ≤ `batch.watermarkMs[row]`, then processes the row. */
  processBatch(batch: Batch): void;
  /** Fires timers ≤ the watermark. +∞ is the end of bounded input. */
  advanceWatermark(watermarkMs: number): void;
  /** Fires decay and emptying timers ≤ `nowMs` although the watermark stands (idle source, wall clock). */
  advanceIdleTime(nowMs: number): void;
  stats(): OperatorStats;
}

export interface OperatorStats {
  readonly recordsIn: number;
  readonly rowsOut: number;
  readonly lateRecords: number;
  readonly failedRecords: number;
  /** Values that are null in rows that came out, because an aggregate of a user failed. */
  readonly failedValues: number;
  /** Why the newest of them is null. */
  readonly lastFailure: string | null;
  /** Late records per feature name. */
  readonly lateByFeature: Readonly<Record<string, number>>;
  /** Keys with state. */
  readonly entities: number;
  readonly stateBytes: number;
  readonly firedTimers: number;
}
