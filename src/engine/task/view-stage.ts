// The part of a job that computes views: rows and watermarks in, vectors out. It hides whether the
// views run in this thread or are spread over others; either way the rows of a key are processed
// in the order of the calls, so what comes out for a key is the same.
import type { Batch } from '../../columns/batch.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { JsonValue } from '../../kernel/json-value.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { LateRecord, RecordError } from '../../ports/dead-letter-sink.ts';
import type { StateFiles } from '../../ports/state-files.ts';
import type { SubtaskSnapshot } from '../checkpoint/subtask-snapshot.ts';
import type { SourceStage } from '../lower/lower-plan.ts';
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
  /**
   * Before any input: the state of a checkpoint, written by any number of subtasks for the plan
   * `planJson`. Where that differs from the plan of today, state is translated, or refused.
   */
  restore(parts: readonly SubtaskSnapshot[], planJson: JsonValue): Promise<void>;
  /**
   * A barrier behind everything that was handed over so far, watermarks included. Calls `aligned`
   * once, when the output of all that has been handed on and nothing that came after it; goes on
   * when that resolves. Resolves when every subtask has written its state, while input goes on. One
   * at a time; rejects when state cannot be written, which leaves the stage as it was.
   */
  snapshot(id: number, aligned: () => Promise<void>): Promise<readonly SubtaskSnapshot[]>;
  /** Gives up the snapshot under way: its promise rejects. */
  abortSnapshot(): void;
  /** State files that no retained checkpoint needs: local copies may go. */
  release(files: readonly string[]): void;
  /**
   * Some of what can be done while there is no input; false when there was nothing. `isIdle` (default
   * true) false: there is input, and this has its share of the time only.
   */
  work(isIdle?: boolean): boolean;
  /** Gives every key's vector as it is now to `refill` of the output: a store has lost its rows. */
  emitAll(): Promise<void>;
  /** All input is in: until everything that comes out of it has been taken. */
  finish(): Promise<void>;
  /** Of now, or of a moment ago. */
  stats(): readonly SubtaskStats[];
  /** The hottest keys, the hottest first; absent where rows are not dealt. */
  hotKeys?(): readonly HotKey[];
  /** Ends what runs; what is still inside is dropped. */
  close(): Promise<void>;
}

/** What a stage is made of. */
export interface ViewStageOptions {
  readonly plan: Plan;
  readonly stages: readonly SourceStage[];
  readonly output: StageOutput;
  readonly clock: Clock;
  /** Number of subtasks. */
  readonly parallelism: number;
  /** Called when there is something to hand on or a failure while nobody drains. */
  readonly onActivity: () => void;
  /** Null: state lives in memory and is never written. */
  readonly state: StageState | null;
  /** By which other threads import modules of users: one that exports `importModule(url)`. */
  readonly moduleLoader?: string | undefined;
}

/** Where the state of subtasks is kept and how much of it stays in memory. */
export interface StageState {
  /** All subtasks keep their files in one folder; names never clash. */
  readonly files: StateFiles;
  /** The same folder for other threads: a module that exports `openStateFiles(directory)`. */
  readonly threads: { readonly module: string; readonly directory: string } | null;
  /** How names of files begin; never used before. */
  readonly filePrefix: string;
  /** Of all subtasks together; null: all state stays in memory. */
  readonly memoryBytesMax: number | null;
  /** The least share of a subtask that is accepted; default 4 MiB. */
  readonly memoryBytesMin?: number;
  /** A file of state is closed when it is as large; default 16 MiB. */
  readonly segmentBytes?: number;
}

/** Where the results of a stage go: in the thread of the sinks. */
export interface StageOutput {
  /** Copies what it needs before it returns. */
  emit(batch: VectorBatch): void;
  /** Vectors of `emitAll`, for stores that have lost theirs. */
  refill(batch: VectorBatch): void;
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
  /** How its thread spent its time; absent in the thread of sources and sinks. */
  readonly load?: SubtaskLoad;
}

/** Since the start; the time that is neither idle nor back-pressured is work. */
export interface SubtaskLoad {
  /** Rows that it got, once per route. */
  readonly recordsIn: number;
  readonly elapsedMs: number;
  /** Waiting for rows. */
  readonly idleMs: number;
  /** Waiting for room in its output: sinks, or the thread that writes to them, are slower. */
  readonly backPressuredMs: number;
}

/** A key with its share of the rows of some views, for people. */
export interface HotKey {
  readonly views: readonly string[];
  readonly key: Readonly<Record<string, Value>>;
  /** Between 0 and 1, of recent rows; estimated from a sample. */
  readonly share: number;
  readonly subtask: number;
}

export interface SubtaskViewStats {
  readonly view: string;
  readonly stats: OperatorStats;
}
