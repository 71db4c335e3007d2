// Records that a job set aside: dead letters and late records, what people did about them, and the
// way back into the stream. What was set aside is never changed; notes are added beside it.
import type { JsonValue } from '../kernel/json-value.ts';

/** Who opens the records set aside of a stream, and where. */
export interface SetAsideContext {
  readonly stream: string;
  /** Folder of the environment's dead letters, absolute. */
  readonly directory: string;
  /** `write`: one process at a time; MR_DEAD_LETTERS_IN_USE otherwise. */
  readonly mode: 'read' | 'write';
  /** Views of the stream: their late records are wanted. */
  readonly views: readonly string[];
}

/** Records set aside of one stream. */
export interface SetAsideRecords {
  /** Where they lie, for people. */
  readonly description: string;
  /** Dead letters as they were written, oldest first; one may be there twice. */
  deadLetters(): AsyncIterable<JsonValue>;
  /** Late records as they were written, oldest first; one may be there twice. */
  lateRecords(): AsyncIterable<JsonValue>;
  /** Notes in the order in which they were added; what `replay` sent is among them. */
  notes(): AsyncIterable<SetAsideNote>;
  /** Durable when it resolves. */
  note(notes: readonly SetAsideNote[]): Promise<void>;
  /** Sends records into the stream and notes that, all of it or nothing. Durable when it resolves. */
  replay(records: readonly ReplayRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** What somebody did about a record that was set aside. */
export type SetAsideNote = FixNote | ReplayNote | LateAppliedNote;

/** An edited copy of a dead letter's record. */
export type FixNote = {
  readonly kind: 'fix';
  readonly id: string;
  readonly at: string;
  /** How it was made: the expression, the script, `editor`. */
  readonly by: string;
  readonly event_base64: string;
};

/** A dead letter's record went into the stream again. */
export type ReplayNote = {
  readonly kind: 'replay';
  readonly id: string;
  readonly at: string;
  readonly attempt: number;
  readonly event_base64: string;
};

/** The features that a late or replayed record belongs to were corrected. */
export type LateAppliedNote = {
  readonly kind: 'applied';
  readonly view: string;
  readonly id: string;
  readonly at: string;
};

/** A record on its way back into its stream. */
export interface ReplayRecord {
  /** The dead letter that it comes from. */
  readonly id: string;
  readonly at: string;
  /** How often it goes into the stream, the first time included. */
  readonly attempt: number;
  readonly value: Uint8Array;
  readonly key: Uint8Array | null;
  readonly partition: number | null;
  readonly timestampMs: number | null;
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[];
}

/** Names the dead letter that a replayed record comes from. */
export const replayOfHeader = 'millrace-replay-of';
