// The project file: which definitions there are, and per environment where streams come from and
// features go. Definitions never name a broker or a path; an environment binds them.
import type { ByteSize } from '../kernel/byte-size.ts';
import type { Duration, DurationOr } from '../kernel/duration.ts';
import type { EmitMode } from '../plan/plan.ts';
import type { FeatureLogBinding } from '../ports/feature-log.ts';
import type { OnlineStoreBinding } from '../ports/online-store.ts';
import type { Source } from '../ports/source.ts';
import { rememberLocation } from './config-location.ts';

/** What one environment overrides of a view. */
export interface ViewOverride {
  readonly emit?: EmitMode;
  readonly decay?: DurationOr<'never'>;
}

/** A place that receives the vectors of a view, such as a Kafka topic: made by an adapter's factory. */
export interface OutputBinding {
  readonly description: string;
}

/** Something other than the embedded engine, such as a Flink cluster: made by an adapter's factory. */
export interface EngineBinding {
  readonly description: string;
}

/** Where and how often the state of a run is made durable. */
export interface CheckpointOptions {
  /** A folder, or `s3://bucket/prefix`. Two jobs may share it: each has a folder of its own in it. */
  readonly directory: string;
  /** From the start of one to the start of the next. Default `'10s'`. */
  readonly interval?: Duration;
  /** At least this long between two. Default `'0s'`. */
  readonly minPause?: Duration;
  /** A checkpoint that takes longer is given up. Default `'10m'`. */
  readonly timeout?: Duration;
  /** So many in a row may fail before the run counts as failed. Default 3. */
  readonly tolerableFailures?: number;
  /** Checkpoints that are kept. Default and least: 2. */
  readonly retain?: number;
  /** False: a run that is stopped by hand or comes to its end leaves no checkpoints. Default true. */
  readonly retainOnStop?: boolean;
}

/** Where the state of keys lies while a job runs. */
export interface StateOptions {
  /** `disk`: what does not fit into `memory` goes to files. Default `'memory'`. */
  readonly backend?: 'memory' | 'disk';
  /** Folder of working files. Default `./.millrace/state`; best on the disk of the checkpoints. */
  readonly directory?: string;
  /** Of all subtasks together, with `disk`. Default `'1GB'`. */
  readonly memory?: ByteSize;
}

/** What happens about records that fail. */
export interface DeadLetterOptions {
  /** Folder of dead letters and late records that are in files. Default `./.millrace/dead-letters`. */
  readonly directory?: string;
  /**
   * Share of a stream's records that may fail, from 0 to 1, measured over `breakerRecords` at a time;
   * beyond it a run pauses, and a run until the end stops. `'off'`: whatever fails. Default 0.5.
   */
  readonly breaker?: number | 'off';
  /** Records of a stream that are judged together. Default 1000. */
  readonly breakerRecords?: number;
  /** Share of a stream's records from which on failing ones are reported while it runs. Default 0.01. */
  readonly alert?: number;
}

/** What happens after a failure that may pass. Needs checkpoints. */
export type RestartOptions =
  | { readonly strategy: 'none' }
  | FixedDelayRestart
  | ExponentialRestart
  | FailureRateRestart;

/** Again after the same pause. */
export interface FixedDelayRestart {
  readonly strategy: 'fixedDelay';
  /** Default `'1s'`. */
  readonly delay?: Duration;
  /** So many times without a completed checkpoint in between. Default 3. */
  readonly attempts?: number;
}

/** Again and again, after pauses that grow. */
export interface ExponentialRestart {
  readonly strategy: 'exponential';
  /** Default `'1s'`. */
  readonly initial?: Duration;
  /** Default `'1m'`. */
  readonly max?: Duration;
  /** Default 1.5. */
  readonly factor?: number;
  /** After this long without a failure pauses begin anew. Default `'1h'`. */
  readonly resetAfter?: Duration;
  /** Share of a pause by which chance makes it longer or shorter. Default 0.1. */
  readonly jitter?: number;
}

/** Again, unless failures come too often. */
export interface FailureRateRestart {
  readonly strategy: 'failureRate';
  /** More than so many … Default 3. */
  readonly failures?: number;
  /** … within this time end the run. Default `'5m'`. */
  readonly within?: Duration;
  /** Default `'1s'`. */
  readonly delay?: Duration;
}

/** What a topic has to carry, for `millrace topics`; what is left out follows from the definitions. */
export interface TopicNeeds {
  /** Expected in peaks: partitions follow from it. */
  readonly eventsPerSecond?: number;
  /** So many partitions, whatever the load. */
  readonly partitions?: number;
  /** Default: 3, or as many as there are brokers. */
  readonly replicas?: number;
  /** At least this long; what definitions need is kept anyway. */
  readonly retention?: DurationOr<'forever'>;
}

/** What counts as keeping the `freshness` that views promise: from an event until it can be read. */
export interface FreshnessOptions {
  /** Share of rows that are to keep it, from 0 to 1. Default 0.999. */
  readonly target?: number;
  /** Over the rows of so long. Default `'5m'`. */
  readonly window?: Duration;
}

/** What is kept of what a server answered. */
export interface ServingLogOptions {
  /** Share of served rows, from 0 to 1. Default 0: none. */
  readonly rate?: number;
  /** Of all its files together; the oldest go. Default `'256MB'`. */
  readonly bytesMax?: ByteSize;
  /** Default: `serving-log` in the folder of the feature log, else `./.millrace/serving-log`. */
  readonly directory?: string;
}

/**
 * One environment: where streams come from and where features go. Relative paths are relative to the
 * file that calls `defineConfig`.
 */
export interface EnvironmentOptions {
  /** Where each stream's records come from; what can both be read and written may also be an output. */
  readonly streams: Readonly<Record<string, Source>>;
  /** Newest vectors, for reads. Default: none, vectors are only logged. */
  readonly online?: OnlineStoreBinding;
  /** Every vector, for training. Default: none. */
  readonly offline?: FeatureLogBinding;
  /** Vectors of a view to somewhere else, by view name. */
  readonly outputs?: Readonly<Record<string, OutputBinding>>;
  /** What topics have to carry, by topic. */
  readonly topics?: Readonly<Record<string, TopicNeeds>>;
  /** Default: none. A run that is started again reads its input from the beginning. */
  readonly checkpoints?: CheckpointOptions;
  /** Default: in memory. */
  readonly state?: StateOptions;
  /** Threads that compute views, besides the one that reads and writes; `'auto'`: by the machine. Default 1: one thread for all. */
  readonly parallelism?: number | 'auto';
  /** Default with checkpoints: exponential while a source never ends, else none. */
  readonly restart?: RestartOptions;
  readonly engine?: EngineBinding;
  /** Records that failed or came late: their folder, or more about them. Default `./.millrace/dead-letters`. */
  readonly deadLetters?: string | DeadLetterOptions;
  /** What *now* is for reads and decay. Default: `event` (the newest `as_of`) when every source is bounded, else `wall`. */
  readonly clock?: 'wall' | 'event';
  /** How much of the views' `freshness` is to be kept. */
  readonly freshness?: FreshnessOptions;
  /** A sample of what is served, for `millrace skew`. Default: nothing is logged. */
  readonly servingLog?: ServingLogOptions;
  readonly views?: Readonly<Record<string, ViewOverride>>;
}

/** A project: its definitions, and the environments that they run in. */
export interface Config {
  /** Lower case letters, digits, `_`, `-`. */
  readonly project: string;
  /** Modules that export definitions. */
  readonly definitions?: readonly Readonly<Record<string, unknown>>[];
  /** Or their paths, relative to the config file. */
  readonly paths?: readonly string[];
  readonly environments: Readonly<Record<string, EnvironmentOptions>>;
}

/** Gives a project file its types; relative paths in it are relative to the file that calls this. */
export function defineConfig(config: Config): Config {
  rememberLocation(config);
  return Object.freeze(config);
}
