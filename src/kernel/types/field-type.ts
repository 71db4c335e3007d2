// The value types of records and features. A type is plain frozen data: it can be compared,
// printed and sent over a wire. How a type looks in JavaScript is said beside each kind.

/** A scalar kind without parameters. */
export type ScalarKind =
  | 'bool' // boolean
  | 'int32' // number
  | 'int64' // bigint, signed 64 bit: never rounded
  | 'count' // number: an int64 everywhere outside, refused above 2^53 - 1
  | 'float32' // number
  | 'float64' // number
  | 'string' // string
  | 'bytes' // Uint8Array (base64 in JSON)
  | 'timestamp' // number: epoch milliseconds, UTC
  | 'date' // string 'YYYY-MM-DD' (days since the epoch in columns)
  | 'json'; // string: the JSON text as it came

/** A type of value. Nullability belongs to the field, not to the type. */
export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number } // string
  | { readonly kind: 'list'; readonly item: FieldType } // array
  | { readonly kind: 'map'; readonly value: FieldType } // record with string keys
  | { readonly kind: 'struct'; readonly fields: readonly Field[] }; // object

export type TypeKind = FieldType['kind'];

/** A named, typed column of a record. `default` replaces a missing field (JSON-like value). */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly default?: unknown;
}

/** The columns of a record, in order. Names are unique. */
export interface RowType {
  readonly fields: readonly Field[];
}

/** A value of any field type as JavaScript sees it; null where the field is nullable. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value };

const numericKinds: ReadonlySet<TypeKind> = new Set([
  'int32',
  'int64',
  'count',
  'float32',
  'float64',
  'decimal',
]);

export function isNumericType(type: FieldType): boolean {
  return numericKinds.has(type.kind);
}

export function isIntegerType(type: FieldType): boolean {
  return type.kind === 'int32' || type.kind === 'int64' || type.kind === 'count';
}

/** Types with a total order: usable in min, max, comparisons. Strings order by UTF-8 bytes. */
export function isOrderedType(type: FieldType): boolean {
  return (
    isNumericType(type) ||
    type.kind === 'string' ||
    type.kind === 'timestamp' ||
    type.kind === 'date' ||
    type.kind === 'bool'
  );
}

export function sameType(a: FieldType, b: FieldType): boolean {
  return a === b || formatType(a) === formatType(b);
}

/** The type as people write it: `float64`, `decimal(10,2)`, `list(string)`. */
export function formatType(type: FieldType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'list':
      return `list(${formatType(type.item)})`;
    case 'map':
      return `map(string, ${formatType(type.value)})`;
    case 'struct':
      return `struct(${type.fields.map(formatField).join(', ')})`;
    default:
      return type.kind;
  }
}

export function formatField(field: Field): string {
  return `${field.name} ${formatType(field.type)}${field.nullable ? '?' : ''}`;
}
