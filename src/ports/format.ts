// Bytes to columns. A format knows nothing of files or brokers; an adapter knows nothing of JSON.
import type { DecodedBatch } from '../columns/batch.ts';
import type { RowType } from '../kernel/types/field-type.ts';
import type { RecordError } from './dead-letter-sink.ts';

/** Formats by name (`json`, `csv`, `parquet`), handed to sources by whoever composes the job. */
export type FormatRegistry = ReadonlyMap<string, Format>;

export type Format = RecordFormat | FileFormat;

/** Records one after the other in a byte stream (lines) or one per message. */
export interface RecordFormat {
  readonly kind: 'records';
  readonly name: string;
  createDecoder(rowType: RowType, options: Readonly<Record<string, unknown>>): RecordDecoder;
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
