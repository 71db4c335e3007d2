// Bytes to columns. A format knows nothing of files or brokers; an adapter knows nothing of JSON.
import type { DecodedBatch } from '../columns/batch.ts';
import type { RowType } from '../kernel/types/field-type.ts';
import type { RecordError } from './dead-letter-sink.ts';

/** Formats by name (`json`, `csv`, `parquet`), handed to sources by whoever composes the job. */
export type FormatRegistry = ReadonlyMap<string, Format>;

export type Format = RecordFormat | MessageFormat | FileFormat;

/** Records one after the other in a byte stream (lines) or one per message. */
export interface RecordFormat {
  readonly kind: 'records';
  readonly name: string;
  createDecoder(rowType: RowType, options: Readonly<Record<string, unknown>>): RecordDecoder;
  /** Absent: its records come in byte streams only. */
  createMessageDecoder?: MessageFormat['createMessageDecoder'];
}

/** One record per message of a broker; not for byte streams. */
export interface MessageFormat {
  readonly kind: 'messages';
  readonly name: string;
  createMessageDecoder(
    rowType: RowType,
    options: Readonly<Record<string, unknown>>,
  ): MessageDecoder;
}

/** A self-describing file that needs random access (Parquet). */
export interface FileFormat {
  readonly kind: 'file';
  readonly name: string;
  /** Row batches in file order; throws MillraceError for a file that cannot be read at all. */
  read(path: string, rowType: RowType, options: FileReadOptions): AsyncGenerator<DecodedChunk>;
}

export interface FileReadOptions {
  readonly rowCountMax: number;
  /** Rows before this one are passed over. Throws MR_SOURCE_POSITION when there are not as many. */
  readonly startRow: number;
}

export interface DecodedChunk {
  readonly batch: DecodedBatch;
  readonly errors: readonly RecordError[];
}

/** Decodes chunks of a byte stream. The returned batch is valid until the next call. */
export interface RecordDecoder {
  /**
   * Decodes whole records from `bytes[start .. end)`; `baseOffset` is the position of `bytes[0]` in
   * the split. Stops after `rowCountMax` rows. With `last`, a record without its end mark counts.
   * Returns how many bytes it consumed: the rest belongs in front of the next chunk. It may overwrite
   * consumed bytes (escapes are decoded where they stand); with `last` there may be errors although
   * nothing was consumed. Throws MillraceError when the stream as a whole is not of its format.
   */
  decode(input: DecodeInput): DecodeResult;
  /** True while it waits for what stands at the beginning of the stream and all records need. */
  readonly needsHead?: boolean;
}

export interface DecodeInput {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly rowCountMax: number;
  readonly last: boolean;
}

export interface DecodeResult extends DecodedChunk {
  readonly consumed: number;
}

/** Decodes the values of messages, one record each. The returned batch is valid until the next call. */
export interface MessageDecoder {
  /**
   * Asks whether what is written now fits the rows: for a job that begins, not for one that goes on.
   * Throws MillraceError when it does not.
   */
  open?(): Promise<void>;
  /** Why it has been waiting, for people; null while it does not. */
  readonly waitingFor?: string | null;
  /**
   * Decodes messages `from .. count`: rows in their order, those that failed as errors with the
   * message's offset. Stops before a message that needs something not here yet, with `waitFor`. It
   * may overwrite values that it consumed, and the byte after each while it works.
   */
  decode(input: MessageInput): MessageResult;
}

/** Values of messages where they lie. Arrays may be longer than the messages. */
export interface MessageInput {
  readonly bytes: Uint8Array;
  /**
   * Message `i` is `bytes[bounds[2 * i] .. bounds[2 * i + 1])`, and one byte more exists; a start of −1
   * is a message without a value.
   */
  readonly bounds: Int32Array;
  readonly offsets: Float64Array;
  readonly from: number;
  readonly count: number;
}

export interface MessageResult extends DecodedChunk {
  /** Messages consumed, as rows or errors. */
  readonly consumed: number;
  /** Set when it stopped early: resolves when it is worth going on. Rejects when it never is. */
  readonly waitFor?: Promise<void>;
}
