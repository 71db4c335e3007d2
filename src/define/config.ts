// The project file: which definitions there are, and per environment where streams come from and
// features go. Definitions never name a broker or a path; an environment binds them.
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
  readonly directory: string;
  readonly interval?: Duration;
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
  readonly checkpoints?: CheckpointOptions;
  readonly engine?: EngineBinding;
  /** Folder of dead letters and late records. Default `./.millrace/dead-letters`. */
  readonly deadLetters?: string;
  /** What *now* is for reads and decay. Default: `event` (the newest `as_of`) when every source is bounded, else `wall`. */
  readonly clock?: 'wall' | 'event';
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
