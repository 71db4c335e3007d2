// Labels: entities at instants, with whatever else the file holds. The columns that a view needs are
// checked before anything is read from history.
import { encodeKey } from '../kernel/key-encoding.ts';
import { MillraceError } from '../kernel/errors/millrace-error.ts';
import { nearestName } from '../kernel/nearest-name.ts';
import { type Field, type FieldType, type Value, formatType } from '../kernel/types/field-type.ts';
import type { ViewNode } from '../plan/plan.ts';
import type { Table } from '../ports/table.ts';

/** Types of the key columns and of the time column, for files that have no types of their own. */
export function knownLabelTypes(
  views: readonly ViewNode[],
  timeColumn: string,
): ReadonlyMap<string, FieldType> {
  const types = new Map<string, FieldType>([[timeColumn, { kind: 'timestamp' }]]);
  for (const view of views) for (const { name, type } of view.key) types.set(name, type);
  return types;
}

/** Instants of the labels; throws MR_LABELS for a missing column, a wrong type or an empty cell. */
export function labelTimes(labels: Table, timeColumn: string, path: string): Float64Array {
  const index = columnIndex(labels, timeColumn, path, 'name the time column with --time-column');
  const type = labels.fields[index]?.type;
  if (type?.kind !== 'timestamp' && type?.kind !== 'int64' && type?.kind !== 'date') {
    const shown = type === undefined ? 'nothing' : formatType(type);
    throw labelError(
      path,
      `column "${timeColumn}" holds ${shown}, not instants`,
      'make it a timestamp',
    );
  }
  const values = labels.columns[index] ?? [];
  return Float64Array.from(values, (value, row) => {
    const ms = typeof value === 'string' ? Date.parse(value) : Number(value ?? Number.NaN);
    if (Number.isFinite(ms)) return ms;
    throw labelError(path, `row ${row + 1}: "${timeColumn}" is empty`, 'every label needs a time');
  });
}

/** Keys of all labels for one view, end to end; an empty range with `isAbsent` where there is none. */
export interface LabelKeys {
  readonly keyData: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** 1 where a key part is null that cannot be: such an entity does not exist. */
  readonly isAbsent: Uint8Array;
}

export function labelKeys(labels: Table, view: ViewNode, path: string): LabelKeys {
  const fields: readonly Field[] = view.key.map(({ name, type, nullable }) => ({
    name,
    type,
    nullable,
  }));
  const columns = fields.map((field) => keyColumn(labels, field, view, path));
  const keys: Uint8Array[] = [];
  const isAbsent = new Uint8Array(labels.rowCount);
  for (let row = 0; row < labels.rowCount; row++) {
    const key = Object.fromEntries(fields.map(({ name }, i) => [name, columns[i]?.[row] ?? null]));
    if (fields.some(({ name, nullable }) => key[name] === null && !nullable)) isAbsent[row] = 1;
    keys.push(isAbsent[row] === 1 ? new Uint8Array(0) : encodeKey(fields, key));
  }
  return { ...joinBytes(keys), isAbsent };
}

function keyColumn(labels: Table, field: Field, view: ViewNode, path: string): readonly Value[] {
  const fix = `the file needs the join keys of ${view.name}: ${view.key.map(({ name }) => name).join(', ')}`;
  const index = columnIndex(labels, field.name, path, fix);
  const { kind } = labels.fields[index]?.type ?? { kind: 'string' };
  const values = labels.columns[index] ?? [];
  if (kind === field.type.kind) return values;
  if (kind === 'int64' && (field.type.kind === 'int32' || field.type.kind === 'timestamp')) {
    return values.map((value) => (value === null ? null : Number(value)));
  }
  if (values.every((value) => value === null)) return values;
  const wanted = formatType(field.type);
  const message = `column "${field.name}" holds ${kind}, and the key of ${view.name} is ${wanted}`;
  throw labelError(path, message, `cast the column to ${wanted}`);
}

function columnIndex(labels: Table, name: string, path: string, fix: string): number {
  const index = labels.fields.findIndex((field) => field.name === name);
  if (index >= 0) return index;
  const names = labels.fields.map((field) => field.name);
  const nearest = nearestName(name, names);
  const hint = nearest === null ? `it has: ${names.join(', ')}` : `did you mean "${nearest}"?`;
  throw labelError(path, `there is no column "${name}"; ${hint}`, fix);
}

function labelError(path: string, message: string, fix: string): MillraceError {
  return new MillraceError('MR_LABELS', message, { context: { path }, fix });
}

function joinBytes(parts: readonly Uint8Array[]): Omit<LabelKeys, 'isAbsent'> {
  const starts = new Int32Array(parts.length);
  const ends = new Int32Array(parts.length);
  const keyData = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    keyData.set(part, at);
    starts[i] = at;
    at += part.length;
    ends[i] = at;
  }
  return { keyData, starts, ends };
}
