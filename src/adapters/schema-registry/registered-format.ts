// A language of schemas as a format of messages.
import type { MessageFormat } from '../../ports/format.ts';
import type { SchemaLanguage } from '../../ports/schema-registry.ts';
import { RegisteredDecoder } from './registered-decoder.ts';
import { resolveRegisteredOptions } from './registered-options.ts';

/**
 * Messages that begin with the id of their schema. **Options**: `registry` (required), `subject`
 * (default `<topic>-value`), `timestamp`. **Errors** per record: those of the language,
 * MR_SCHEMA_UNKNOWN_ID, MR_SCHEMA_MISMATCH. While the registry does not answer, nothing is decoded
 * and nothing is lost.
 */
export function registeredFormat(language: SchemaLanguage): MessageFormat {
  return {
    kind: 'messages',
    name: language.name,
    createMessageDecoder: (rowType, options) =>
      new RegisteredDecoder(language, rowType, resolveRegisteredOptions(language.name, options)),
  };
}
