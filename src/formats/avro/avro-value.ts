// Values that generated code does not read, as JavaScript has them: nested ones, decimals, symbols.
// One table says which written type can fill which type of field; it is asked for whole columns too.
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { convertValue } from '../../columns/decode/convert-value.ts';
import { formatDecimal, rescale } from '../../columns/parse-decimal.ts';
import { formatDate, instantMsMax } from '../../columns/parse-time.ts';
import type { Field, FieldType, Value } from '../../kernel/types/field-type.ts';
import { formatType } from '../../kernel/types/field-type.ts';
import { wordsAsBigint, wordsAsInt, wordsAsMs, wordsAsNumber } from './avro-bytes.ts';
import type { AvroCursor } from './avro-cursor.ts';
import type { AvroSchema, FixedSchema, PrimitiveSchema, RecordSchema } from './avro-schema.ts';
import { createSkip } from './avro-skip.ts';
import { signedBigint, uuidText } from './fixed-values.ts';

export type EpochUnit = 'ms' | 's' | 'us';

/** Reads one value at the cursor. */
export type ReadAvro = (cursor: AvroCursor) => Value;

/** A function that reads a written value as one of the type; null is a value of nullable ones. */
export function createRead(
  schema: AvroSchema,
  field: Field,
  path: string,
  unit: EpochUnit,
): ReadAvro {
  const { type } = field;
  switch (schema.kind) {
    case 'union':
      return readUnion(schema.branches, field, path, unit);
    case 'null':
      return () => (field.nullable ? null : refuseNull(type, path));
    case 'array': {
      if (type.kind !== 'list') break;
      const item = { name: '', type: type.item, nullable: true };
      return readArray(createRead(schema.items, item, `${path}[]`, unit));
    }
    case 'map': {
      if (type.kind !== 'map') break;
      const value = { name: '', type: type.value, nullable: true };
      return readMap(createRead(schema.values, value, `${path}{}`, unit));
    }
    case 'record':
      if (type.kind !== 'struct') break;
      return readStruct(schema, type.fields, path, unit);
    case 'enum': {
      if (type.kind !== 'string') break;
      const { symbols } = schema;
      return (cursor) => symbols[cursor.index(symbols.length)] as string;
    }
    default:
      return readScalar(schema, type, path, unit);
  }
  throw new Error(`${path}: ${schema.kind} does not fill ${formatType(type)}`);
}

function readUnion(
  branches: readonly AvroSchema[],
  field: Field,
  path: string,
  unit: EpochUnit,
): ReadAvro {
  const reads = branches.map((branch) => {
    if (canRead(branch, field.type) || branch.kind === 'null') {
      return createRead(branch, field, path, unit);
    }
    return (): never => {
      throw branchProblem(branch.kind, field.type, path);
    };
  });
  return (cursor) => (reads[cursor.index(reads.length)] as ReadAvro)(cursor);
}

/** A record took a branch of a union that its field cannot hold. */
export function branchProblem(written: string, type: FieldType, path: string): FieldProblem {
  return new FieldProblem('MR_DATA_TYPE', `"${path}" must be ${formatType(type)}, not ${written}`);
}

export function refuseNull(type: FieldType, path: string): never {
  throw new FieldProblem('MR_DATA_TYPE', `"${path}" must be ${formatType(type)}, not null`);
}

/** Whether some value of the written type can be read as one of the field's type. */
export function canRead(schema: AvroSchema, type: FieldType): boolean {
  switch (schema.kind) {
    case 'union':
      return schema.branches.some((branch) => canRead(branch, type));
    case 'array':
      return type.kind === 'list' && isReadableItem(schema.items, type.item);
    case 'map':
      return type.kind === 'map' && isReadableItem(schema.values, type.value);
    case 'record':
      return type.kind === 'struct' && type.fields.every((field) => canFill(schema, field));
    case 'enum':
      return type.kind === 'string';
    case 'bytes':
    case 'fixed':
      if (type.kind === 'decimal') return schema.logical?.kind === 'decimal';
      if (type.kind === 'string') {
        return schema.kind === 'bytes' || schema.logical?.kind === 'uuid';
      }
      return type.kind === 'bytes';
    default:
      // Days are no instant, although both are whole numbers.
      if (schema.logical?.kind === 'date' && type.kind === 'timestamp') return false;
      return readableAs[schema.kind]?.includes(type.kind) === true;
  }
}

/** Nested types only: a list of nulls is a list of anything. */
function isReadableItem(schema: AvroSchema, type: FieldType): boolean {
  return schema.kind === 'null' || canRead(schema, type);
}

/** Whether a record has what fills a field: its value, or the field's default, or null. */
export function canFill(record: RecordSchema, field: Field): boolean {
  const written = record.fields.find(({ name }) => name === field.name);
  if (written !== undefined) {
    return (
      canRead(written.schema, field.type) || (written.schema.kind === 'null' && field.nullable)
    );
  }
  return field.nullable || (field.default !== undefined && field.default !== null);
}

const wholeAsLong = ['int64', 'count', 'float32', 'float64', 'timestamp'];

const readableAs: Readonly<Record<string, readonly string[]>> = {
  boolean: ['bool'],
  int: ['int32', 'date', ...wholeAsLong],
  long: wholeAsLong,
  float: ['float32', 'float64'],
  double: ['float64'],
  string: ['string', 'bytes', 'json'],
};

function readScalar(
  schema: PrimitiveSchema | FixedSchema,
  type: FieldType,
  path: string,
  unit: EpochUnit,
): ReadAvro {
  switch (schema.kind) {
    case 'boolean':
      return (cursor) => cursor.boolean();
    case 'int':
    case 'long':
      return readInteger(schema, type, path, unit);
    case 'float':
      return (cursor) => finite(cursor.float(), type, path);
    case 'double':
      return (cursor) => finite(cursor.double(), type, path);
    default:
      return readBytes(schema, type, path);
  }
}

function readInteger(
  schema: PrimitiveSchema | FixedSchema,
  type: FieldType,
  path: string,
  unit: EpochUnit,
): ReadAvro {
  const { logical } = schema;
  const epoch = logical?.kind === 'timestamp' ? logical.unit : unit;
  const checkInt = schema.kind === 'int';
  const value = integerValue(type, path, epoch);
  return (cursor) => {
    cursor.long();
    if (checkInt) wordsAsInt();
    return value();
  };
}

function integerValue(type: FieldType, path: string, unit: EpochUnit | 'ns'): () => Value {
  switch (type.kind) {
    case 'int64':
      return wordsAsBigint;
    case 'date':
      return () => formatDate(wordsAsInt());
    case 'timestamp':
      return () => within(wordsAsMs(unit), instantMsMax, type, path);
    case 'count':
      return () => within(wordsAsNumber(), Number.MAX_SAFE_INTEGER, type, path);
    case 'float32':
      return () => Math.fround(wordsAsNumber());
    default:
      return wordsAsNumber;
  }
}

function readBytes(schema: PrimitiveSchema | FixedSchema, type: FieldType, path: string): ReadAvro {
  const start = (cursor: AvroCursor): number =>
    schema.kind === 'fixed' ? cursor.take(schema.size) : cursor.run();
  if (type.kind === 'decimal') {
    const { scale } = type;
    const unscaled = createReadDecimal(schema, type, path);
    return (cursor) => formatDecimal(unscaled(cursor), scale);
  }
  if (type.kind === 'bytes') {
    return (cursor) => cursor.bytes.slice(start(cursor), cursor.p);
  }
  if (schema.kind === 'fixed') {
    return (cursor) => uuidText(cursor.bytes, start(cursor));
  }
  if (type.kind !== 'json') return (cursor) => cursor.text();
  return (cursor) => checkJson(cursor.text(), path);
}

/** JSON text, checked. */
function checkJson(text: string, path: string): string {
  try {
    JSON.parse(text);
  } catch {
    throw new FieldProblem('MR_DATA_TYPE', `"${path}" must be json, and its text is not`);
  }
  return text;
}

/** Reads a decimal as its unscaled integer at the scale of the field. */
export function createReadDecimal(
  schema: AvroSchema,
  type: FieldType & { kind: 'decimal' },
  path: string,
): (cursor: AvroCursor) => bigint {
  if (schema.kind !== 'fixed' && schema.kind !== 'bytes') throw new Error(`${path}: no decimal`);
  const written = schema.logical?.kind === 'decimal' ? schema.logical.scale : 0;
  const limit = 10n ** BigInt(type.precision);
  return (cursor) => {
    const start = schema.kind === 'fixed' ? cursor.take(schema.size) : cursor.run();
    const unscaled = rescale(signedBigint(cursor.bytes, start, cursor.p), written, type.scale);
    if (unscaled !== null && unscaled < limit && unscaled > -limit) return unscaled;
    throw new FieldProblem('MR_DATA_RANGE', `"${path}" does not fit ${formatType(type)}`);
  };
}

function finite(value: number, type: FieldType, path: string): number {
  if (Number.isFinite(value)) return value;
  throw notFinite(value, type, path);
}

export function notFinite(value: number, type: FieldType, path: string): FieldProblem {
  const message = `"${path}" is ${value}: not a finite ${formatType(type)}`;
  return new FieldProblem('MR_DATA_RANGE', message);
}

function within(value: number, limit: number, type: FieldType, path: string): number {
  if (Math.abs(value) <= limit) return value;
  throw outside(value, type, path);
}

export function outside(value: number, type: FieldType, path: string): FieldProblem {
  const message = `"${path}" is ${value}: outside ${formatType(type)}`;
  return new FieldProblem('MR_DATA_RANGE', message);
}

function readArray(item: ReadAvro): ReadAvro {
  return (cursor) => {
    const items: Value[] = [];
    for (let left = cursor.block(0); left > 0; left = cursor.block(items.length)) {
      while (left-- > 0) items.push(item(cursor));
    }
    return items;
  };
}

function readMap(value: ReadAvro): ReadAvro {
  return (cursor) => {
    const entries: [string, Value][] = [];
    for (let left = cursor.block(0); left > 0; left = cursor.block(entries.length)) {
      while (left-- > 0) entries.push([cursor.text(), value(cursor)]);
    }
    return Object.fromEntries(entries);
  };
}

function readStruct(
  schema: RecordSchema,
  fields: readonly Field[],
  path: string,
  unit: EpochUnit,
): ReadAvro {
  const steps = schema.fields.map(({ name, schema: written }) => {
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined) return { name: null, read: createSkip(written) };
    return { name, read: createRead(written, field, `${path}.${name}`, unit) };
  });
  const filled = fields
    .filter(({ name }) => !schema.fields.some((written) => written.name === name))
    .map((field): [string, Value] => [field.name, defaultValue(field, `${path}.${field.name}`)]);
  const names = fields.map(({ name }) => name);
  return (cursor) => {
    const values = new Map<string, Value>(filled);
    for (const { name, read } of steps) {
      const value = read(cursor);
      if (name !== null) values.set(name, value as Value);
    }
    return Object.fromEntries(names.map((name) => [name, values.get(name) ?? null]));
  };
}

/** What a field is when it is not written. */
export function defaultValue(field: Field, path: string): Value {
  if (field.default === undefined || field.default === null) return null;
  return convertValue(field.type, field.default, path);
}
