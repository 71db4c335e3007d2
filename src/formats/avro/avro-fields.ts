// The fields of a schema as a flat list, for comparing versions. A field that may be null is of the
// type that it has otherwise.
import type { SchemaField } from '../../ports/schema-registry.ts';
import { type AvroSchema, describeSchema } from './avro-schema.ts';

/** All fields, nested ones after the field that holds them. */
export function avroFields(schema: AvroSchema): readonly SchemaField[] {
  return fieldsOf(schema, '', new Set());
}

function fieldsOf(
  schema: AvroSchema,
  path: string,
  outer: ReadonlySet<AvroSchema>,
): readonly SchemaField[] {
  if (outer.has(schema)) return [];
  switch (schema.kind) {
    case 'array':
      return fieldsOf(schema.items, `${path}[]`, outer);
    case 'map':
      return fieldsOf(schema.values, `${path}{}`, outer);
    case 'union':
      return schema.branches.flatMap((branch) => fieldsOf(branch, path, outer));
    case 'record': {
      const inside = new Set([...outer, schema]);
      return schema.fields.flatMap(({ name, schema: written, aliases, hasDefault }) => {
        const place = path === '' ? name : `${path}.${name}`;
        const { value, nullable } = withoutNull(written);
        const type = typeOf(value);
        const field = { path: place, key: place, type, hasDefault, nullable, aliases };
        return [field, ...fieldsOf(value, place, inside)];
      });
    }
    default:
      return [];
  }
}

function withoutNull(schema: AvroSchema): {
  readonly value: AvroSchema;
  readonly nullable: boolean;
} {
  if (schema.kind !== 'union') return { value: schema, nullable: schema.kind === 'null' };
  const rest = schema.branches.filter(({ kind }) => kind !== 'null');
  const [only] = rest;
  const value = rest.length === 1 && only !== undefined ? only : { ...schema, branches: rest };
  return { value, nullable: rest.length < schema.branches.length };
}

/** Types that differ here are different types; symbols of enums are part of theirs. */
function typeOf(schema: AvroSchema): string {
  if (schema.kind === 'enum') return `${describeSchema(schema)} of ${schema.symbols.join(', ')}`;
  return describeSchema(schema);
}
