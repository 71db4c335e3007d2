// A folder under git as the registry: `registry.json` says which file is which version of which
// subject and its id, with a hash of its text, so that a schema that was used is never changed
// unseen. Two branches that register at the same time meet in that file when they are merged.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

interface Entry {
  readonly id: number;
  readonly subject: string;
  readonly version: number;
  readonly type: SchemaType;
  readonly file: string;
  readonly sha256: string;
  readonly references?: readonly SchemaReference[];
}

interface Catalogue {
  /** By subject; the empty name is for all that have none of their own. */
  readonly compatibility: Readonly<Record<string, Compatibility>>;
  readonly schemas: readonly Entry[];
}

const extensions: Readonly<Record<SchemaType, string>> = {
  AVRO: 'avsc',
  PROTOBUF: 'proto',
  JSON: 'schema.json',
};

const subjectPattern = /^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** What a folder asks for where `registry.json` says nothing: the evolution table and more. */
const levelDefault: Compatibility = 'FULL';

export class FolderRegistry implements SchemaRegistry {
  readonly description: string;
  readonly #path: string;

  constructor(path: string, description: string) {
    this.#path = path;
    this.description = description;
  }

  async schemaOf(id: number): Promise<ResolvedSchema | null> {
    const catalogue = await this.#read();
    const entry = catalogue.schemas.find((candidate) => candidate.id === id);
    return entry === undefined ? null : this.#load(entry, catalogue);
  }

  async latest(subject: string): Promise<RegisteredSchema | null> {
    return (await this.versions(subject)).at(-1) ?? null;
  }

  async versions(subject: string): Promise<readonly RegisteredSchema[]> {
    const catalogue = await this.#read();
    const entries = catalogue.schemas
      .filter((entry) => entry.subject === subject)
      .sort((a, b) => a.version - b.version);
    return Promise.all(
      entries.map(async (entry) => ({ ...entry, ...(await this.#load(entry, catalogue)) })),
    );
  }

  async register(subject: string, { type, text, references }: SchemaText): Promise<number> {
    if (!subjectPattern.test(subject)) {
      throw new MillraceError('MR_SCHEMA_SUBJECT', `"${subject}" cannot be the name of a subject`, {
        fix: 'use letters, digits, . _ and -, as topics do',
      });
    }
    const catalogue = await this.#read();
    const sha256 = hashOf(text);
    const own = catalogue.schemas.filter((entry) => entry.subject === subject);
    const equal = own.find((entry) => entry.sha256 === sha256);
    if (equal !== undefined) return equal.id;
    // The same text under another subject has the same id, as on a server.
    const known = catalogue.schemas.find((e) => e.sha256 === sha256 && e.type === type);
    const id = known?.id ?? Math.max(0, ...catalogue.schemas.map((entry) => entry.id)) + 1;
    const version = Math.max(0, ...own.map((entry) => entry.version)) + 1;
    const file = `${subject}/v${version}.${extensions[type]}`;
    const given = references.length === 0 ? {} : { references };
    const entry: Entry = { id, subject, version, type, file, sha256, ...given };
    await writeWhole(join(this.#path, file), text);
    await this.#write({ ...catalogue, schemas: [...catalogue.schemas, entry] });
    return id;
  }

  async compatibility(subject: string): Promise<Compatibility> {
    const { compatibility } = await this.#read();
    return compatibility[subject] ?? compatibility[''] ?? levelDefault;
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    const catalogue = await this.#read();
    const compatibility = { ...catalogue.compatibility, [subject]: level };
    await this.#write({ ...catalogue, compatibility });
  }

  async #load(entry: Entry, catalogue: Catalogue): Promise<ResolvedSchema> {
    const text = await this.#textOf(entry);
    const referenced = new Map<string, string>();
    const visit = async (references: readonly SchemaReference[]): Promise<void> => {
      for (const { name, subject, version } of references) {
        if (referenced.has(name)) continue;
        const target = catalogue.schemas.find(
          (candidate) => candidate.subject === subject && candidate.version === version,
        );
        if (target === undefined) {
          throw this.#broken(`${entry.file} refers to version ${version} of "${subject}"`);
        }
        const found = await this.#textOf(target);
        await visit(target.references ?? []);
        referenced.set(name, found);
      }
    };
    await visit(entry.references ?? []);
    return {
      type: entry.type,
      text,
      references: entry.references ?? [],
      referenced: [...referenced].map(([name, found]) => ({ name, text: found })),
    };
  }

  async #textOf({ file, sha256, id }: Entry): Promise<string> {
    const text = await readText(join(this.#path, file));
    if (text === null) throw this.#broken(`${file}, schema ${id}, is not there`);
    if (hashOf(text) === sha256) return text;
    throw new MillraceError(
      'MR_SCHEMA_INVALID',
      `${this.description}: ${file} was changed after it became schema ${id}`,
      { fix: 'restore the file from git, and register the change as a new version' },
    );
  }

  async #read(): Promise<Catalogue> {
    const text = await readText(join(this.#path, 'registry.json'));
    if (text === null) return { compatibility: {}, schemas: [] };
    let catalogue: Catalogue;
    try {
      catalogue = JSON.parse(text) as Catalogue;
    } catch (error) {
      throw this.#broken(`registry.json is not JSON: ${(error as Error).message}`);
    }
    const { schemas } = catalogue;
    const seen = new Map<number, string>();
    for (const { id, sha256, file } of schemas) {
      if ((seen.get(id) ?? sha256) !== sha256) {
        throw this.#broken(`registry.json gives the id ${id} twice, the second time to ${file}`);
      }
      seen.set(id, sha256);
    }
    return catalogue;
  }

  #write(catalogue: Catalogue): Promise<void> {
    const path = join(this.#path, 'registry.json');
    return writeWhole(path, `${JSON.stringify(catalogue, null, 2)}\n`);
  }

  #broken(problem: string): MillraceError {
    return new MillraceError('MR_SCHEMA_INVALID', `${this.description}: ${problem}`, {
      fix: 'after a merge, register the later schema again: it gets the next id',
    });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new MillraceError('MR_FILE_ACCESS', `${path} cannot be read`, { cause });
  }
}

/** A file is there as a whole or as it was. */
async function writeWhole(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new MillraceError('MR_FILE_ACCESS', `${path} cannot be written`, { cause });
  }
}
