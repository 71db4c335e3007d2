// Columns of a query that are computed from aggregates and columns together, when both are known: the
// expressions run over a small batch of features, keys and columns that passed through.
import { compileProjection } from '../../codegen/compile-projection.ts';
import type { Projection } from '../../codegen/projection.ts';
import { columnForField, ensureRows } from '../../columns/column-builder.ts';
import type { Column } from '../../columns/column.ts';
import { putValue } from '../../columns/put-value.ts';
import { readValue } from '../../columns/read-value.ts';
import type { VectorBatch } from '../../columns/vector-batch.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { Field, Value } from '../../kernel/types/field-type.ts';
import { featureFields } from '../../plan/plan.ts';
import { type BoundQuery, windowColumn, type WindowPart } from '../../sql/bind/bound-query.ts';
import { passedName, scalarFields } from '../../sql/bind/query-plan.ts';
import { ScalarRows } from './scalar-rows.ts';

/** What is known of a row besides its features. */
export interface KnownColumns {
  readonly key: Readonly<Record<string, Value>>;
  readonly passed: readonly Value[];
  /** The window of the row. */
  readonly window: Readonly<Record<WindowPart, number>> | null;
}

const parts: readonly WindowPart[] = ['start', 'end', 'time'];

export class ComputedColumns {
  readonly #query: BoundQuery;
  readonly #keys: readonly Field[];
  readonly #passed: readonly Field[];
  readonly #windows: readonly Field[];
  readonly #scalars: ScalarRows;
  readonly #project: Projection;

  constructor(query: BoundQuery, keys: readonly Field[]) {
    this.#query = query;
    this.#keys = keys;
    this.#passed = query.passed.map(({ type }, i) => ({
      name: passedName(i),
      type,
      nullable: true,
    }));
    const [view] = query.plan.views;
    const features = view === undefined ? [] : featureFields(view);
    const isWindowed = query.kind === 'window';
    this.#windows = (isWindowed ? parts : []).map((part) => ({
      ...{ name: windowColumn(part), type: { kind: 'timestamp' }, nullable: false },
    }));
    const fields = [...features, ...keys, ...this.#passed, ...this.#windows];
    this.#scalars = new ScalarRows(query.outputScalars, fields);
    this.#project = compileProjection({
      fields: [...fields, ...scalarFields(query.outputScalars)],
      predicates: [],
      outputs: query.computed,
    });
  }

  /** For each row the values of all computed columns. */
  valuesOf(batch: VectorBatch, rows: readonly KnownColumns[]): readonly (readonly Value[])[] {
    const keys = this.#keys.map((field) => columnOf(field, rows, ({ key }) => key[field.name]));
    const passed = this.#passed.map((field, i) => columnOf(field, rows, (row) => row.passed[i]));
    const windows = this.#windows.map((field, i) =>
      columnOf(field, rows, ({ window }) => window?.[parts[i] as WindowPart]),
    );
    const known = [...batch.columns, ...keys, ...passed, ...windows];
    const columns = this.#scalars.extend({ columns: known, rowCount: batch.rowCount });
    const result = this.#project({ columns, rowCount: batch.rowCount });
    const [failure] = result.failures;
    if (failure !== undefined) throw new MillraceError('MR_DATA_OVERFLOW', failure.message);
    return rows.map((_, row) =>
      this.#query.computed.map(({ type, nullable }, i) => {
        const column = result.columns[i];
        return column === undefined ? null : readValue(column, { name: '', type, nullable }, row);
      }),
    );
  }
}

function columnOf(
  field: Field,
  rows: readonly KnownColumns[],
  valueOf: (row: KnownColumns) => Value | undefined,
): Column {
  const builder = columnForField(field, rows.length);
  ensureRows(builder, rows.length);
  for (const [i, row] of rows.entries()) putValue(builder, field.type, i, valueOf(row) ?? null);
  return builder;
}
