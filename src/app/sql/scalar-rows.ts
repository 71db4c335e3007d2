// Columns by functions that the plan does not have, computed for the rows of a batch: arguments by the
// engine's own generated code, the function by value. A row whose guards are not true has null.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import type { Column } from '../../columns/column.ts';
import { putValue } from '../../columns/put-value.ts';
import { readValue } from '../../columns/read-value.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { RowError } from '../../sql/functions/row-function.ts';
import type { ScalarColumn } from '../../sql/bind/expressions/scalar-columns.ts';
import type { SqlType } from '../../sql/bind/sql-type.ts';

/** Rows with what their functions need. */
export interface ScalarInput {
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** Before each row; absent where there is none. */
  readonly watermarkMs?: Float64Array;
}

interface Step {
  readonly column: ScalarColumn;
  readonly project: Projection;
  readonly builder: ColumnBuilder;
}

export class ScalarRows {
  readonly #steps: readonly Step[];

  /** `fields`: of the columns that a batch has. */
  constructor(columns: readonly ScalarColumn[], fields: readonly Field[]) {
    const known = [...fields];
    this.#steps = columns.map((column) => {
      const outputs = column.args.map(({ node }) => node);
      const project = compileProjection({ fields: known, predicates: column.guards, outputs });
      const field = { name: column.name, type: column.type.field, nullable: true };
      known.push(field);
      return { column, project, builder: columnForField(field) };
    });
  }

  /** The columns with the computed ones behind them, valid until the next call. */
  extend(input: ScalarInput): readonly Column[] {
    if (this.#steps.length === 0) return input.columns;
    const columns = [...input.columns];
    for (const step of this.#steps) columns.push(computed(step, { ...input, columns }));
    return columns;
  }
}

function computed({ column, project, builder }: Step, input: ScalarInput): Column {
  const { rowCount, watermarkMs } = input;
  const { columns, selected, selectedCount, failures } = project(input);
  const [failure] = failures;
  if (failure !== undefined) throw new MillraceError('MR_DATA_OVERFLOW', failure.message);
  ensureRows(builder, rowCount);
  if (builder.kind === 'bytes') builder.dataLength = 0;
  const { field } = column.type;
  let at = 0;
  for (let row = 0; row < rowCount; row++) {
    const isWanted = at < selectedCount && selected[at] === row;
    if (isWanted) at++;
    const args = isWanted
      ? column.args.map(({ node, type }, i) => argumentOf(columns[i] as Column, node, type, row))
      : null;
    const value = args === null ? null : valueOf(column, args, watermarkMs?.[row] ?? -Infinity);
    putValue(builder, field, row, value);
  }
  return builder;
}

function argumentOf(
  column: Column,
  { type: field, nullable }: ScalarColumn['args'][number]['node'],
  type: SqlType,
  row: number,
): Value {
  const value = readValue(column, { name: '', type: field, nullable }, row);
  // Counts are numbers to the plan, and BIGINT to SQL.
  return type.name === 'BIGINT' && typeof value === 'number' ? BigInt(value) : value;
}

const int64Max = 2n ** 63n;

function valueOf(column: ScalarColumn, args: readonly Value[], watermarkMs: number): Value {
  if (!column.takesNull && args.includes(null)) return null;
  try {
    const value = column.run(args, { watermarkMs });
    if (column.type.name === 'DECIMAL' && typeof value === 'string') checkDigits(value);
    return value;
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new MillraceError('MR_SQL_VALUE', `a value cannot be computed: ${error.message}`, {
      cause: error,
      fix: 'filter such records out with WHERE, or choose with CASE WHEN … THEN … END',
    });
  }
}

/** Decimals lie in columns as whole numbers of 64 bits. */
function checkDigits(text: string): void {
  const digits = BigInt(text.replace('.', ''));
  if (digits < int64Max && digits >= -int64Max) return;
  throw new RowError(`${text} has more digits than a decimal has here; CAST it to fewer places`);
}
