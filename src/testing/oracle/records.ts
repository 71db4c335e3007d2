// A record as the oracle keeps it, and the one order of records: event time, id, arrival.
import type { FieldType, Value } from '../../kernel/types/field-type.ts';
import type { DeliveredRow } from './delivery.ts';
import { compareValues } from './values.ts';

export interface OracleRecord {
  readonly ts: number;
  /** Value of the stream's id field; null where there is none. */
  readonly id: Value;
  /** Position among all rows of the run. */
  readonly arrival: number;
  readonly delivered: DeliveredRow;
  /** The combined watermark when it arrived. */
  readonly watermarkMs: number;
  /** Keys of the windows that took it and have not forgotten it. */
  readonly takenBy: Set<string>;
  /** Keys of the windows that forgot it at their clean-up since the key was last evaluated. */
  readonly forgottenBy: Set<string>;
  /** Per feature: the aggregate's input, and whether its `where` lets the record through. */
  readonly inputs: readonly Value[];
  readonly passes: readonly boolean[];
}

export type RecordOrder = (a: OracleRecord, b: OracleRecord) => number;

/** The order of records by (event time, id, arrival); a null id comes first. */
export function recordOrder(idType: FieldType | null): RecordOrder {
  return (a, b) => a.ts - b.ts || compareIds(idType, a.id, b.id) || a.arrival - b.arrival;
}

function compareIds(type: FieldType | null, a: Value, b: Value): number {
  if (type === null || a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareValues(type, a, b);
}
