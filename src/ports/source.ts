// Where records come from. A source is opened once per run and yields splits; each split is read
// in order by pulling. Offsets belong to the split and grow; a position says where a later run goes on.
import type { DecodedBatch } from '../columns/batch.ts';
import type { Clock } from '../kernel/clock.ts';
import type { JsonValue } from '../kernel/json-value.ts';
import type { RowType } from '../kernel/types/field-type.ts';
import type { RecordError, RecordOrigin } from './dead-letter-sink.ts';
import type { FormatRegistry } from './format.ts';
import type { PushContext, PushWriter } from './push.ts';
import type { SetAsideContext, SetAsideRecords } from './set-aside.ts';

/** A place that records can be read from: a value made by an adapter's factory (`file(…)`). */
export interface Source {
  /** What it is and where, for people: `file ./data/purchases.jsonl`. */
  readonly description: string;
  /** True when it ends by itself. */
  readonly bounded: boolean;
  /** Throws MillraceError (config or external) when it cannot be opened; nothing is left open then. */
  open(context: SourceContext): Promise<readonly SourceSplit[]>;
  /** Of a source of files: its paths and patterns, for others that read them themselves. */
  readonly paths?: readonly string[];
  /** Of a source that is made of several: those. Their splits keep their names. */
  readonly members?: readonly Source[];
  /** How one record's bytes are decoded; absent: its records cannot be taken one by one. */
  readonly records?: SourceRecords;
  /** Where its dead letters and late records lie; absent: in files of the environment. */
  openSetAside?(context: SetAsideContext): Promise<SetAsideRecords>;
  /** Takes records by request for those who read it; absent: it cannot. */
  openPush?(context: PushContext): PushWriter | Promise<PushWriter>;
  /** All records that it has when it is opened, as input that ends. Absent: there are none to be had. */
  readonly history?: Source;
}

/** The format of a source's records, by the name that the registry of formats knows. */
export interface SourceRecords {
  readonly format: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface SourceContext {
  readonly stream: string;
  readonly rowType: RowType;
  /** Field that holds the event time (pacing needs it); rows whose event time is null are data errors of the engine. */
  readonly eventTimeField: string;
  readonly formats: FormatRegistry;
  readonly clock: Clock;
  /** Relative paths are relative to this directory. */
  readonly baseDirectory: string;
  readonly signal: AbortSignal;
  /**
   * Where splits go on, by id, as their reads said in an earlier run; splits that are not named start
   * at their beginning. Throws MR_SOURCE_POSITION when rows after a position are lost.
   */
  readonly startAt: ReadonlyMap<string, JsonValue>;
  /** Name of the job, for brokers that keep positions by a group's name. */
  readonly group?: string;
  /** Takes a split that appeared while the source is open (a new partition); it is read to its end. */
  readonly addSplit?: (split: SourceSplit) => void;
  /** Told what people should know: brokers that do not answer, records that are gone. */
  readonly report?: (message: string) => void;
  /** So many records were passed over, because they are gone. */
  readonly onSkipped?: (records: number) => void;
}

export interface SourceSplit {
  /** Stable name within the source, e.g. the file's path. */
  readonly id: string;
  /** Where it begins, when that is not its beginning: kept in checkpoints until there is a read. */
  readonly position?: JsonValue;
  /** The next rows, at most `rowCountMax`. Waits for live input; resolves `{ kind: 'end' }` when bounded input is over. */
  next(rowCountMax: number): Promise<SplitRead>;
  /** What a broker knows of a row of the newest read besides its value, by its offset. */
  originOf?(offset: number): RecordOrigin | null;
  /**
   * Positions of this split in every checkpoint that may be restored (undefined: one that does not know
   * it). What lies before all of them is not needed for recovery any more.
   */
  retained?(positions: readonly (JsonValue | undefined)[]): void;
  close(): Promise<void>;
}

export type SplitRead =
  | {
      readonly kind: 'rows';
      readonly batch: DecodedBatch;
      readonly errors: readonly RecordError[];
      /** Where a later run goes on when it has these rows and errors already. */
      readonly position: JsonValue;
    }
  /** Nothing now (a live or paced split): ask again; the engine judges idleness by its clock. */
  | { readonly kind: 'empty' }
  /** Bounded input is over; `position` when there is more to know than after the last rows. */
  | { readonly kind: 'end'; readonly position?: JsonValue };
