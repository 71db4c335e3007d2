// Tables as they were created: columns with types, which one is the event time and how it is made from
// what records hold, connector options. A table is also the stream that a query of it reads.
import type { Field } from '../../kernel/types/field-type.ts';
import type { Expression } from '../../plan/expression.ts';
import type { OptionSyntax, SqlExpression } from '../syntax/syntax-tree.ts';
import type { ScalarColumn } from './expressions/scalar-columns.ts';
import type { SqlType } from './sql-type.ts';

/** What a column holds. */
export type ColumnSource =
  | { readonly kind: 'physical' }
  /** What a topic says of a record. */
  | { readonly kind: 'metadata'; readonly key: MetadataKey }
  | { readonly kind: 'proctime' }
  | { readonly kind: 'computed'; readonly expression: SqlExpression };

export const metadataKeys = ['timestamp', 'partition', 'offset', 'topic'] as const;

export type MetadataKey = (typeof metadataKeys)[number];

/** How an event time is made that records do not hold themselves. */
export type RowtimeReader =
  /** From one column: milliseconds, seconds, or text. */
  | { readonly kind: 'column'; readonly from: string; readonly unit: 'ms' | 's' | 'text' }
  | {
      readonly kind: 'expression';
      readonly node: Expression;
      readonly scalars: readonly ScalarColumn[];
    };

export interface Rowtime {
  readonly column: string;
  readonly delayMs: number;
  /** Absent: records hold it. */
  readonly reader?: RowtimeReader;
}

export interface TableColumn {
  readonly name: string;
  /** Null for computed columns but the event time: it follows from the expression. */
  readonly type: SqlType | null;
  readonly isNullable: boolean;
  readonly source: ColumnSource;
  readonly at: number;
}

export interface SqlTable {
  readonly name: string;
  readonly at: number;
  readonly columns: readonly TableColumn[];
  readonly rowtime: Rowtime | null;
  readonly primaryKey: readonly string[];
  readonly options: ReadonlyMap<string, OptionSyntax>;
}

/** The columns that records hold, as fields. */
export function physicalFields({ columns, rowtime }: SqlTable): readonly Field[] {
  return columns.flatMap(({ name, type, source }) =>
    source.kind === 'physical' && type !== null
      ? [{ name, type: type.field, nullable: rowtime?.column !== name }]
      : [],
  );
}

/** The columns that the topic says, as fields; they stand behind those that records hold. */
export function metadataFields({ columns, rowtime }: SqlTable): readonly Field[] {
  return columns.flatMap(({ name, type, source }) =>
    source.kind === 'metadata' && type !== null
      ? [{ name, type: type.field, nullable: rowtime?.column !== name }]
      : [],
  );
}
