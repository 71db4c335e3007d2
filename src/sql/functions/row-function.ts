// Functions of rows that the plan does not have: values in, a value out, as Flink computes it. They know
// nothing of windows and of keys; what they give is a column like those that records hold.
import type { Value } from '../../kernel/types/field-type.ts';

/** What a row has besides its columns. */
export interface RowContext {
  /** The watermark before the row; −∞ when there is none yet. */
  readonly watermarkMs: number;
}

/** Arguments are null only for functions that say so. Throws RowError where Flink fails the job. */
export type RowFunction = (args: readonly Value[], row: RowContext) => Value;

/** A value that cannot be computed. */
export class RowError extends Error {}
