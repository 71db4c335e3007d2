// A schema as JSON values, each named type once where it first stands, with what matters to readers:
// defaults, aliases, logical types; no documentation.
import type {
  AvroSchema,
  EnumSchema,
  FixedSchema,
  LogicalType,
  RecordSchema,
} from './avro-schema.ts';

/** JSON-like values of a schema. */
export function printAvroSchema(schema: AvroSchema, known = new Set<string>()): unknown {
  switch (schema.kind) {
    case 'union':
      return schema.branches.map((branch) => printAvroSchema(branch, known));
    case 'array':
      return { type: 'array', items: printAvroSchema(schema.items, known) };
    case 'map':
      return { type: 'map', values: printAvroSchema(schema.values, known) };
    case 'record':
    case 'enum':
    case 'fixed':
      return printNamed(schema, known);
    default:
      if (schema.logical === undefined) return schema.kind;
      return { type: schema.kind, ...printLogical(schema.logical) };
  }
}

function printNamed(schema: RecordSchema | EnumSchema | FixedSchema, known: Set<string>): unknown {
  const { kind: type, fullName: name, aliases } = schema;
  if (known.has(name)) return name;
  known.add(name);
  const named = { type, name, ...(aliases.length > 0 ? { aliases } : {}) };
  if (schema.kind === 'fixed') {
    const { size, logical } = schema;
    return { ...named, size, ...(logical === undefined ? {} : printLogical(logical)) };
  }
  if (schema.kind === 'enum') {
    const { symbols, defaultSymbol } = schema;
    return {
      ...named,
      symbols,
      ...(defaultSymbol === undefined ? {} : { default: defaultSymbol }),
    };
  }
  const fields = schema.fields.map((field) => ({
    name: field.name,
    type: printAvroSchema(field.schema, known),
    ...(field.aliases.length > 0 ? { aliases: field.aliases } : {}),
    ...(field.hasDefault ? { default: field.defaultValue } : {}),
  }));
  return { ...named, fields };
}

function printLogical(logical: LogicalType): object {
  switch (logical.kind) {
    case 'decimal': {
      const { precision, scale } = logical;
      return { logicalType: 'decimal', precision, scale };
    }
    case 'timestamp': {
      const unit = { ms: 'millis', us: 'micros', ns: 'nanos' }[logical.unit];
      return { logicalType: `timestamp-${unit}` };
    }
    default:
      return { logicalType: logical.kind };
  }
}
