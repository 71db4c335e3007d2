// A batch is what moves through the engine: columns of one row type plus, per row, its times and
// where it came from. Batches are owned by one side at a time: the producer may reuse the arrays
// once the consumer asks for the next batch, so a consumer copies what it keeps.
import type { Field } from '../kernel/types/field-type.ts';
import type { Column } from './column.ts';

/** Rows as decoded from a source: no event time or watermark yet. */
export interface DecodedBatch {
  readonly fields: readonly Field[];
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** Position of each row in its split: byte offset, line or record number; grows within a split. */
  readonly offsets: Float64Array;
}

/** Rows on their way through operators. */
export interface Batch extends DecodedBatch {
  readonly eventTimeMs: Float64Array;
  readonly arrivalTimeMs: Float64Array;
  /** The combined watermark of the source before this row; −∞ when there is none yet. Never falls. */
  readonly watermarkMs: Float64Array;
  /** Index of the split (within its source) that the rows came from. */
  readonly split: number;
}
