// Contract: expressions over a batch → columns, by code generated once per plan.
import type { DecodedBatch } from '../columns/batch.ts';
import type { Column } from '../columns/column.ts';
import type { Field } from '../kernel/types/field-type.ts';
import type { Expression } from '../plan/expression.ts';

export interface ProjectionOptions {
  readonly fields: readonly Field[];
  /** A row is selected when every predicate is true (not null). */
  readonly predicates: readonly Expression[];
  /** A plain column reference is passed through without a copy. Booleans become `bool` columns. */
  readonly outputs: readonly Expression[];
}

/** Valid until the next call. Entries of rows that are not selected are meaningless. */
export interface ProjectionResult {
  readonly columns: readonly Column[];
  /** Row numbers, ascending: the first `selectedCount` entries. */
  readonly selected: Int32Array;
  readonly selectedCount: number;
  /** Rows whose evaluation failed (integer overflow): not among the selected. */
  readonly failures: readonly ProjectionFailure[];
}

export interface ProjectionFailure {
  readonly row: number;
  readonly message: string;
}

export type Projection = (batch: Pick<DecodedBatch, 'columns' | 'rowCount'>) => ProjectionResult;
