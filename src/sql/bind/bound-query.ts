// A query as a plan of one view, and how a row of the query is made from what the view gives.
import type { Value } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import type { Plan } from '../../plan/plan.ts';
import type { WindowNode } from '../../plan/window.ts';
import type { ScalarColumn } from './expressions/scalar-columns.ts';
import type { SqlTable } from './sql-table.ts';
import type { SqlType } from './sql-type.ts';

/** How a feature's value becomes the value of SQL. */
export type Finish =
  | { readonly kind: 'as-is' }
  /** A sum of INT: the engine's is wider, Flink's wraps around. */
  | { readonly kind: 'int' }
  /** AVG of exact numbers: a sum by a count, cut to `scale` places (toward zero for whole numbers). */
  | { readonly kind: 'quotient'; readonly count: string; readonly inputScale: number };

export type WindowPart = 'start' | 'end' | 'time';

export type OutputValue =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'feature'; readonly name: string; readonly finish: Finish }
  | { readonly kind: 'window'; readonly part: WindowPart }
  /** Computed from features and columns together; its place in `computed`. */
  | { readonly kind: 'computed'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: Value }
  /** A column of the record that the row is of; its place in `passed`. */
  | { readonly kind: 'passed'; readonly index: number };

export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly value: OutputValue;
}

/** Which rows a query has. */
export type QueryKind =
  /** One for each record: nothing is kept. */
  | 'rows'
  /** One for each record, with aggregates of a window that ends at it. */
  | 'over'
  /** One for each window that is over and holds a record. */
  | 'window'
  /** One for each group, that changes. */
  | 'group';

/** Names of features that rows are chosen by, and are no columns. */
export const hidden = {
  /** Records in a window. */
  count: 'own_count',
  /** When a session began. */
  start: 'own_start',
  /** The event time of tables without a watermark: always the epoch. */
  rowtime: 'own_rowtime',
} as const;

/** A boundary of the window of a row, as a column that expressions over results may name. */
export function windowColumn(part: WindowPart): string {
  return `own_window_${part}`;
}

export interface BoundQuery {
  readonly kind: QueryKind;
  /** What it reads: a table, or the results of `upstream` as one. */
  readonly table: SqlTable;
  /** The query whose rows it reads. */
  readonly upstream: BoundQuery | null;
  /** One stream (`input`), one entity, one view (`query`). */
  readonly plan: Plan;
  readonly columns: readonly OutputColumn[];
  /** Functions of its records that the plan does not have: columns behind those of the table. */
  readonly scalars: readonly ScalarColumn[];
  /** The same over features, keys and columns that pass. */
  readonly outputScalars: readonly ScalarColumn[];
  /** Of each record, for columns that pass through; over the stream's fields. */
  readonly passed: readonly Expression[];
  /** Over features by their names, keys (`k0`) and columns that pass through (`p0`). */
  readonly computed: readonly Expression[];
  readonly predicates: readonly Expression[];
  /** Whose boundaries its rows have; null: none. */
  readonly window: WindowNode | null;
  /** The place of HAVING in `computed`. */
  readonly having: number | null;
  /** Rows are taken back: what reads them must follow that. */
  readonly isChanging: boolean;
}

/** The table that the rows come from in the end. */
export function sourceTable({ upstream, table }: BoundQuery): SqlTable {
  return upstream === null ? table : sourceTable(upstream);
}
