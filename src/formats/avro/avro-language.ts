// Avro as a language of schemas: parsing, comparing, reading messages, and the schema of rows.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import type { RowType } from '../../kernel/types/field-type.ts';
import type {
  Incompatibility,
  MessageReader,
  ParsedSchema,
  ReadableSchema,
  ReaderOptions,
  RowTarget,
  SchemaField,
  SchemaLanguage,
} from '../../ports/schema-registry.ts';
import { avroIncompatibilities } from './avro-compatibility.ts';
import { createAvroReader } from './avro-reader.ts';
import { avroFields } from './avro-fields.ts';
import { type AvroSchema, describeSchema } from './avro-schema.ts';
import { canFill } from './avro-value.ts';
import { deriveAvroSchema } from './derive-avro-schema.ts';
import { parseAvroSchema } from './parse-avro-schema.ts';
import { formatType } from '../../kernel/types/field-type.ts';

/**
 * Avro. **Shape**: one record per message, written by any schema that can fill the stream's fields:
 * by name, with promotion (int → long → float → double), defaults for what is not written, unions
 * with null, enum as string. **Times**: timestamps in milliseconds, microseconds and nanoseconds
 * come to milliseconds, rounded down; a plain long counts in the unit of `timestamp` (`'ms'`).
 * **Guarantee**: no long is rounded. **Errors** per record: MR_DATA_MALFORMED, MR_DATA_UTF8,
 * MR_DATA_TYPE, MR_DATA_RANGE, MR_DATA_TOO_LONG. **Source**: Avro 1.12 specification; verdicts on
 * two schemas are those of its Java implementation.
 */
export const avroLanguage: SchemaLanguage<ReadableSchema> = {
  type: 'AVRO',
  name: 'avro',
  extensions: ['.avsc', '.avro.json'],
  parse: ({ text, referenced }) =>
    new ParsedAvroSchema(
      parseAvroSchema(
        text,
        referenced.map((reference) => reference.text),
      ),
    ),
  derive: deriveAvroSchema,
};

class ParsedAvroSchema implements ReadableSchema {
  readonly schema: AvroSchema;

  constructor(schema: AvroSchema) {
    this.schema = schema;
  }

  get fields(): readonly SchemaField[] {
    return avroFields(this.schema);
  }

  cannotRead(writer: ParsedSchema): readonly Incompatibility[] {
    if (writer instanceof ParsedAvroSchema) {
      return avroIncompatibilities(this.schema, writer.schema);
    }
    return [{ path: '', message: 'is written in another schema language' }];
  }

  cannotFill({ fields }: RowType): readonly Incompatibility[] {
    const { schema } = this;
    if (schema.kind !== 'record') {
      return [{ path: '', message: `is ${describeSchema(schema)}, not a record` }];
    }
    return fields
      .filter((field) => !canFill(schema, field))
      .map(({ name, type }) => {
        const written = schema.fields.find((field) => field.name === name);
        if (written === undefined) {
          return { path: name, message: 'is not written, not nullable and has no default' };
        }
        const found = describeSchema(written.schema);
        return { path: name, message: `is ${formatType(type)} and is written as ${found}` };
      });
  }

  createReader(target: RowTarget, options: ReaderOptions): MessageReader {
    const [reason] = this.cannotFill(target.rowType);
    if (reason === undefined && this.schema.kind === 'record') {
      return createAvroReader(this.schema, target, options);
    }
    const text = `"${reason?.path}" ${reason?.message}`;
    throw new MillraceError('MR_SCHEMA_MISMATCH', text, { fix: 'see `millrace schema check`' });
  }
}
