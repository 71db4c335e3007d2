// A language of schemas as a format of messages.
import type { MessageFormat } from '../../ports/format.ts';
import type { ReadableSchema, SchemaLanguage } from '../../ports/schema-registry.ts';
import { PrefixedDecoder } from './prefixed-decoder.ts';
import { RegisteredDecoder } from './registered-decoder.ts';
import { resolveRegisteredOptions } from './registered-options.ts';

/**
 * Messages that begin with the id of their schema. **Options**: `registry` (required), `subject`
 * (default `<topic>-value`), `timestamp`. **Errors** per record: those of the language,
 * MR_SCHEMA_UNKNOWN_ID, MR_SCHEMA_MISMATCH. While the registry does not answer, nothing is decoded
 * and nothing is lost.
 */
export function registeredFormat(language: SchemaLanguage<ReadableSchema>): MessageFormat {
  return {
    kind: 'messages',
    name: language.name,
    createMessageDecoder: (rowType, options) =>
      new RegisteredDecoder(language, rowType, resolveRegisteredOptions(language.name, options)),
  };
}

/**
 * The same for a language whose records can be read without their schema, by `inner`, whose options
 * are `timestamp` and `recordBytesMax`.
 */
export function prefixedFormat(
  language: SchemaLanguage,
  inner: Pick<MessageFormat, 'createMessageDecoder'>,
): MessageFormat {
  return {
    kind: 'messages',
    name: language.name,
    createMessageDecoder: (rowType, { timestamp, recordBytesMax, ...options }) => {
      const own = {
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(recordBytesMax === undefined ? {} : { recordBytesMax }),
      };
      const decoder = inner.createMessageDecoder(rowType, own);
      const resolved = resolveRegisteredOptions(language.name, options);
      return new PrefixedDecoder(language, rowType, resolved, decoder);
    },
  };
}
