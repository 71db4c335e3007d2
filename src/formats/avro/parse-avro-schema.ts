// JSON text as an Avro schema, with the rules of the specification: names, namespaces, no type twice
// in a union, defaults that fit. What breaks one is MR_SCHEMA_INVALID with the path of the place.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { checkDefault } from './avro-default.ts';
import {
  type AvroField,
  type AvroPrimitive,
  type AvroSchema,
  describeSchema,
  type EnumSchema,
  type FixedSchema,
  type RecordSchema,
} from './avro-schema.ts';
import { parseLogical } from './logical-type.ts';

const primitives: ReadonlySet<string> = new Set<AvroPrimitive>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

type Json = Readonly<Record<string, unknown>>;

interface Scope {
  readonly names: Map<string, AvroSchema>;
  readonly namespace: string;
  readonly path: string;
}

/** Parses schema text; `references` are schemas whose names it may use, first those used by others. */
export function parseAvroSchema(text: string, references: readonly string[] = []): AvroSchema {
  const names = new Map<string, AvroSchema>();
  for (const reference of references) parseText(reference, names);
  return parseText(text, names);
}

function parseText(text: string, names: Map<string, AvroSchema>): AvroSchema {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    // A bare name ("string") may come without quotes from old registries.
    if (primitives.has(text.trim())) json = text.trim();
    else throw invalid('', `is not JSON (${(cause as Error).message})`);
  }
  return parse(json, { names, namespace: '', path: '' });
}

function parse(json: unknown, scope: Scope): AvroSchema {
  if (typeof json === 'string') return parseName(json, scope);
  if (Array.isArray(json)) return parseUnion(json, scope);
  if (!isObject(json)) throw invalid(scope.path, 'must be a name, a list or an object');
  const { type } = json;
  if (typeof type !== 'string') {
    // {"type": {"type": "string"}}: what wraps a schema adds nothing.
    if (isObject(type) || Array.isArray(type)) return parse(type, scope);
    throw invalid(scope.path, 'needs a "type"');
  }
  switch (type) {
    case 'record':
    case 'error':
      return parseRecord(json, scope);
    case 'enum':
      return parseEnum(json, scope);
    case 'fixed':
      return parseFixed(json, scope);
    case 'array':
      return { kind: 'array', items: parse(json['items'], at(scope, 'items')) };
    case 'map':
      return { kind: 'map', values: parse(json['values'], at(scope, 'values')) };
    default:
      return parsePlain(type, json, scope);
  }
}

function parsePlain(type: string, json: Json, scope: Scope): AvroSchema {
  if (!primitives.has(type)) return parseName(type, scope);
  const kind = type as AvroPrimitive;
  const logical = parseLogical(json, kind, 0);
  return logical === undefined ? { kind } : { kind, logical };
}

function parseName(name: string, { names, namespace, path }: Scope): AvroSchema {
  if (primitives.has(name)) return { kind: name as AvroPrimitive };
  const known = names.get(qualify(name, namespace)) ?? names.get(name);
  if (known === undefined) throw invalid(path, `names the type "${name}", which is not defined`);
  return known;
}

function parseUnion(json: readonly unknown[], scope: Scope): AvroSchema {
  const branches = json.map((branch, i) => parse(branch, at(scope, String(i))));
  const seen = new Set<string>();
  for (const branch of branches) {
    if (branch.kind === 'union') throw invalid(scope.path, 'has a union inside a union');
    const key = 'fullName' in branch ? branch.fullName : branch.kind;
    if (seen.has(key)) throw invalid(scope.path, `has two branches of type ${key}`);
    seen.add(key);
  }
  return { kind: 'union', branches };
}

function parseRecord(json: Json, scope: Scope): RecordSchema {
  const { fullName, aliases, inner } = nameOf(json, scope);
  const fields: AvroField[] = [];
  const record: RecordSchema = { kind: 'record', fullName, aliases, fields };
  define(scope, record);
  const given = json['fields'];
  if (!Array.isArray(given)) throw invalid(scope.path, 'needs a list of "fields"');
  const seen = new Set<string>();
  for (const item of given as readonly unknown[]) {
    const field = parseField(item, inner);
    if (seen.has(field.name)) throw invalid(inner.path, `has two fields "${field.name}"`);
    seen.add(field.name);
    fields.push(field);
  }
  return record;
}

function parseField(json: unknown, scope: Scope): AvroField {
  if (!isObject(json)) throw invalid(scope.path, 'has a field that is no object');
  const { name } = json;
  if (typeof name !== 'string' || !namePattern.test(name)) {
    throw invalid(scope.path, `has a field with the name ${JSON.stringify(name)}`);
  }
  const place = at(scope, name);
  const schema = parse(json['type'], place);
  const aliases = textList(json['aliases'], place, 'aliases');
  if (!Object.hasOwn(json, 'default')) return { name, aliases, schema, hasDefault: false };
  const defaultValue = json['default'];
  const problem = checkDefault(schema, defaultValue);
  if (problem !== null) {
    const shown = JSON.stringify(defaultValue);
    throw invalid(place.path, `has the default ${shown}, no ${describeSchema(schema)}: ${problem}`);
  }
  return { name, aliases, schema, hasDefault: true, defaultValue };
}

function parseEnum(json: Json, scope: Scope): EnumSchema {
  const { fullName, aliases } = nameOf(json, scope);
  const symbols = textList(json['symbols'], scope, 'symbols');
  const wrong = symbols.find((symbol) => !namePattern.test(symbol));
  if (wrong !== undefined) throw invalid(scope.path, `has the symbol ${JSON.stringify(wrong)}`);
  if (new Set(symbols).size < symbols.length) throw invalid(scope.path, 'has a symbol twice');
  const { default: defaultSymbol } = json;
  if (defaultSymbol !== undefined && !symbols.includes(defaultSymbol as string)) {
    throw invalid(scope.path, `has the default ${JSON.stringify(defaultSymbol)}, no symbol of it`);
  }
  const named = { kind: 'enum' as const, fullName, aliases, symbols };
  return define(
    scope,
    defaultSymbol === undefined ? named : { ...named, defaultSymbol: defaultSymbol as string },
  );
}

function parseFixed(json: Json, scope: Scope): FixedSchema {
  const { fullName, aliases } = nameOf(json, scope);
  const { size } = json;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 2 ** 30) {
    throw invalid(scope.path, `has the size ${JSON.stringify(size)}`);
  }
  const named = { kind: 'fixed' as const, fullName, aliases, size };
  const logical = parseLogical(json, 'fixed', size);
  return define(scope, logical === undefined ? named : { ...named, logical });
}

function nameOf(
  json: Json,
  scope: Scope,
): { readonly fullName: string; readonly aliases: readonly string[]; readonly inner: Scope } {
  const { name, namespace } = json;
  if (typeof name !== 'string' || !name.split('.').every((part) => namePattern.test(part))) {
    throw invalid(scope.path, `has the name ${JSON.stringify(name)}`);
  }
  const space = typeof namespace === 'string' ? namespace : scope.namespace;
  const fullName = qualify(name, space);
  const dot = fullName.lastIndexOf('.');
  const inside = dot < 0 ? '' : fullName.slice(0, dot);
  const aliases = textList(json['aliases'], scope, 'aliases').map((a) => qualify(a, inside));
  return { fullName, aliases, inner: { ...scope, namespace: inside } };
}

function qualify(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function define<S extends AvroSchema & { readonly fullName: string }>(
  { names, path }: Scope,
  schema: S,
): S {
  if (names.has(schema.fullName)) throw invalid(path, `defines "${schema.fullName}" again`);
  names.set(schema.fullName, schema);
  return schema;
}

function textList(json: unknown, { path }: Scope, what: string): readonly string[] {
  if (json === undefined) return [];
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) return json;
  throw invalid(path, `needs a list of names as "${what}"`);
}

function at(scope: Scope, part: string): Scope {
  return { ...scope, path: scope.path === '' ? part : `${scope.path}.${part}` };
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function invalid(path: string, problem: string): MillraceError {
  const place = path === '' ? 'the Avro schema' : `"${path}" of the Avro schema`;
  return new MillraceError('MR_SCHEMA_INVALID', `${place} ${problem}`, {
    fix: 'correct the schema; the Avro specification says how it is written',
  });
}
