// Where a job of Flink reads and writes, as the compiler is told it: connectors with their options.
// Who knows the bindings of an environment makes these; the compiler knows no client and no address.

/** How instants stand in records. */
export type InstantEncoding = 'ms' | 's' | 'iso';

/** The table of a stream's records. */
export interface SourceTable {
  readonly connector: 'kafka' | 'filesystem';
  /** All options of the table but the connector. */
  readonly options: Readonly<Record<string, string>>;
  readonly instants: InstantEncoding;
  /** Field with the watermark after each record, in ms, for a recorded order of several partitions. */
  readonly watermarkField?: string;
}

/** A place for rows of a view; `options` as they stand in `WITH`. */
export interface SinkTable {
  readonly options: Readonly<Record<string, string>>;
}

/** Where the rows of one view go. Nothing is written for what is null. */
export interface ViewSinks {
  /** Options of the upsert topic of one window group, for whoever loads the online store. */
  readonly online: ((group: string) => SinkTable) | null;
  /** Every row, appended to one topic. */
  readonly output: SinkTable | null;
  /** Options of the Parquet files of one window group. */
  readonly log: ((group: string) => SinkTable) | null;
  /** Every row, appended to one topic, for views elsewhere that read them. Default: nobody does. */
  readonly rows?: SinkTable | null;
}

/** Everything that a job is bound to. */
export interface FlinkTables {
  readonly project: string;
  readonly source: (stream: string) => SourceTable;
  readonly sinks: (view: string) => ViewSinks;
  /** Null: no checkpoints, which exactly-once output needs. */
  readonly checkpointIntervalMs: number | null;
}
