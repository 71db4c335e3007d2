// What a generated update loop computes: aggregates of numbers, each over one staged input column
// and the rows whose mask has its filter's bit.
import type { ColumnBuilder } from '../../columns/column-builder.ts';

/** Aggregates that have a generated form. */
export const loopFunctions = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'first',
  'last',
  'firstN',
  'lastN',
  'stddevPop',
  'stddevSamp',
  'varPop',
  'varSamp',
  'quantile',
  'ewma',
] as const;

export type LoopFunction = (typeof loopFunctions)[number];

export interface LoopAggregate {
  /** Index of the feature, and of its output column. */
  readonly feature: number;
  readonly fn: LoopFunction;
  /** Index of the staged input; -1 for a count. */
  readonly input: number;
  /** Bit number in the rows' masks; -1 when every row counts. */
  readonly filter: number;
  /** quantile: between 0 and 1. */
  readonly quantile: number;
  /** firstN, lastN: how many. */
  readonly limit: number;
  /** ewma: after this long a value counts half. */
  readonly halfLifeMs: number;
}

/** Rows as they are staged: one array per attribute, replaced when they grow. */
export interface StagedRows {
  readonly ts: Float64Array;
  readonly mask: Int32Array;
  readonly values: readonly Float64Array[];
}

/** Where the row that is being made goes. Columns have room for every row of a chunk. */
export interface OutputRow {
  readonly rowCount: number;
  readonly columns: readonly ColumnBuilder[];
  /** Set to the feature whose sum does not fit its type. */
  overflowed: number;
}

/** Numbers per key, `stride` apart; replaced when they grow. */
export interface LoopState {
  data: Float64Array;
}

/** Distinct values in order of appearance, by their text. */
export function distinctBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
