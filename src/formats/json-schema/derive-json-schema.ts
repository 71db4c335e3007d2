// The JSON Schema of rows: what is neither nullable nor has a default is required.
import type { Field, FieldType, RowType } from '../../kernel/types/field-type.ts';

/** The schema's text; `name` becomes its title. */
export function deriveJsonSchema(name: string, { fields }: RowType): string {
  const $schema = 'http://json-schema.org/draft-07/schema#';
  return `${JSON.stringify({ $schema, title: name, ...objectOf(fields) }, null, 2)}\n`;
}

function objectOf(fields: readonly Field[]): object {
  const properties = fields.map((field) => [field.name, propertyOf(field)]);
  const required = fields
    .filter(({ nullable, default: given }) => !nullable && given === undefined)
    .map(({ name }) => name);
  return { type: 'object', properties: Object.fromEntries(properties), required };
}

function propertyOf({ type, nullable, default: given }: Field): object {
  const schema = schemaOf(type);
  const own = 'type' in schema ? schema.type : null;
  const typed = nullable && own !== null ? { ...schema, type: [own, 'null'] } : schema;
  return given === undefined ? typed : { ...typed, default: given };
}

function schemaOf(type: FieldType): object {
  switch (type.kind) {
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
    case 'count':
    case 'timestamp':
      return { type: 'integer' };
    case 'float32':
    case 'float64':
      return { type: 'number' };
    case 'date':
      return { type: 'string', format: 'date' };
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'list':
      return { type: 'array', items: schemaOf(type.item) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(type.value) };
    case 'struct':
      return objectOf(type.fields);
    case 'json':
      return {};
    default:
      return { type: 'string' };
  }
}
