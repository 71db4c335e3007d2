// Values and columns as Avro, by the schema that `deriveAvroSchema` gives their types. Numbers and
// text of columns are written without making values of them.
import type { Column } from '../../columns/column.ts';
import { parseDecimal } from '../../columns/parse-decimal.ts';
import { parseDate } from '../../columns/parse-time.ts';
import { readValue } from '../../columns/read-value.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import type { AvroOutput } from './avro-output.ts';
import { signedBytes } from './fixed-values.ts';

/** Writes a field's value: the branch of its union first, when it may be null. */
export function writeField(out: AvroOutput, field: Field, value: Value): void {
  if (!field.nullable) {
    if (value === null) throw new Error(`"${field.name}" is null and not nullable`);
    writeValue(out, field.type, value);
    return;
  }
  writeBranch(out, field, value === null);
  if (value !== null) writeValue(out, field.type, value);
}

/** Writes the value of a row of a column. */
export function writeColumn(out: AvroOutput, field: Field, column: Column, row: number): void {
  if (field.nullable) {
    const isNull = column.nulls[row] === 1;
    writeBranch(out, field, isNull);
    if (isNull) return;
  }
  const { type } = field;
  switch (column.kind) {
    case 'float64':
      writeNumber(out, type, column.values[row] as number);
      return;
    case 'int32':
      out.whole(column.values[row] as number);
      return;
    case 'bool':
      out.byte(column.values[row] as number);
      return;
    case 'bytes':
      out.run(column.data.subarray(column.starts[row], column.ends[row]));
      return;
    case 'int64':
      if (type.kind === 'decimal') out.run(signedBytes(column.values[row] as bigint));
      else out.bigint(column.values[row] as bigint);
      return;
    case 'object':
      writeValue(out, type, readValue(column, field, row));
      return;
  }
}

/** Null stands first in the union, unless the field has another default. */
function writeBranch(out: AvroOutput, field: Field, isNull: boolean): void {
  const nullIsFirst = field.default === undefined || field.default === null;
  out.byte(isNull === nullIsFirst ? 0 : 2);
}

function writeNumber(out: AvroOutput, type: FieldType, value: number): void {
  if (type.kind === 'float64') out.double(value);
  else if (type.kind === 'float32') out.float(value);
  else out.whole(value);
}

function writeValue(out: AvroOutput, type: FieldType, value: Value): void {
  switch (type.kind) {
    case 'bool':
      out.byte(value === true ? 1 : 0);
      return;
    case 'int64':
      out.bigint(BigInt(value as bigint | number));
      return;
    case 'string':
    case 'json':
      out.text(value as string);
      return;
    case 'bytes':
      out.run(value as Uint8Array);
      return;
    case 'date':
      out.whole(parseDate(value as string) ?? 0);
      return;
    case 'decimal': {
      const unscaled = parseDecimal(value as string, type.precision, type.scale);
      if (typeof unscaled !== 'bigint') throw new Error(`no decimal: ${unscaled}`);
      out.run(signedBytes(unscaled));
      return;
    }
    case 'list':
      writeItems(out, type.item, value as readonly Value[]);
      return;
    case 'map':
      writeEntries(out, type.value, value as Readonly<Record<string, Value>>);
      return;
    case 'struct':
      for (const field of type.fields) {
        writeField(out, field, (value as Readonly<Record<string, Value>>)[field.name] ?? null);
      }
      return;
    default:
      writeNumber(out, type, Number(value));
  }
}

/** One block of all items, each of which may be null. */
function writeItems(out: AvroOutput, type: FieldType, items: readonly Value[]): void {
  if (items.length > 0) out.whole(items.length);
  for (const item of items) writeField(out, { name: 'item', type, nullable: true }, item);
  out.byte(0);
}

function writeEntries(
  out: AvroOutput,
  type: FieldType,
  entries: Readonly<Record<string, Value>>,
): void {
  const names = Object.keys(entries);
  if (names.length > 0) out.whole(names.length);
  for (const name of names) {
    out.text(name);
    writeField(out, { name, type, nullable: true }, entries[name] ?? null);
  }
  out.byte(0);
}
