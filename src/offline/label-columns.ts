// Columns of a table of labels, found by name; what is missing or of another type is told at once,
// before anything is read from history.
import type { ColumnTable } from '../columns/column-table.ts';
import type { Column } from '../columns/column.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { nearestName } from '../kernel/nearest-name.ts';
import type { Field, FieldType } from '../kernel/types/field-type.ts';
import type { ViewNode } from '../plan/plan.ts';

/** Types of the key columns and of the time column, for files that have no types of their own. */
export function knownLabelTypes(
  views: readonly ViewNode[],
  timeColumn: string,
): ReadonlyMap<string, FieldType> {
  const types = new Map<string, FieldType>([[timeColumn, { kind: 'timestamp' }]]);
  for (const view of views) for (const { name, type } of view.key) types.set(name, type);
  return types;
}

/** The column of a name; throws MR_LABELS with the nearest one. */
export function labelColumn(
  labels: ColumnTable,
  name: string,
  path: string,
  fix: string,
): { readonly column: Column; readonly field: Field } {
  const index = labels.fields.findIndex((field) => field.name === name);
  const column = labels.columns[index];
  const field = labels.fields[index];
  if (column !== undefined && field !== undefined) return { column, field };
  const names = labels.fields.map((other) => other.name);
  if (names.length === 0) throw labelError(path, 'there are no columns', fix);
  const nearest = nearestName(name, names);
  const hint = nearest === null ? `it has: ${names.join(', ')}` : `did you mean "${nearest}"?`;
  throw labelError(path, `there is no column "${name}"; ${hint}`, fix);
}

export function labelError(path: string, message: string, fix: string): MillraceError {
  return new MillraceError('MR_LABELS', message, { context: { path }, fix });
}
