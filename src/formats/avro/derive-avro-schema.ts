// The Avro schema of rows: the reader's schema of a stream, and what outputs are written with.
// Nullable fields are unions with null, which is their default unless they have another.
import { Buffer } from 'node:buffer';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { parseDecimal } from '../../columns/parse-decimal.ts';
import { parseDate } from '../../columns/parse-time.ts';
import type { Field, FieldType, RowType, Value } from '../../kernel/types/field-type.ts';
import { signedBytes } from './fixed-values.ts';

/** The schema's JSON text; `name` becomes the record's name. */
export function deriveAvroSchema(name: string, { fields }: RowType): string {
  return `${JSON.stringify(recordOf(typeName(name), fields), null, 2)}\n`;
}

function recordOf(name: string, fields: readonly Field[]): object {
  return { type: 'record', name, fields: fields.map((field) => fieldOf(field, name)) };
}

function fieldOf(field: Field, parent: string): object {
  const { name, type, nullable, default: given } = field;
  const schema = schemaOf(type, `${parent}_${typeName(name)}`);
  if (given === undefined || given === null) {
    return nullable ? { name, type: ['null', schema], default: null } : { name, type: schema };
  }
  const value = defaultOf(type, convertValue(type, given, name));
  return { name, type: nullable ? [schema, 'null'] : schema, default: value };
}

function schemaOf(type: FieldType, name: string): unknown {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'int32':
      return 'int';
    case 'int64':
    case 'count':
      return 'long';
    case 'float32':
      return 'float';
    case 'float64':
      return 'double';
    case 'json':
      return 'string';
    case 'timestamp':
      return { type: 'long', logicalType: 'timestamp-millis' };
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'decimal': {
      const { precision, scale } = type;
      return { type: 'bytes', logicalType: 'decimal', precision, scale };
    }
    case 'list':
      // Items and values may be null: only fields say that they may not.
      return { type: 'array', items: ['null', schemaOf(type.item, `${name}_item`)] };
    case 'map':
      return { type: 'map', values: ['null', schemaOf(type.value, `${name}_value`)] };
    case 'struct':
      return recordOf(name, type.fields);
    default:
      return type.kind;
  }
}

/** A default as schemas write it: bytes as text of one character a byte. */
function defaultOf(type: FieldType, value: Value): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'int64':
      return Number(value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('latin1');
    case 'date':
      return parseDate(value as string);
    case 'decimal': {
      const unscaled = parseDecimal(value as string, type.precision, type.scale);
      return Buffer.from(signedBytes(unscaled as bigint)).toString('latin1');
    }
    case 'list':
      return (value as readonly Value[]).map((item) => defaultOf(type.item, item));
    case 'map':
      return mapValues(value, (item) => defaultOf(type.value, item));
    case 'struct':
      return mapValues(value, (item, name) => {
        const field = type.fields.find((candidate) => candidate.name === name) as Field;
        return defaultOf(field.type, item);
      });
    default:
      return value;
  }
}

function mapValues(value: Value, convert: (item: Value, name: string) => unknown): object {
  const entries = Object.entries(value as Readonly<Record<string, Value>>);
  return Object.fromEntries(entries.map(([name, item]) => [name, convert(item, name)]));
}

/** `raw.purchases` → `RawPurchases`: letters and digits only. */
function typeName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `_${joined}`;
}
