// Avro schemas as data: names resolved, recursion as references to the same node. Attributes that
// Avro does not define are not kept.

export type AvroPrimitive =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'bytes'
  | 'string';

/** What a primitive or fixed stands for; unknown or ill-formed ones are dropped, as Avro says. */
export type LogicalType =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'date' }
  | { readonly kind: 'timestamp'; readonly unit: 'ms' | 'us' | 'ns' };

export interface PrimitiveSchema {
  readonly kind: AvroPrimitive;
  readonly logical?: LogicalType;
}

interface NamedSchema {
  /** With the namespace. */
  readonly fullName: string;
  readonly aliases: readonly string[];
}

export interface FixedSchema extends NamedSchema {
  readonly kind: 'fixed';
  readonly size: number;
  readonly logical?: LogicalType;
}

export interface EnumSchema extends NamedSchema {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
  readonly defaultSymbol?: string;
}

export interface ArraySchema {
  readonly kind: 'array';
  readonly items: AvroSchema;
}

export interface MapSchema {
  readonly kind: 'map';
  readonly values: AvroSchema;
}

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly schema: AvroSchema;
  readonly hasDefault: boolean;
  /** JSON, as the schema has it. */
  readonly defaultValue?: unknown;
}

export interface RecordSchema extends NamedSchema {
  readonly kind: 'record';
  readonly fields: readonly AvroField[];
}

export interface UnionSchema {
  readonly kind: 'union';
  readonly branches: readonly AvroSchema[];
}

export type AvroSchema =
  | PrimitiveSchema
  | FixedSchema
  | EnumSchema
  | ArraySchema
  | MapSchema
  | RecordSchema
  | UnionSchema;

/** The name without its namespace. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1);
}

/** The schema as people write it: `string`, `array of int`, `union of null, long`, `record a.B`. */
export function describeSchema(schema: AvroSchema): string {
  switch (schema.kind) {
    case 'array':
      return `array of ${describeSchema(schema.items)}`;
    case 'map':
      return `map of ${describeSchema(schema.values)}`;
    case 'union':
      return `union of ${schema.branches.map(describeSchema).join(', ')}`;
    case 'record':
    case 'enum':
      return `${schema.kind} ${schema.fullName}`;
    case 'fixed':
      return `fixed ${schema.fullName} of ${schema.size} bytes${describeLogical(schema.logical)}`;
    default:
      return `${schema.kind}${describeLogical(schema.logical)}`;
  }
}

function describeLogical(logical: LogicalType | undefined): string {
  if (logical === undefined) return '';
  switch (logical.kind) {
    case 'decimal':
      return ` (decimal ${logical.precision}, ${logical.scale})`;
    case 'timestamp':
      return ` (timestamp in ${logical.unit})`;
    default:
      return ` (${logical.kind})`;
  }
}
