// Features that are computed at read time, in a training set: the code that answers requests runs over
// label columns (what a request would have brought) and joined features (what would have been stored).
// So both give the same value, but where a served value is older than its ttl: that one is computed of
// the old value and says OUTSIDE_MAX_AGE, here it is computed of null.
import { compileOnDemand } from '../codegen/compile-on-demand.ts';
import { type ColumnBuilder, columnForField, ensureRows } from '../columns/column-builder.ts';
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import { convertValue } from '../columns/decode/convert-value.ts';
import { FieldProblem } from '../columns/decode/field-problem.ts';
import { parseInstant } from '../columns/parse-time.ts';
import { putValue } from '../columns/put-value.ts';
import { readValue } from '../columns/read-value.ts';
import { type Field, type FieldType, formatType, sameType } from '../kernel/types/field-type.ts';
import type { Value } from '../kernel/types/field-type.ts';
import { onDemandInputs, storedColumn } from '../plan/on-demand-inputs.ts';
import type { OnDemandViewNode, Plan } from '../plan/plan.ts';
import { labelColumn, labelError } from './label-columns.ts';
import type { ViewColumns } from './view-columns.ts';

/** On-demand views of a training set, with what their requests would have brought. */
export interface OnDemandJoin {
  readonly plan: Plan;
  readonly nodes: readonly OnDemandViewNode[];
  /** Columns of the labels by the name of a request's field. */
  readonly request: ReadonlyMap<string, Column>;
}

/** Types of the columns that requests would have brought, for files without types. */
export function requestTypes(nodes: readonly OnDemandViewNode[]): ReadonlyMap<string, FieldType> {
  return new Map(nodes.flatMap(({ request }) => request.map(({ name, type }) => [name, type])));
}

/** Takes the columns of requests from the labels; throws MR_LABELS for what is missing or unfit. */
export function joinOnDemand(
  plan: Plan,
  nodes: readonly OnDemandViewNode[],
  labels: ColumnTable,
  path: string,
): OnDemandJoin {
  const request = new Map<string, Column>();
  for (const node of nodes) {
    for (const field of node.request) {
      request.set(field.name, requestColumn(node, field, labels, path));
    }
  }
  return { plan, nodes, request };
}

function requestColumn(
  node: OnDemandViewNode,
  field: Field,
  labels: ColumnTable,
  path: string,
): Column {
  const { name, type, nullable } = field;
  const isThere = labels.fields.some((label) => label.name === name);
  if (!isThere && field.default !== undefined)
    return converted(field, () => undefined, labels, path);
  const fix = `on-demand view "${node.name}" is computed from ${name}: add the column`;
  const { column, field: label } = labelColumn(labels, name, path, fix);
  if (!sameType(label.type, type)) {
    return converted(field, (row) => readValue(column, label, row), labels, path);
  }
  if (nullable) return column;
  for (let row = 0; row < labels.rowCount; row++) {
    if (column.nulls[row] === 1) throw nullRequest(field, row, path);
  }
  return column;
}

/** Values of another type, or of none, as the request's type takes them. */
function converted(
  field: Field,
  valueOf: (row: number) => Value | undefined,
  labels: ColumnTable,
  path: string,
): ColumnBuilder {
  const builder = columnForField(field);
  ensureRows(builder, labels.rowCount);
  for (let row = 0; row < labels.rowCount; row++) {
    const given = valueOf(row) ?? field.default ?? null;
    if (given === null && !field.nullable) throw nullRequest(field, row, path);
    putValue(builder, field.type, row, given === null ? null : fitted(field, given, row, path));
  }
  return builder;
}

function fitted({ name, type }: Field, given: unknown, row: number, path: string): Value {
  const isInstant = type.kind === 'timestamp' && typeof given === 'string';
  try {
    return convertValue(type, isInstant ? parseInstant(given) : given, name);
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error;
    const fix = `the column must hold ${formatType(type)}`;
    throw labelError(path, `row ${row + 1}: ${error.message}`, fix);
  }
}

function nullRequest({ name }: Field, row: number, path: string): Error {
  const fix = 'fill it, or declare the field of the request .nullable()';
  return labelError(path, `row ${row + 1}: "${name}" is empty`, fix);
}

/** What the on-demand views of a training set add to it, by view. */
export interface ComputedColumns {
  readonly view: { readonly name: string };
  readonly fields: readonly Field[];
  readonly columns: readonly Column[];
}

/** Computes every on-demand view over the joined features of all labels. */
export function onDemandColumns(
  { plan, nodes, request }: OnDemandJoin,
  joined: readonly ViewColumns[],
  rowCount: number,
): readonly ComputedColumns[] {
  const columnOf = new Map<string, Column>(request);
  for (const { view, fields, columns } of joined) {
    for (const [i, { name }] of fields.entries()) {
      columnOf.set(storedColumn(view.name, name), columns[i] as Column);
    }
  }
  return nodes.map((node) => {
    const program = compileOnDemand(node.features, onDemandInputs(plan, node));
    const inputs = program.inputs.map(({ name }) => columnOf.get(name) as Column);
    const { columns } = program.evaluate(inputs, rowCount);
    const fields = node.features.map(({ name, type }) => ({ name, type, nullable: true }));
    return { view: node, fields, columns };
  });
}
