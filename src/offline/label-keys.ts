// Keys of labels for one view, numbered: equal keys have equal numbers.
import type { ColumnTable } from '../columns/column-table.ts';
import { columnForField, ensureRows } from '../columns/column-builder.ts';
import type { Column } from '../columns/column.ts';
import { KeyEncoder, keyTagOf } from '../engine/operators/key-encoder.ts';
import { KeyTable } from '../engine/state/key-table.ts';
import { type Field, formatType } from '../kernel/types/field-type.ts';
import type { ViewNode } from '../plan/plan.ts';
import { labelColumn, labelError } from './label-columns.ts';

export interface LabelKeys {
  readonly keys: KeyTable;
  /** Number of each label's key; -1 where a part is null that cannot be: there is no such entity. */
  readonly keySlots: Int32Array;
}

/** Throws MR_LABELS for a missing key column or one of another type. */
export function labelKeys(labels: ColumnTable, view: ViewNode, path: string): LabelKeys {
  const { rowCount } = labels;
  const columns = view.key.map((field) => keyColumn(labels, field, view, path));
  const required = columns.filter((_, i) => view.key[i]?.nullable !== true);
  const selected = new Int32Array(rowCount);
  let count = 0;
  for (let row = 0; row < rowCount; row++) {
    let isAbsent = false;
    for (let i = 0; i < required.length; i++) isAbsent ||= required[i]?.nulls[row] === 1;
    if (!isAbsent) selected[count++] = row;
  }
  const keys = new KeyTable();
  const slots = new Int32Array(count);
  const parts = columns.map((column, i) => ({
    column,
    tag: keyTagOf(view.key[i]?.type.kind ?? ''),
  }));
  new KeyEncoder().resolve(keys, parts, { selected, count }, { slots, first: 0 });
  const keySlots = new Int32Array(rowCount).fill(-1);
  for (let i = 0; i < count; i++) keySlots[selected[i] as number] = slots[i] as number;
  return { keys, keySlots };
}

function keyColumn(labels: ColumnTable, field: Field, view: ViewNode, path: string): Column {
  const names = view.key.map(({ name }) => name).join(', ');
  const fix = `the labels need the join keys of ${view.name}: ${names}`;
  const found = labelColumn(labels, field.name, path, fix);
  const { kind } = found.field.type;
  if (kind === field.type.kind) return found.column;
  const cast = castWhole(found.column, field, labels.rowCount);
  if (cast !== null) return cast;
  const wanted = formatType(field.type);
  const holds = formatType(found.field.type);
  const message = `column "${field.name}" holds ${holds}, and the key of ${view.name} is ${wanted}`;
  throw labelError(path, message, `cast the column to ${wanted}`);
}

/** Whole numbers and all-null columns as the key's type; null when one does not fit. */
function castWhole(column: Column, field: Field, rowCount: number): Column | null {
  const target = columnForField(field);
  ensureRows(target, rowCount);
  const isWhole = column.kind === 'int32' || column.kind === 'int64';
  for (let row = 0; row < rowCount; row++) {
    target.nulls[row] = column.nulls[row] as number;
    if (column.nulls[row] === 1) continue;
    if (!isWhole || field.type.kind === 'date') return null;
    const value = column.values[row] as number | bigint;
    if (target.kind === 'int64') target.values[row] = BigInt(value);
    else if (target.kind === 'float64') target.values[row] = Number(value);
    else if (target.kind !== 'int32') return null;
    else if (Number(value) === (Number(value) | 0)) target.values[row] = Number(value);
    else return null;
  }
  return target;
}
