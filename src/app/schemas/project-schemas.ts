// What `millrace schema` does: judge a schema against those before it, register it once it is right,
// check streams against what is written now, set a subject's level.
import { readFile } from 'node:fs/promises';
import { askAgain } from '../../adapters/schema-registry/backoff.ts';
import { openRegistry } from '../../adapters/schema-registry/open-registry.ts';
import { systemClock } from '../../kernel/clock.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type {
  Compatibility,
  Incompatibility,
  ParsedSchema,
  SchemaLanguage,
  SchemaRegistry,
  SchemaText,
} from '../../ports/schema-registry.ts';
import { judgeSchema, type Rule, type SchemaVerdict } from './judge-schema.ts';
import { languageOf, languageOfFile } from './schema-languages.ts';
import type { SchemaStream } from './schema-streams.ts';

/** Tries of a command: under two seconds for a registry that does not answer. */
const triesMax = 5;

/** A schema as someone wrote it, and its language. */
export interface WrittenSchema extends SchemaText {
  readonly language: SchemaLanguage;
}

/** What a stream finds in its registry. */
export interface StreamCheck {
  readonly stream: string;
  readonly subject: string;
  /** The newest version; null: the subject has none. */
  readonly version: number | null;
  readonly id: number | null;
  readonly ok: boolean;
  readonly reasons: readonly Incompatibility[];
}

/** The registry that text of a command line names. */
export function registryAt(given: unknown, baseDirectory: string): SchemaRegistry {
  return openRegistry(given, { baseDirectory, clock: systemClock });
}

/** Reads a schema from a file; its ending says the language. */
export async function readSchema(path: string): Promise<WrittenSchema> {
  const language = languageOfFile(path);
  try {
    const text = await readFile(path, 'utf8');
    return { language, type: language.type, text, references: [] };
  } catch (cause) {
    const text = `${path} cannot be read: ${(cause as Error).message}`;
    throw new MillraceError('MR_FILE_NOT_FOUND', text, { cause, fix: 'correct the path' });
  }
}

/** Judges one file against another. */
export function judgeFiles(
  schema: WrittenSchema,
  before: WrittenSchema,
  rule: Rule,
): SchemaVerdict {
  return judgeSchema(parsed(schema), [parsed(before)], rule);
}

/** Judges a schema against the versions that a subject has. */
export async function judgeAgainst(
  registry: SchemaRegistry,
  subject: string,
  schema: WrittenSchema,
  rule: Rule | null,
): Promise<SchemaVerdict> {
  const versions = await ask(() => registry.versions(subject));
  const before = versions.map((version) => languageOf(version.type).parse(version));
  const verdict = judgeSchema(parsed(schema), before, rule ?? 'TABLE');
  if (rule !== null || !verdict.ok) return verdict;
  // The table looks at the newest version; a registry may ask for all of them.
  const level = await ask(() => registry.compatibility(subject));
  if (!level.endsWith('_TRANSITIVE')) return verdict;
  const transitive = judgeSchema(parsed(schema), before, level);
  return transitive.ok ? verdict : transitive;
}

/** Registers a schema that is right; throws MR_SCHEMA_REFUSED with what to do instead. */
export async function registerSchema(
  registry: SchemaRegistry,
  subject: string,
  schema: WrittenSchema,
  rule: Rule | null,
): Promise<{ readonly id: number; readonly verdict: SchemaVerdict }> {
  const verdict = await judgeAgainst(registry, subject, schema, rule);
  if (!verdict.ok) throw refusal(subject, verdict);
  const { type, text, references } = schema;
  const id = await ask(() => registry.register(subject, { type, text, references }));
  return { id, verdict };
}

/** Sets the level that a subject asks of new versions. */
export async function setLevel(
  registry: SchemaRegistry,
  subject: string,
  level: Compatibility,
): Promise<void> {
  await ask(() => registry.setCompatibility(subject, level));
}

/** Whether the newest schema of a stream's subject fills its fields. */
export async function checkStream(
  stream: SchemaStream,
  baseDirectory: string,
): Promise<StreamCheck> {
  const { subject, rowType } = stream;
  const registry = registryAt(stream.registry, baseDirectory);
  const newest = await ask(() => registry.latest(subject));
  const named = { stream: stream.stream, subject };
  if (newest === null) return { ...named, version: null, id: null, ok: true, reasons: [] };
  const reasons = languageOf(newest.type).parse(newest).cannotFill(rowType);
  const { version, id } = newest;
  return { ...named, version, id, ok: reasons.length === 0, reasons };
}

/** The schema of a stream's definition. */
export function schemaOfStream({ stream, language, rowType }: SchemaStream): WrittenSchema {
  const text = language.derive(stream, rowType);
  return { language, type: language.type, text, references: [] };
}

function refusal(subject: string, verdict: SchemaVerdict): MillraceError {
  const changes = verdict.evolution.changes.filter(({ allowed }) => !allowed);
  const incompatible = [
    ...verdict.backward.reasons.map(({ path, message }) => `"${path}" ${message}`),
    ...verdict.forward.reasons.map(({ path, message }) => `old readers: "${path}" ${message}`),
  ];
  const told =
    changes.length > 0 && verdict.rule === 'TABLE'
      ? changes.map(({ path, message }) => `"${path}" ${message}`)
      : incompatible;
  const fix =
    changes.map(({ path, procedure }) => `${path}: ${procedure}`).join('\n       ') ||
    'see `millrace schema check`';
  return new MillraceError('MR_SCHEMA_REFUSED', `${subject}: ${told.join('; ')}`, { fix });
}

function parsed({ language, type, text, references }: WrittenSchema): ParsedSchema {
  return language.parse({ type, text, references, referenced: [] });
}

function ask<T>(question: () => Promise<T>): Promise<T> {
  return askAgain(question, { clock: systemClock, signal: null, triesMax });
}
