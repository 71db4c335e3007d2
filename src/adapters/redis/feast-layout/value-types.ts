// Which of Feast's value types holds a type of ours. Feast has no date: dates are text. Instants are
// whole seconds there; a list without a type of its own in Feast is a list of values.
import type { FieldType } from '../../../kernel/types/field-type.ts';

/** Numbers of `feast.types.ValueType.Enum`, which are those of the members of `feast.types.Value`. */
export const feastValueTypes = {
  BYTES: 1,
  STRING: 2,
  INT32: 3,
  INT64: 4,
  DOUBLE: 5,
  FLOAT: 6,
  BOOL: 7,
  UNIX_TIMESTAMP: 8,
  BYTES_LIST: 11,
  STRING_LIST: 12,
  INT32_LIST: 13,
  INT64_LIST: 14,
  DOUBLE_LIST: 15,
  FLOAT_LIST: 16,
  BOOL_LIST: 17,
  UNIX_TIMESTAMP_LIST: 18,
  NULL: 19,
  MAP: 20,
  MAP_LIST: 21,
  JSON: 32,
  JSON_LIST: 33,
  STRUCT: 34,
  STRUCT_LIST: 35,
  VALUE_LIST: 42,
  DECIMAL: 44,
  DECIMAL_LIST: 45,
} as const;

export type FeastValueType = keyof typeof feastValueTypes;

/** The type under which Feast keeps and declares values of a type. */
export function feastValueType(type: FieldType): FeastValueType {
  switch (type.kind) {
    case 'bool':
      return 'BOOL';
    case 'int32':
      return 'INT32';
    case 'int64':
    case 'count':
      return 'INT64';
    case 'float32':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'string':
    case 'date':
      return 'STRING';
    case 'bytes':
      return 'BYTES';
    case 'timestamp':
      return 'UNIX_TIMESTAMP';
    case 'json':
      return 'JSON';
    case 'decimal':
      return 'DECIMAL';
    case 'list':
      return listType(feastValueType(type.item));
    case 'map':
      return 'MAP';
    case 'struct':
      return 'STRUCT';
  }
}

function listType(item: FeastValueType): FeastValueType {
  const name = `${item}_LIST`;
  return Object.hasOwn(feastValueTypes, name) ? (name as FeastValueType) : 'VALUE_LIST';
}
