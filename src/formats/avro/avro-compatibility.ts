// Whether data of one schema can be read with another: the rules of Avro's Java implementation
// (SchemaCompatibility.checkReaderWriterCompatibility of 1.12), whose verdicts it must equal. They
// differ from the specification in names: only the last part of a name, or an alias, has to match.
import type { Incompatibility } from '../../ports/schema-registry.ts';
import {
  type AvroField,
  type AvroSchema,
  describeSchema,
  type EnumSchema,
  type FixedSchema,
  type RecordSchema,
  shortName,
} from './avro-schema.ts';

/** Everything that keeps `reader` from reading data of `writer`; empty when nothing does. */
export function avroIncompatibilities(
  reader: AvroSchema,
  writer: AvroSchema,
): readonly Incompatibility[] {
  return new PairChecker().check(reader, writer, '');
}

type Found = readonly Incompatibility[];

const none: Found = [];

const promotions: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
};

class PairChecker {
  /** Pairs judged, or being judged: those count as compatible until proven otherwise. */
  readonly #judged = new Map<AvroSchema, Map<AvroSchema, Found>>();

  check(reader: AvroSchema, writer: AvroSchema, path: string): Found {
    let ofReader = this.#judged.get(reader);
    if (ofReader === undefined) this.#judged.set(reader, (ofReader = new Map<AvroSchema, Found>()));
    const judged = ofReader.get(writer);
    if (judged !== undefined) return judged;
    ofReader.set(writer, none);
    const found = this.#judge(reader, writer, path);
    ofReader.set(writer, found);
    return found;
  }

  #judge(reader: AvroSchema, writer: AvroSchema, path: string): Found {
    if (reader.kind === 'array' && writer.kind === 'array') {
      return this.check(reader.items, writer.items, `${path}[]`);
    }
    if (reader.kind === 'map' && writer.kind === 'map') {
      return this.check(reader.values, writer.values, `${path}{}`);
    }
    if (reader.kind === 'fixed' && writer.kind === 'fixed') return judgeFixed(reader, writer, path);
    if (reader.kind === 'enum' && writer.kind === 'enum') return judgeEnum(reader, writer, path);
    if (reader.kind === 'record' && writer.kind === 'record') {
      return [...judgeNames(reader, writer, path), ...this.#judgeFields(reader, writer, path)];
    }
    if (writer.kind === 'union') {
      return writer.branches.flatMap((branch) => this.check(reader, branch, path));
    }
    if (reader.kind === 'union') {
      const fits = reader.branches.some((branch) => this.check(branch, writer, path).length === 0);
      return fits ? none : [mismatch(reader, writer, path)];
    }
    const isSame = reader.kind === writer.kind;
    if (isSame || promotions[reader.kind]?.includes(writer.kind) === true) return none;
    return [mismatch(reader, writer, path)];
  }

  #judgeFields(reader: RecordSchema, writer: RecordSchema, path: string): Found {
    return reader.fields.flatMap((field) => {
      const place = path === '' ? field.name : `${path}.${field.name}`;
      const source = writerField(writer, field);
      if (source !== undefined) return this.check(field.schema, source.schema, place);
      if (field.hasDefault) return none;
      // As Java has it: an enum's own default does not help a missing field unless a record can be
      // read as that enum, which none can.
      return [{ path: place, message: 'is not written and has no default' }];
    });
  }
}

/** The field of the writer that fills a field of the reader: by name, else by an alias. */
export function writerField(writer: RecordSchema, field: AvroField): AvroField | undefined {
  const byName = writer.fields.find(({ name }) => name === field.name);
  return byName ?? writer.fields.find(({ name }) => field.aliases.includes(name));
}

function judgeFixed(reader: FixedSchema, writer: FixedSchema, path: string): Found {
  const found = [...judgeNames(reader, writer, path)];
  if (reader.size !== writer.size) {
    found.push({ path, message: `has ${writer.size} bytes, not ${reader.size}` });
  }
  return found;
}

function judgeEnum(reader: EnumSchema, writer: EnumSchema, path: string): Found {
  const found = [...judgeNames(reader, writer, path)];
  const unknown = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
  if (unknown.length > 0 && reader.defaultSymbol === undefined) {
    found.push({ path, message: `may be ${unknown.join(', ')}, which the reader does not know` });
  }
  return found;
}

function judgeNames(
  reader: RecordSchema | EnumSchema | FixedSchema,
  writer: RecordSchema | EnumSchema | FixedSchema,
  path: string,
): Found {
  if (shortName(reader.fullName) === shortName(writer.fullName)) return none;
  if (reader.aliases.includes(writer.fullName)) return none;
  return [{ path, message: `is named ${writer.fullName}, not ${reader.fullName}` }];
}

function mismatch(reader: AvroSchema, writer: AvroSchema, path: string): Incompatibility {
  const written = describeSchema(writer);
  return { path, message: `is written as ${written}, which ${describeSchema(reader)} cannot read` };
}
