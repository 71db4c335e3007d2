// The languages that schemas are written in, by the name that registries and files give them.
import { avroLanguage } from '../../formats/avro/avro-language.ts';
import { jsonSchemaLanguage } from '../../formats/json-schema/json-schema-language.ts';
import { protobufLanguage } from '../../formats/protobuf/protobuf-language.ts';
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { SchemaLanguage, SchemaType } from '../../ports/schema-registry.ts';

export const schemaLanguages: readonly SchemaLanguage[] = [
  avroLanguage,
  protobufLanguage,
  jsonSchemaLanguage,
];

/** The language of a registry's schema. */
export function languageOf(type: SchemaType): SchemaLanguage {
  const found = schemaLanguages.find((language) => language.type === type);
  if (found !== undefined) return found;
  throw new MillraceError('MR_SCHEMA_INVALID', `schemas of type ${type} are not known here`, {
    fix: `use one of ${schemaLanguages.map((language) => language.type).join(', ')}`,
  });
}

/** The language that a file's name says. */
export function languageOfFile(path: string): SchemaLanguage {
  const found = schemaLanguages.find(({ extensions }) =>
    extensions.some((extension) => path.endsWith(extension)),
  );
  if (found !== undefined) return found;
  const known = schemaLanguages.flatMap(({ extensions }) => extensions).join(', ');
  throw new MillraceError('MR_USAGE', `"${path}" has no ending of a schema`, {
    fix: `name the file with one of ${known}`,
  });
}
