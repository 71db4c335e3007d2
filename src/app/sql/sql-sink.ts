// What takes the rows of a query, and the values of a row as its table has them.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { minWatermark } from '../../kernel/instant.ts';
import type { Value } from '../../kernel/types/field-type.ts';
import type { SqlTarget } from '../../sql/bind/bind-script.ts';
import type { SqlRow } from './sql-row.ts';

/** Takes rows in order. */
export interface SqlSink {
  /** Resolves when the rows are where they count. */
  write(rows: readonly SqlRow[]): Promise<void>;
  close(): Promise<void>;
}

export interface SinkContext {
  readonly baseDirectory: string;
  /** A line of what `print` tables show. */
  readonly print: (line: string) => void;
}

export type OpenSink = () => Promise<SqlSink>;

const noRow = { watermarkMs: minWatermark };

/** The query's values as the table's. */
export function valuesOf({ columns, table }: SqlTarget, row: SqlRow): readonly Value[] {
  return columns.map(({ from, cast, name, isNullable }) => {
    const given = from === null ? null : (row.values[from] ?? null);
    const value = cast === null || given === null ? given : cast([given], noRow);
    if (value === null && !isNullable) throw nullProblem(table.name, name);
    return value;
  });
}

function nullProblem(table: string, column: string): MillraceError {
  const what = `column ${column} of table ${table} is NOT NULL, and a row has no value for it`;
  return new MillraceError('MR_SQL_VALUE', what, {
    fix: 'filter such rows out with WHERE … IS NOT NULL, or give them a value with COALESCE',
  });
}
