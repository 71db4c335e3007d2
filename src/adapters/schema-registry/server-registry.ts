// A schema registry over HTTP, as Confluent's speaks. Schemas by id never change, so they are kept
// for good; what a subject has newest is asked for each time.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type {
  Compatibility,
  RegisteredSchema,
  ResolvedSchema,
  SchemaReference,
  SchemaRegistry,
  SchemaText,
  SchemaType,
} from '../../ports/schema-registry.ts';
import type { RegistryClient, RegistryRequest } from './registry-client.ts';

/** Schemas that refer to each other: more are a circle, or no schema of people's making. */
const referencesMax = 1000;

type Json = Readonly<Record<string, unknown>>;

export class ServerRegistry implements SchemaRegistry {
  readonly description: string;
  readonly #client: RegistryClient;
  readonly #byId = new Map<number, ResolvedSchema>();

  constructor(description: string, client: RegistryClient) {
    this.description = description;
    this.#client = client;
  }

  async schemaOf(id: number): Promise<ResolvedSchema | null> {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const json = await this.#get(`/schemas/ids/${id}`);
    if (json === null) return null;
    const schema = await this.#resolve(schemaFrom(json));
    this.#byId.set(id, schema);
    return schema;
  }

  async latest(subject: string): Promise<RegisteredSchema | null> {
    return this.#version(subject, 'latest');
  }

  async versions(subject: string): Promise<readonly RegisteredSchema[]> {
    const answer = await this.#client.send(get(`/subjects/${encode(subject)}/versions`));
    if (answer.kind === 'missing' || !Array.isArray(answer.json)) return [];
    const versions: RegisteredSchema[] = [];
    for (const version of answer.json as readonly number[]) {
      const schema = await this.#version(subject, version);
      if (schema !== null) versions.push(schema);
    }
    return versions.sort((a, b) => a.version - b.version);
  }

  async register(subject: string, { type, text, references }: SchemaText): Promise<number> {
    const path = `/subjects/${encode(subject)}/versions`;
    const body = {
      schema: text,
      ...(type === 'AVRO' ? {} : { schemaType: type }),
      ...(references.length === 0 ? {} : { references }),
    };
    const answer = await this.#client.send({ method: 'POST', path, body });
    const id = answer.kind === 'found' ? (answer.json as Json)['id'] : undefined;
    if (typeof id === 'number') return id;
    throw this.#strange(path);
  }

  async compatibility(subject: string): Promise<Compatibility> {
    const own = await this.#get(`/config/${encode(subject)}?defaultToGlobal=true`);
    const config = own ?? (await this.#get('/config'));
    const level = config?.['compatibilityLevel'] ?? config?.['compatibility'];
    return typeof level === 'string' ? (level as Compatibility) : 'BACKWARD';
  }

  async setCompatibility(subject: string, compatibility: Compatibility): Promise<void> {
    const path = `/config/${encode(subject)}`;
    await this.#client.send({ method: 'PUT', path, body: { compatibility } });
  }

  async #version(subject: string, version: number | 'latest'): Promise<RegisteredSchema | null> {
    const path = `/subjects/${encode(subject)}/versions/${version}`;
    const json = await this.#get(path);
    if (json === null) return null;
    const { id, version: found } = json;
    if (typeof id !== 'number' || typeof found !== 'number') throw this.#strange(path);
    const schema = await this.#resolve(schemaFrom(json));
    this.#byId.set(id, schema);
    return { ...schema, id, subject, version: found };
  }

  /** The schema with the text of all that it refers to, deepest first, each once. */
  async #resolve(schema: SchemaText): Promise<ResolvedSchema> {
    const referenced = new Map<string, string>();
    const seen = new Set<string>();
    const visit = async (references: readonly SchemaReference[]): Promise<void> => {
      for (const { name, subject, version } of references) {
        const key = `${subject} ${version}`;
        if (seen.has(key)) continue;
        if (seen.add(key).size > referencesMax) throw this.#strange(`references of ${subject}`);
        const path = `/subjects/${encode(subject)}/versions/${version}`;
        const json = await this.#get(path);
        if (json === null) {
          const text = `registry ${this.description} has no version ${version} of "${subject}"`;
          throw new MillraceError('MR_SCHEMA_INVALID', `${text}, which a schema refers to`);
        }
        const found = schemaFrom(json);
        await visit(found.references);
        referenced.set(name, found.text);
      }
    };
    await visit(schema.references);
    return { ...schema, referenced: [...referenced].map(([name, text]) => ({ name, text })) };
  }

  async #get(path: string): Promise<Json | null> {
    const answer = await this.#client.send(get(path));
    return answer.kind === 'missing' ? null : (answer.json as Json);
  }

  #strange(what: string): MillraceError {
    const text = `registry ${this.description} gives ${what} in a form that is not known`;
    return new MillraceError('MR_REGISTRY_REFUSED', text, { fix: 'is a schema registry there?' });
  }
}

function get(path: string): RegistryRequest {
  return { method: 'GET', path };
}

function encode(subject: string): string {
  return encodeURIComponent(subject);
}

function schemaFrom(json: Json): SchemaText {
  const { schema, schemaType = 'AVRO', references = [] } = json;
  return {
    type: schemaType as SchemaType,
    text: String(schema),
    references: references as readonly SchemaReference[],
  };
}
