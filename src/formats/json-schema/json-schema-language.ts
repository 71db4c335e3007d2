// JSON Schema as a language of schemas. Records are JSON and can be read without their schema: it is
// there to be compared, with other versions and with what a stream asks for.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatType, type RowType } from '../../kernel/types/field-type.ts';
import type {
  Incompatibility,
  ParsedSchema,
  SchemaField,
  SchemaLanguage,
} from '../../ports/schema-registry.ts';
import { deriveJsonSchema } from './derive-json-schema.ts';
import { holdsType, type JsonNode, jsonFields, JsonSchemaTree } from './json-schema-tree.ts';

/**
 * JSON with a JSON Schema (`properties`, `required`, `type`, `$ref` within the document; what is
 * not looked at, as `pattern` or `allOf`, restricts nothing here). **Fits a stream** when every
 * field that is neither nullable nor has a default is a required property of its type.
 */
export const jsonSchemaLanguage: SchemaLanguage = {
  type: 'JSON',
  name: 'json-schema',
  extensions: ['.schema.json', '.json'],
  parse: ({ text }) => new ParsedJsonSchema(new JsonSchemaTree(parseJson(text))),
  derive: deriveJsonSchema,
};

class ParsedJsonSchema implements ParsedSchema {
  readonly tree: JsonSchemaTree;

  constructor(tree: JsonSchemaTree) {
    this.tree = tree;
  }

  get fields(): readonly SchemaField[] {
    return jsonFields(this.tree, this.tree.root);
  }

  cannotRead(writer: ParsedSchema): readonly Incompatibility[] {
    if (!(writer instanceof ParsedJsonSchema)) {
      return [{ path: '', message: 'is written in another schema language' }];
    }
    return unreadable(this.fields, writer.fields, !this.tree.isOpen);
  }

  cannotFill({ fields }: RowType): readonly Incompatibility[] {
    const { tree } = this;
    return fields.flatMap((field) => {
      const { name, type, nullable } = field;
      const hasDefault = field.default !== undefined && field.default !== null;
      const node = tree.property(tree.root, name);
      if (node === null) {
        const message = 'is not written, not nullable and has no default';
        return nullable || hasDefault ? [] : [{ path: name, message }];
      }
      const found = tree.describe(node.schema);
      if (!holdsType(tree, node.schema, type)) {
        return [{ path: name, message: `is ${formatType(type)} and is written as ${found}` }];
      }
      if (nullable || hasDefault || node.isRequired) return [];
      return [{ path: name, message: 'need not be written, is not nullable and has no default' }];
    });
  }
}

/** Reasons why records of `written` may break `read`. */
function unreadable(
  read: readonly SchemaField[],
  written: readonly SchemaField[],
  isClosed: boolean,
): readonly Incompatibility[] {
  const byPath = new Map(written.map((field) => [field.path, field]));
  const reasons = read.flatMap(({ path, type, nullable, hasDefault }) => {
    const source = byPath.get(path);
    if (source === undefined || (source.hasDefault && !hasDefault)) {
      return hasDefault ? [] : [{ path, message: 'need not be written and is required' }];
    }
    const isWider = source.type === type || type === 'any' || isInteger(source.type, type);
    if (isWider && (nullable || !source.nullable)) return [];
    const found = source.nullable ? `nullable ${source.type}` : source.type;
    return [{ path, message: `is written as ${found}, which ${type} cannot read` }];
  });
  if (!isClosed) return reasons;
  const known = new Set(read.map(({ path }) => path));
  const unknown = written.filter(({ path }) => !path.includes('.') && !known.has(path));
  return [
    ...reasons,
    ...unknown.map(({ path }) => ({ path, message: 'is written and not allowed' })),
  ];
}

function isInteger(written: string, read: string): boolean {
  return written === 'integer' && read === 'number';
}

function parseJson(text: string): JsonNode {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`is not JSON (${(error as Error).message})`);
  }
  if (typeof json === 'boolean') return {};
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonNode;
  throw invalid('must be an object');
}

function invalid(problem: string): MillraceError {
  return new MillraceError('MR_SCHEMA_INVALID', `the JSON Schema ${problem}`, {
    fix: 'correct the schema',
  });
}
