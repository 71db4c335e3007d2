// Schemas that records were written with: where they are kept, and the languages they are written in.
// A registry is asked; a language is pure. Ids are those of the wire: byte 0, then the id as four
// bytes, then the record.
import type { ColumnBuilder } from '../columns/column-builder.ts';
import type { ExtraText } from '../columns/decode/extra-text.ts';
import type { FieldProblem } from '../columns/decode/field-problem.ts';
import type { RowType, Value } from '../kernel/types/field-type.ts';

/** Where a schema registry is, and who asks it. */
export interface SchemaRegistryOptions {
  /** `http://host:8081`, or the path of a folder (`./schemas`). */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For one request. Default 10,000. */
  readonly timeoutMs?: number;
}

/** How a registry names the languages. */
export type SchemaType = 'AVRO' | 'PROTOBUF' | 'JSON';

export type Compatibility =
  | 'NONE'
  | 'BACKWARD'
  | 'BACKWARD_TRANSITIVE'
  | 'FORWARD'
  | 'FORWARD_TRANSITIVE'
  | 'FULL'
  | 'FULL_TRANSITIVE';

export interface SchemaReference {
  /** As the schema writes it: a type's name, or the path of an import. */
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema as it is sent and kept. */
export interface SchemaText {
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
}

/** A schema with the text of all that it refers to, those without references of their own first. */
export interface ResolvedSchema extends SchemaText {
  readonly referenced: readonly { readonly name: string; readonly text: string }[];
}

export interface RegisteredSchema extends ResolvedSchema {
  readonly id: number;
  readonly subject: string;
  readonly version: number;
}

/** Where schemas are kept: a server, or a folder under git. */
export interface SchemaRegistry {
  /** Where it is, for people. */
  readonly description: string;
  /**
   * The schema with an id; null when there is none. Throws MR_REGISTRY_UNAVAILABLE (trying again
   * helps) and MR_REGISTRY_REFUSED (it does not).
   */
  schemaOf(id: number): Promise<ResolvedSchema | null>;
  /** The newest version of a subject; null when the subject has none. */
  latest(subject: string): Promise<RegisteredSchema | null>;
  /** All versions, oldest first. */
  versions(subject: string): Promise<readonly RegisteredSchema[]>;
  /** Adds a version, or finds the equal one; returns its id. */
  register(subject: string, schema: SchemaText): Promise<number>;
  /** The level of a subject, or of the whole registry where it has none of its own. */
  compatibility(subject: string): Promise<Compatibility>;
  setCompatibility(subject: string, level: Compatibility): Promise<void>;
}

/** One reason why a reader cannot read what a writer writes. */
export interface Incompatibility {
  /** Path of fields within the reader's schema; empty for the schema as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A field of a schema, for comparing versions; nested ones follow with their path. */
export interface SchemaField {
  readonly path: string;
  /** What identifies it on the wire: its name, or its number. */
  readonly key: string;
  /** Its type, without whether it may be null. */
  readonly type: string;
  /** Readers fill it in when it is not written. */
  readonly hasDefault: boolean;
  readonly nullable: boolean;
  readonly aliases: readonly string[];
}

export interface ParsedSchema {
  readonly fields: readonly SchemaField[];
  /** Everything that keeps this schema from reading data of `writer`. */
  cannotRead(writer: ParsedSchema): readonly Incompatibility[];
  /** Everything that keeps rows of this type from being read out of data of this schema. */
  cannotFill(rowType: RowType): readonly Incompatibility[];
}

/** A schema of a binary encoding: records can only be read with it. */
export interface ReadableSchema extends ParsedSchema {
  /** A reader of messages into a target; throws MR_SCHEMA_MISMATCH when `cannotFill` has reasons. */
  createReader(target: RowTarget, options: ReaderOptions): MessageReader;
}

export interface ReaderOptions {
  /** Unit of instants in fields that do not say theirs. */
  readonly timestamp: 'ms' | 's' | 'us';
  /** Bytes in front of every record that is of this schema; a message with others is of another. */
  readonly prefix: Uint8Array;
}

export interface SchemaLanguage<S extends ParsedSchema = ParsedSchema> {
  readonly type: SchemaType;
  /** As `kafka({ format })` names it. */
  readonly name: string;
  /** Ends of file names, the usual one first. */
  readonly extensions: readonly string[];
  /** Throws MR_SCHEMA_INVALID. */
  parse(schema: ResolvedSchema): S;
  /** The schema of rows of a type. */
  derive(name: string, rowType: RowType): string;
}

/** Rows under construction, shared by the readers of all schemas in a topic. */
export interface RowTarget {
  readonly rowType: RowType;
  readonly builders: readonly ColumnBuilder[];
  /** By field; null for columns that are no ranges of bytes. */
  readonly extras: readonly (ExtraText | null)[];
  readonly bytes: Uint8Array;
  /** Start and end of each message in `bytes`. */
  readonly bounds: Int32Array;
  readonly messageCount: number;
  /** Position of each message in its split. */
  readonly positions: Float64Array;
  /** Position of each row. */
  readonly offsets: Float64Array;
  rowCount: number;
  /** Stores any value of a field; text that is not a range of `bytes` is kept aside. */
  put(field: number, row: number, value: Value): void;
  /** Reports a message that became no row. */
  fail(message: number, problem: FieldProblem): void;
}

/** Reads messages from `first` on while they are of its schema; returns the first that is not read. */
export type MessageReader = (first: number) => number;
