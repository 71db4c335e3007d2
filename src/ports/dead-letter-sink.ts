// Records that failed. They keep their bytes and the reason, and never stop the job.
import type { ErrorCode } from '../kernel/errors/catalogue.ts';
import type { EpochSink } from './epoch-sink.ts';

export type DeadLetterCategory = 'deserialization' | 'schema_mismatch' | 'processing_error';

/** What a broker knows of a record besides its value. */
export interface RecordOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  /** The record's own time, as the broker keeps it. */
  readonly timestampMs: number;
  /** In their order; names may repeat. */
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[];
}

/** A record that could not be processed, as the place that found out describes it. */
export interface RecordError {
  readonly code: ErrorCode;
  readonly category: DeadLetterCategory;
  /** What is wrong, with the field's name. */
  readonly message: string;
  /** Position in the split. */
  readonly offset: number;
  /** The record's bytes (a copy), or as much of them as is known. */
  readonly bytes: Uint8Array;
  /** Only of records that came from a broker; `offset` is theirs there. */
  readonly origin?: RecordOrigin;
}

export interface DeadLetter extends RecordError {
  readonly stream: string;
  readonly split: string;
  readonly operatorUid: string;
  readonly timestampMs: number;
}

/** A record that came too late for some windows of a view: skipped there, never silently. */
export interface LateRecord {
  readonly view: string;
  readonly stream: string;
  readonly split: string;
  readonly offset: number;
  readonly eventTimeMs: number;
  readonly watermarkMs: number;
  /** Features whose windows skipped it. */
  readonly features: readonly string[];
  /** The row as JSON-like values (int64 as text). */
  readonly row: Readonly<Record<string, unknown>>;
  /** True for the last one of a full sample: those that came with it after it are only counted. */
  readonly sampleIsFull?: true;
}

/** Takes dead letters; `write` resolves once they are where they belong. */
export interface DeadLetterSink {
  write(letters: readonly DeadLetter[]): Promise<void>;
  close(): Promise<void>;
  /** Absent: replaying after a failure repeats letters. */
  readonly epochs?: EpochSink;
}

/** Takes late records; a sample is enough, the counter is exact. */
export interface LateRecordSink {
  write(records: readonly LateRecord[]): Promise<void>;
  close(): Promise<void>;
  /** Absent: replaying after a failure repeats records. */
  readonly epochs?: EpochSink;
}
