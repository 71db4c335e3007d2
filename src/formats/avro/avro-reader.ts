// A reader of messages of one schema into columns: generated code, and the functions that it calls.
import type { ColumnBuilder, Int64Builder } from '../../columns/column-builder.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import { invalidUtf8At } from '../../columns/decode/utf8.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type { MessageReader, ReaderOptions, RowTarget } from '../../ports/schema-registry.ts';
import {
  lengthAt,
  longAt,
  malformed,
  truncated,
  words,
  wordsAsInt,
  wordsAsMs,
  wordsAsNumber,
} from './avro-bytes.ts';
import { planCode } from './avro-code.ts';
import { AvroCursor } from './avro-cursor.ts';
import type { AvroSchema, RecordSchema } from './avro-schema.ts';
import { createSkip } from './avro-skip.ts';
import {
  branchProblem,
  canRead,
  createRead,
  createReadDecimal,
  defaultValue,
  notFinite,
  outside,
  refuseNull,
} from './avro-value.ts';

const utf8 = new TextEncoder();

type Store = (cursor: AvroCursor, row: number) => void;

/** Compiles the reader of a record that can fill every field of the target (see `cannotFill`). */
export function createAvroReader(
  record: RecordSchema,
  target: RowTarget,
  options: ReaderOptions,
): MessageReader {
  const { fields } = target.rowType;
  const cursor = new AvroCursor();
  const plan = planCode(record, fields, {
    ...options,
    canRead: (schema, { type }) => canRead(schema, type),
  });
  const factory = new Function('env', plan.code) as (
    env: Readonly<Record<string, unknown>>,
  ) => (target: RowTarget, first: number) => number;
  const read = factory({
    ...runtime(fields),
    cursor,
    store: plan.stores.map(({ schema, field }) => createStore(schema, field, target, options)),
    skip: plan.skips.map((schema) => createSkip(schema)),
    refuse: plan.refusals.map(
      ({ schema, field }) =>
        () =>
          refuse(schema, fields[field] as Field),
    ),
    fill: fields.map((_, i) => createFill(i, target)),
  });
  return (first) => {
    cursor.begin(target.bytes);
    return read(target, first);
  };
}

/** What generated code calls: reading, and what it throws. */
function runtime(fields: readonly Field[]): Readonly<Record<string, unknown>> {
  const fieldAt = (i: number): Field => fields[i] as Field;
  return {
    ...{ longAt, lengthAt, words, truncated },
    toNumber: wordsAsNumber,
    toInt: wordsAsInt,
    toMs: wordsAsMs,
    invalid: invalidUtf8At,
    trailing: () => malformed('goes on after its last field'),
    notFinite: (i: number, x: number) => {
      throw notFinite(x, fieldAt(i).type, fieldAt(i).name);
    },
    outside: (i: number, x: number) => {
      throw outside(x, fieldAt(i).type, fieldAt(i).name);
    },
    badText: () => {
      throw new FieldProblem('MR_DATA_UTF8', 'record has text that is not UTF-8');
    },
    badIndex: (x: number) => {
      throw malformed(`has the byte ${x} where a branch or a boolean belongs`);
    },
    problem: (error: unknown) => {
      if (error instanceof FieldProblem) return error;
      // A number read at the very end of the input, beyond it.
      if (error instanceof RangeError) return truncated();
      throw error;
    },
  };
}

function refuse(schema: AvroSchema, { name, type }: Field): never {
  if (schema.kind === 'null') refuseNull(type, name);
  throw branchProblem(schema.kind, type, name);
}

/** Reads a value at the cursor into a row of its column. */
function createStore(
  schema: AvroSchema,
  index: number,
  target: RowTarget,
  options: ReaderOptions,
): Store {
  const field = target.rowType.fields[index] as Field;
  const builder = target.builders[index] as ColumnBuilder;
  if (field.type.kind === 'decimal' && builder.kind === 'int64') {
    return storeDecimal(builder, createReadDecimal(schema, field.type, field.name));
  }
  if (schema.kind === 'enum' && builder.kind === 'bytes') {
    const symbols = schema.symbols.map((symbol) => utf8.encode(symbol));
    const extra = target.extras[index];
    return (cursor, row) => {
      extra?.put(builder, row, symbols[cursor.index(symbols.length)] as Uint8Array);
    };
  }
  const read = createRead(schema, field, field.name, options.timestamp);
  return (cursor, row) => target.put(index, row, read(cursor));
}

function storeDecimal(builder: Int64Builder, read: (cursor: AvroCursor) => bigint): Store {
  return (cursor, row) => {
    builder.values[row] = read(cursor);
  };
}

/** Puts what a field is when it is not written. */
function createFill(index: number, target: RowTarget): (row: number) => void {
  const field = target.rowType.fields[index] as Field;
  const value = defaultValue(field, field.name);
  const isText = typeof value === 'string' && target.builders[index]?.kind === 'bytes';
  const given = isText ? utf8.encode(value) : value;
  return (row) => target.put(index, row, given);
}
