// Walks a JSON Schema: types, properties, and references within the document. A type that is not
// said is any type.
import type { FieldType } from '../../kernel/types/field-type.ts';
import type { SchemaField } from '../../ports/schema-registry.ts';

export type JsonNode = Readonly<Record<string, unknown>>;

/** How deep references and objects are followed: a schema may hold itself. */
const depthMax = 12;

export class JsonSchemaTree {
  readonly root: JsonNode;
  readonly #document: JsonNode;

  constructor(document: JsonNode) {
    this.#document = document;
    this.root = this.resolve(document);
  }

  /** Whether records may have properties that the schema does not name. */
  get isOpen(): boolean {
    return this.root['additionalProperties'] !== false;
  }

  /** The schema that a node stands for: what it refers to, or the part of a union besides null. */
  resolve(node: unknown, depth = 0): JsonNode {
    if (!isNode(node) || depth > depthMax) return {};
    const { $ref: reference } = node;
    if (typeof reference === 'string') return this.resolve(this.#at(reference), depth + 1);
    const options = unionOf(node)?.filter((option) => !isNull(option));
    return options?.length === 1 ? this.resolve(options[0], depth + 1) : node;
  }

  property(
    object: JsonNode,
    name: string,
  ): { readonly schema: unknown; readonly isRequired: boolean } | null {
    const properties = object['properties'];
    if (!isNode(properties) || !Object.hasOwn(properties, name)) return null;
    return { schema: properties[name], isRequired: requiredOf(object).includes(name) };
  }

  /** Names of the JSON types of a node besides null; none: any. */
  typesOf(node: unknown): readonly string[] {
    const { type } = this.resolve(node);
    const types = Array.isArray(type) ? (type as unknown[]) : [type];
    return types.filter((name): name is string => typeof name === 'string' && name !== 'null');
  }

  /** Whether null is among what a node allows. */
  isNullable(node: unknown): boolean {
    if (!isNode(node)) return false;
    const { type, $ref: reference } = node;
    if (typeof reference === 'string') return this.isNullable(this.#at(reference));
    if (Array.isArray(type) && type.includes('null')) return true;
    return unionOf(node)?.some(isNull) === true;
  }

  /** The type as people write it. */
  describe(node: unknown): string {
    const types = this.typesOf(node);
    if (types.length === 0) return 'any';
    const { enum: values, format } = this.resolve(node);
    const among = Array.isArray(values) ? ` of ${JSON.stringify(values)}` : '';
    const form = typeof format === 'string' ? ` (${format})` : '';
    return `${types.join(' or ')}${form}${among}`;
  }

  #at(reference: string): unknown {
    if (!reference.startsWith('#')) return {};
    return reference
      .slice(1)
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>(
        (node, part) => (isNode(node) && Object.hasOwn(node, part) ? node[part] : undefined),
        this.#document,
      );
  }
}

/** The properties of a schema and, after each, those inside it. */
export function jsonFields(
  tree: JsonSchemaTree,
  object: JsonNode,
  prefix = '',
  depth = 0,
): readonly SchemaField[] {
  const properties = object['properties'];
  if (!isNode(properties) || depth > depthMax) return [];
  return Object.entries(properties).flatMap(([name, node]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const isRequired = requiredOf(object).includes(name);
    const schema = tree.resolve(node);
    const field: SchemaField = {
      path,
      key: path,
      type: tree.describe(node),
      hasDefault: !isRequired,
      nullable: tree.isNullable(node),
      aliases: [],
    };
    const items = isNode(schema['items']) ? tree.resolve(schema['items']) : {};
    return [
      field,
      ...jsonFields(tree, schema, path, depth + 1),
      ...jsonFields(tree, items, `${path}[]`, depth + 1),
    ];
  });
}

const written: Readonly<Record<string, readonly string[]>> = {
  bool: ['boolean'],
  int32: ['integer'],
  int64: ['integer'],
  count: ['integer'],
  float32: ['number', 'integer'],
  float64: ['number', 'integer'],
  decimal: ['string', 'number', 'integer'],
  string: ['string'],
  bytes: ['string'],
  date: ['string'],
  timestamp: ['integer', 'number', 'string'],
  list: ['array'],
  map: ['object'],
  struct: ['object'],
};

/** Whether values that a node allows can be of a field's type. */
export function holdsType(tree: JsonSchemaTree, node: unknown, type: FieldType): boolean {
  const types = tree.typesOf(node);
  const known = written[type.kind];
  if (types.length === 0 || known === undefined) return true;
  if (!types.every((name) => known.includes(name))) return false;
  if (type.kind === 'list') return holdsType(tree, tree.resolve(node)['items'], type.item);
  if (type.kind !== 'struct') return true;
  return type.fields.every((field) => {
    const member = tree.property(tree.resolve(node), field.name);
    return member === null ? field.nullable : holdsType(tree, member.schema, field.type);
  });
}

function requiredOf(object: JsonNode): readonly unknown[] {
  return Array.isArray(object['required']) ? object['required'] : [];
}

function unionOf(node: JsonNode): readonly unknown[] | null {
  const options = node['oneOf'] ?? node['anyOf'];
  return Array.isArray(options) ? options : null;
}

function isNull(node: unknown): boolean {
  return isNode(node) && node['type'] === 'null';
}

function isNode(value: unknown): value is JsonNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
