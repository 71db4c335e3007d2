// The part of a job that computes views: rows and watermarks in, vectors out. It hides whether the
// views run in this thread or are spread over others; either way the rows of a key are processed
// in the order of the calls, so what comes out for a key is the same.
import type { Batch } from '../../columns/batch.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { LateRecord, RecordError } from '../../ports/dead-letter-sink.ts';
import type { OperatorStats } from '../operators/operator.ts';

/** Streams are named by their place in what `lowerPlan` gives. */
export interface ViewStage {
  /** Rows for every view of the stream; the batch is the caller's again when this returns. Only after `drain`. */
  process(stream: number, batch: Batch): void;
  /** +∞ is the end of bounded input. */
  advanceWatermark(stream: number, watermarkMs: number): void;
  /** The source is idle and the wall's clock goes on: values shrink up to `nowMs`. */
  advanceIdleTime(stream: number, nowMs: number): void;
  /** Until there is room for the next batch; what came out meanwhile has been handed on and taken. */
  drain(): Promise<void>;
  /** All input is in: until everything that comes out of it has been taken. */
  finish(): Promise<void>;
  /** Of now, or of a moment ago. */
  stats(): readonly SubtaskStats[];
  /** Ends what runs; what is still inside is dropped. */
  close(): Promise<void>;
}

/** Where the results of a stage go: in the thread of the sinks. */
export interface StageOutput {
  /** Copies what it needs before it returns. */
  emit(batch: VectorBatch): void;
  late(origin: RowOrigin, record: Omit<LateRecord, 'stream' | 'split'>): void;
  fail(origin: RowOrigin, error: RecordError): void;
  /** Until all of it has been taken: the stage's backpressure. */
  drain(): Promise<void>;
}

/** Where a row came from, and the view that speaks of it. */
export interface RowOrigin {
  readonly stream: number;
  /** `Batch.split` */
  readonly split: number;
  readonly viewUid: string;
}

export interface SubtaskStats {
  readonly subtask: number;
  /** In the order of the stages and their views. */
  readonly views: readonly SubtaskViewStats[];
}

export interface SubtaskViewStats {
  readonly view: string;
  readonly stats: OperatorStats;
}
