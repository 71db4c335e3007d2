// What a job is made of, and what it tells. Everything it touches comes in through the spec.
import type { Clock } from '../../kernel/clock.ts';
import type { MetricsRegistry } from '../../kernel/metrics/metrics-registry.ts';
import type { Random } from '../../kernel/random.ts';
import type { Plan } from '../../plan/plan.ts';
import type { DeadLetterSink, LateRecordSink, RecordError } from '../../ports/dead-letter-sink.ts';
import type { FormatRegistry } from '../../ports/format.ts';
import type { Source } from '../../ports/source.ts';
import type { VectorSink } from '../../ports/vector-sink.ts';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import type { NamedCheckpoint } from '../checkpoint/decide-restore.ts';
import type { TriggerOptions } from '../checkpoint/decide-trigger.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import type { FailureLimits, StreamFailures } from './failure-breaker.ts';
import type { RestartStrategy } from './restart-strategy.ts';
import type { HotKey, StageState, ViewStage, ViewStageOptions } from '../task/view-stage.ts';
import type { SubtaskProgress } from './subtask-progress.ts';

/** What *now* is for values that shrink as time passes: the wall's clock, or the events'. */
export type NowMode = 'wall' | 'event';

export interface JobSpec {
  readonly plan: Plan;
  /** Names of the views to compute; default: all. */
  readonly views?: readonly string[];
  /** Where each stream in use comes from, by the stream's name. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly formats: FormatRegistry;
  /** Every vector goes to every sink. The job closes them. */
  readonly sinks: readonly VectorSink[];
  /** The job closes it. */
  readonly deadLetters: DeadLetterSink;
  /** The job closes it. */
  readonly lateRecords: LateRecordSink;
  readonly clock: Clock;
  /** Relative paths of sources are relative to this directory. */
  readonly baseDirectory: string;
  /** With `'wall'`, decay and emptying go on by the clock while every split is idle. */
  readonly nowMode: NowMode;
  /** Rows asked for at a time; default 16384. Results of one split do not depend on it. */
  readonly batchRowCount?: number;
  /** Sinks are flushed this often, and at the end; default 1000. */
  readonly flushIntervalMs?: number;
  /** Name of the job for brokers that keep positions by a group's name. */
  readonly group?: string;
  /** Told what people should know of sources: brokers that do not answer, records that are gone. */
  readonly onNotice?: (message: string) => void;
  /** Called about every `progressIntervalMs` while the job runs, and at the end. */
  readonly onProgress?: (progress: JobProgress) => void;
  /** Default 1000. */
  readonly progressIntervalMs?: number;
  /** Metrics of the job are kept up to date here. */
  readonly metrics?: MetricsRegistry;
  /** Number of subtasks; default 1. Results do not depend on it. */
  readonly parallelism?: number;
  /** How worker threads import modules of users: the URL of one that exports `importModule(url)`. */
  readonly moduleLoader?: string;
  /** Where views are computed; default: in this thread, or in as many others as `parallelism` says. */
  readonly createStage?: (options: ViewStageOptions) => ViewStage;
  /** Default: state lives in memory and ends with the job. */
  readonly state?: JobStateOptions;
  /** Needs `state`. Default: none; a job that is started again begins anew. */
  readonly checkpoints?: JobCheckpointOptions;
  /** What happens after a failure that may pass; default: the job ends. Needs `checkpoints`. */
  readonly restart?: RestartStrategy;
  /** How many records may fail; default: all of them. */
  readonly failureLimits?: FailureLimits;
  /** Chance for pauses before restarts; default: none. */
  readonly random?: Random;
}

/** Where a job keeps its state beside memory. */
export interface JobStateOptions extends Omit<StageState, 'filePrefix'> {
  /** How names of files begin, when there is no checkpoint store to say it. */
  readonly filePrefix?: string;
}

export interface JobCheckpointOptions extends TriggerOptions {
  /** The job's; whoever opened it closes it. */
  readonly store: CheckpointStore;
  /** Throws when state of the definitions that a checkpoint was made with cannot be used. */
  readonly checkPlan?: (saved: Manifest['plan']) => void;
  /**
   * What the job's first life does about the checkpoint that its authority names, as found out before
   * anything was opened. Default: asks the authority; later lives always do.
   */
  readonly named?: NamedCheckpoint | null;
  /** State files that were brought here before the job began, whole. */
  readonly fetched?: ReadonlySet<string>;
  /** Told what people should know: checkpoints that were passed over, what was restored. */
  readonly report?: (message: string) => void;
}

/** A running job. */
export interface Job {
  /** The summary once all input has ended or the job was stopped; rejects with the MillraceError that stopped it. */
  readonly done: Promise<JobSummary>;
  /** Ends the job cleanly: the batch at hand is finished, sinks are flushed, all is closed. Never rejects. */
  stop(): Promise<void>;
  /** Takes a checkpoint now. Rejects when it fails, and when the job takes none or has ended. */
  checkpoint(): Promise<Manifest>;
  /** The state of things now; also after the end. */
  progress(): JobProgress;
  /** What was done so far; also after a failure. */
  summary(): JobSummary;
}

/** Totals of a job, named as `run --json` prints them. */
export interface JobSummary {
  /** Records read, those that failed included. */
  readonly records_in: number;
  /** Records too late for a window, counted once per view. */
  readonly late_records: number;
  readonly dead_letters: number;
  /** Feature vectors handed to the sinks. */
  readonly rows_out: number;
  readonly elapsed_ms: number;
  readonly events_per_second: number;
  /** Checkpoints that were completed. */
  readonly checkpoints: number;
  readonly failed_checkpoints: number;
  readonly restarts: number;
  /** The checkpoint that the run began with; null when it began anew. */
  readonly restored_checkpoint: number | null;
  readonly views: Readonly<Record<string, ViewSummary>>;
}

export interface ViewSummary {
  /** Keys with state. */
  readonly entities: number;
  /** Vectors emitted. */
  readonly updates: number;
}

/** Dead letters by what went wrong with the record. */
export type DeadLetterCounts = Readonly<Record<RecordError['category'], number>>;

/** `paused`: too many records failed; nothing is read until the job is started again. */
export type JobState =
  | 'starting'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'finished'
  | 'stopped'
  | 'failed';

export interface JobProgress {
  readonly state: JobState;
  readonly recordsIn: number;
  /** Over the last few seconds. */
  readonly eventsPerSecond: number;
  readonly lateRecords: number;
  readonly deadLetters: number;
  readonly deadLettersByCategory: DeadLetterCounts;
  readonly rowsOut: number;
  readonly elapsedMs: number;
  /** Of these, in the thread of sources and sinks: waiting for input. */
  readonly waitedMs: number;
  /** The same, waiting for sinks. */
  readonly blockedMs: number;
  readonly stateBytes: number;
  readonly checkpoints: CheckpointProgress;
  readonly restarts: RestartProgress;
  /** Streams with records that failed, as of the newest that were judged. */
  readonly failures: readonly StreamFailures[];
  readonly sources: readonly SourceProgress[];
  readonly views: Readonly<Record<string, ViewProgress>>;
  /** Per worker thread; empty in one thread. */
  readonly subtasks: readonly SubtaskProgress[];
  /** Keys with the greatest shares of recent rows, for people; empty in one thread. */
  readonly hotKeys: readonly HotKey[];
}

export interface CheckpointProgress {
  readonly completed: number;
  readonly failed: number;
  /** Why the newest attempt failed; null when it did not. */
  readonly failure: string | null;
  readonly last: CheckpointStats | null;
  /** The checkpoint that the run began with; null when it began anew. */
  readonly restoredId: number | null;
}

/** A completed checkpoint. */
export interface CheckpointStats {
  readonly id: number;
  readonly atMs: number;
  readonly durationMs: number;
  /** How long input stood still for it. */
  readonly pauseMs: number;
  /** Of new files. */
  readonly bytes: number;
  /** Of all files that it needs. */
  readonly fullBytes: number;
}

export interface RestartProgress {
  readonly count: number;
  /** Why the job last restarted, and when; null when it did not. */
  readonly last: { readonly reason: string; readonly atMs: number } | null;
}

export interface SourceProgress {
  readonly stream: string;
  readonly recordsIn: number;
  /** The combined watermark; null before there is one and at the end of bounded input. */
  readonly watermarkMs: number | null;
  /** The clock's now less the watermark; null without one. */
  readonly watermarkLagMs: number | null;
  /** The split that holds the watermark, and since when it is its holder. */
  readonly holder: SplitHold | null;
  readonly splits: readonly SplitProgress[];
}

export interface SplitHold {
  readonly split: string;
  readonly sinceMs: number;
}

export interface SplitProgress {
  readonly split: string;
  readonly state: 'active' | 'idle' | 'returning' | 'ended';
  readonly recordsIn: number;
  readonly watermarkMs: number | null;
  /** Position of the newest row processed; null before the first. */
  readonly offset: number | null;
  /** True while it waits for slower splits (`maxDrift`). */
  readonly isWaiting: boolean;
}

export interface ViewProgress {
  readonly entities: number;
  readonly updates: number;
  readonly lateRecords: number;
  readonly failedRecords: number;
  /** Values that are null because an aggregate of a user failed, and why the newest is. */
  readonly failedValues: number;
  readonly lastFailure: string | null;
  readonly stateBytes: number;
  readonly firedTimers: number;
}
