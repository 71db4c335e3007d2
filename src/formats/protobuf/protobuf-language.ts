// Protobuf as a language of schemas: parsing, comparing, reading messages, and the schema of rows.
import { MillraceError } from '../../kernel/errors/millrace-error.ts';
import { formatType, type RowType } from '../../kernel/types/field-type.ts';
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
import { deriveProto } from './derive-proto.ts';
import { parseProto } from './parse-proto.ts';
import { createProtoReader } from './proto-reader.ts';
import {
  describeProto,
  type ProtoField,
  type ProtoFile,
  type ProtoMessage,
} from './proto-schema.ts';
import { canFill, fieldNamed, wireOf } from './proto-value.ts';

/**
 * Protobuf, proto2 and proto3. **Shape**: one message per record; fields by name, or by the name
 * that JSON gives them. An absent field of proto3 without a label is its zero; any other absent one
 * is the default, else null. Enums are text, `Timestamp` is an instant, wrappers are their value.
 * **Guarantee**: no 64-bit integer is rounded. **Errors** per record: MR_DATA_MALFORMED,
 * MR_DATA_UTF8, MR_DATA_TYPE, MR_DATA_RANGE, MR_DATA_MISSING_FIELD, MR_SCHEMA_MISMATCH.
 */
export const protobufLanguage: SchemaLanguage<ReadableSchema> = {
  type: 'PROTOBUF',
  name: 'protobuf',
  extensions: ['.proto'],
  parse: ({ text, referenced }) =>
    new ParsedProtoSchema(
      parseProto(
        text,
        referenced.map((reference) => reference.text),
      ),
    ),
  derive: deriveProto,
};

class ParsedProtoSchema implements ReadableSchema {
  readonly file: ProtoFile;

  constructor(file: ProtoFile) {
    this.file = file;
  }

  get fields(): readonly SchemaField[] {
    return this.file.messages.flatMap((message, i) =>
      // The first message is what records usually are: its fields have no prefix.
      fieldsOf(message, i === 0 ? '' : message.fullName, new Set()),
    );
  }

  cannotRead(writer: ParsedSchema): readonly Incompatibility[] {
    if (!(writer instanceof ParsedProtoSchema)) {
      return [{ path: '', message: 'is written in another schema language' }];
    }
    return this.file.messages.flatMap((message) => {
      const { fullName } = message;
      const written = writer.file.messages.find((other) => other.fullName === fullName);
      return written === undefined ? [] : unreadable(message, written, '', new Set());
    });
  }

  cannotFill(rowType: RowType): readonly Incompatibility[] {
    return misfits(this.file.messages[0] as ProtoMessage, rowType);
  }

  createReader(target: RowTarget, options: ReaderOptions): MessageReader {
    const { rowType } = target;
    const fits = everyMessage(this.file.messages).some((m) => misfits(m, rowType).length === 0);
    if (fits) return createProtoReader(this.file, target, options, (m) => misfits(m, rowType));
    const [reason] = this.cannotFill(rowType);
    throw new MillraceError('MR_SCHEMA_MISMATCH', `"${reason?.path}" ${reason?.message}`);
  }
}

function everyMessage(messages: readonly ProtoMessage[]): readonly ProtoMessage[] {
  return messages.flatMap((message) => [message, ...everyMessage(message.nested)]);
}

function misfits(message: ProtoMessage, { fields }: RowType): readonly Incompatibility[] {
  return fields
    .filter((field) => !canFill(message, field))
    .map(({ name, type }) => {
      const written = fieldNamed(message, name);
      if (written === undefined) {
        return { path: name, message: 'is not written, not nullable and has no default' };
      }
      const found = describeProto(written);
      return { path: name, message: `is ${formatType(type)} and is written as ${found}` };
    });
}

function fieldsOf(
  message: ProtoMessage,
  prefix: string,
  outer: ReadonlySet<ProtoMessage>,
  keys = prefix,
): readonly SchemaField[] {
  if (outer.has(message)) return [];
  const inside = new Set([...outer, message]);
  return message.fields.flatMap((field) => {
    const path = prefix === '' ? field.name : `${prefix}.${field.name}`;
    const key = keys === '' ? String(field.number) : `${keys}.${field.number}`;
    const own: SchemaField = {
      path,
      key,
      type: describeProto(field),
      hasDefault: field.presence !== 'required',
      nullable: false,
      aliases: [],
    };
    if (field.type.kind !== 'message') return [own];
    return [own, ...fieldsOf(field.type.message, path, inside, key)];
  });
}

/** Reasons why one message breaks another's readers: by number, as the wire has them. */
function unreadable(
  reader: ProtoMessage,
  writer: ProtoMessage,
  prefix: string,
  outer: ReadonlySet<ProtoMessage>,
): readonly Incompatibility[] {
  if (outer.has(reader)) return [];
  const inside = new Set([...outer, reader]);
  return reader.fields.flatMap((field) => {
    const path = prefix === '' ? field.name : `${prefix}.${field.name}`;
    const written = writer.fields.find(({ number }) => number === field.number);
    if (written === undefined) {
      return field.presence === 'required'
        ? [{ path, message: 'is required and not written' }]
        : [];
    }
    if (wireClass(written) !== wireClass(field)) {
      const [found, asked] = [describeProto(written), describeProto(field)];
      return [{ path, message: `is written as ${found}, which ${asked} cannot read` }];
    }
    if (field.type.kind !== 'message' || written.type.kind !== 'message') return [];
    return unreadable(field.type.message, written.type.message, path, inside);
  });
}

/** Types of one class are read as each other without being misread. */
function wireClass({ type, presence, keyType }: ProtoField): string {
  const list = presence === 'map' ? `map ${keyType}` : presence === 'repeated' ? 'list' : '';
  if (type.kind !== 'scalar') return `${list} ${type.kind === 'enum' ? 'varint' : 'message'}`;
  const { scalar } = type;
  if (scalar.startsWith('sint')) return `${list} zigzag`;
  if (scalar === 'string' || scalar === 'bytes') return `${list} run`;
  if (scalar === 'float' || scalar === 'double') return `${list} ${scalar}`;
  return `${list} ${['varint', 'fixed64', '', '', '', 'fixed32'][wireOf(type)] ?? ''}`;
}
