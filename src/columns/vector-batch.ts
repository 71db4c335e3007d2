// What a view emits: feature vectors. One row is all features of one key evaluated at `asOfMs`.
// Within a batch rows of a key are in (asOf, seq) order. Reused by the producer after the call.
import type { Field } from '../kernel/types/field-type.ts';
import type { Column } from './column.ts';

export interface VectorBatch {
  readonly view: string;
  readonly rowCount: number;
  /** Encoded key (`kernel/key-encoding.ts`) of row i: `keyData[keyStarts[i] .. keyEnds[i])`. */
  readonly keyData: Uint8Array;
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  /** Dense number of the key within this operator: equal numbers are equal keys. */
  readonly keySlots: Int32Array;
  /** Greatest event time that the key has seen up to this row. */
  readonly eventTimeMs: Float64Array;
  /** The instant for which the values are right. */
  readonly asOfMs: Float64Array;
  /** Number of records applied to the key. */
  readonly seq: Float64Array;
  /** Arrival of the record that caused the row; for timers, of the newest record applied. */
  readonly arrivalTimeMs: Float64Array;
  /** Features then derived features: `featureFields(view)`. */
  readonly fields: readonly Field[];
  readonly columns: readonly Column[];
}
