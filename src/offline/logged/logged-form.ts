// How a feature lies in the log, and back: lists and maps of scalars as they are, what is nested
// deeper as JSON text.
import { type ColumnBuilder, columnForField, ensureRows } from '../../columns/column-builder.ts';
import type { Column } from '../../columns/column.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { putValue } from '../../columns/put-value.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Field, FieldType } from '../../kernel/types/field-type.ts';

export interface LoggedForm {
  /** What is read. */
  readonly field: Field;
  /** The column of the feature's own type. */
  decode(column: ColumnBuilder, rowCount: number): Column;
}

export function loggedForm(field: Field): LoggedForm {
  if (!isJson(field.type)) return { field, decode: (column) => column };
  const json: Field = { name: field.name, type: { kind: 'json' }, nullable: true };
  const parsed = columnForField(field);
  return {
    field: json,
    decode: (column, rowCount) => {
      ensureRows(parsed, rowCount);
      for (let row = 0; row < rowCount; row++) {
        const text = readValue(column, json, row);
        const value =
          text === null ? null : convertValue(field.type, JSON.parse(String(text)), field.name);
        putValue(parsed, field.type, row, value);
      }
      return parsed;
    },
  };
}

function isJson(type: FieldType): boolean {
  if (type.kind === 'list') return isNested(type.item);
  if (type.kind === 'map') return isNested(type.value);
  return type.kind === 'struct';
}

function isNested({ kind }: FieldType): boolean {
  return kind === 'list' || kind === 'map' || kind === 'struct';
}
