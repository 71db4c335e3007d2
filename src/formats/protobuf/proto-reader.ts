// A reader of Protobuf messages into columns. Behind the schema's id stands which message of the
// schema a record is; each gets steps of its own, by field number. Numbers and text go straight into
// columns; the rest by way of values.
import type { BytesBuilder, ColumnBuilder, Float64Builder } from '../../columns/column-builder.ts';
import { FieldProblem } from '../../columns/decode/field-problem.ts';
import type { Field } from '../../kernel/types/field-type.ts';
import type {
  Incompatibility,
  MessageReader,
  ReaderOptions,
  RowTarget,
} from '../../ports/schema-registry.ts';
import { malformed, ProtoCursor } from './proto-cursor.ts';
import type { ProtoField, ProtoFile, ProtoMessage } from './proto-schema.ts';
import {
  absentValue,
  createStep,
  fieldNamed,
  integerValue,
  notFinite,
  type ReadContext,
  wireOf,
} from './proto-value.ts';

/** Reads a field behind its tag into a row; false: not of this wire type. */
type Store = (cursor: ProtoCursor, wire: number, row: number, isAgain: boolean) => boolean;

interface ColumnStep {
  readonly store: Store;
  /** The record in which the field was seen last. */
  seenIn: number;
  readonly field: number;
}

interface MessageSteps {
  /** By field number; numbers above are in `others`. */
  readonly near: readonly (ColumnStep | undefined)[];
  readonly others: ReadonlyMap<number, ColumnStep>;
  readonly all: readonly ColumnStep[];
  /** What fields are when a record lacks them. */
  readonly fill: readonly ((row: number) => void)[];
}

const nearNumbers = 64;

/** Reasons why a message cannot fill a row, checked for each message of the schema that comes. */
type Misfit = (message: ProtoMessage) => readonly Incompatibility[];

export function createProtoReader(
  file: ProtoFile,
  target: RowTarget,
  options: ReaderOptions,
  misfit: Misfit,
): MessageReader {
  const reader = new ProtoReader(file, target, options, misfit);
  return (first) => reader.read(first);
}

class ProtoReader {
  readonly #file: ProtoFile;
  readonly #target: RowTarget;
  readonly #options: ReaderOptions;
  readonly #misfit: Misfit;
  readonly #cursor = new ProtoCursor();
  readonly #steps = new Map<ProtoMessage, MessageSteps>();
  #record = 0;

  constructor(file: ProtoFile, target: RowTarget, options: ReaderOptions, misfit: Misfit) {
    this.#file = file;
    this.#target = target;
    this.#options = options;
    this.#misfit = misfit;
  }

  read(first: number): number {
    const target = this.#target;
    const cursor = this.#cursor;
    const { bounds, messageCount, positions, offsets } = target;
    cursor.begin(target.bytes);
    let message = first;
    for (; message < messageCount; message++) {
      const start = bounds[2 * message] as number;
      const end = bounds[2 * message + 1] as number;
      if (start < 0 || !this.#isMine(start, end)) break;
      cursor.p = start + this.#options.prefix.length;
      cursor.limit = end;
      cursor.depth = 0;
      try {
        this.#readRow(cursor, end, target.rowCount);
        offsets[target.rowCount++] = positions[message] as number;
      } catch (error) {
        if (!(error instanceof FieldProblem)) throw error;
        target.fail(message, error);
      }
    }
    return message;
  }

  #isMine(start: number, end: number): boolean {
    const { prefix } = this.#options;
    const { bytes } = this.#target;
    if (end - start < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
    return true;
  }

  #readRow(cursor: ProtoCursor, end: number, row: number): void {
    const { near, others, all, fill } = this.#stepsOf(this.#messageAt(cursor));
    const record = ++this.#record;
    while (cursor.p < end) {
      cursor.varint();
      const tag = cursor.low >>> 0;
      const number = tag >>> 3;
      if (number === 0 || cursor.high !== 0) throw malformed(`has the tag ${tag}`);
      const step = number < nearNumbers ? near[number] : others.get(number);
      if (step?.store(cursor, tag & 7, row, step.seenIn === record) === true) step.seenIn = record;
      else cursor.skip(tag);
    }
    for (const step of all) if (step.seenIn !== record) fill[step.field]?.(row);
  }

  /** Which message of the schema follows: how many indexes, then they; nothing but 0: the first. */
  #messageAt(cursor: ProtoCursor): ProtoMessage {
    cursor.integer('sint64');
    const count = cursor.low;
    if (cursor.high !== 0 || count < 0 || count > 32) throw malformed('has no message indexes');
    if (count === 0) return this.#file.messages[0] as ProtoMessage;
    let among = this.#file.messages;
    let found: ProtoMessage | undefined;
    for (let i = 0; i < count; i++) {
      cursor.integer('sint64');
      found = cursor.high === 0 ? among[cursor.low] : undefined;
      if (found === undefined) throw malformed('names a message that its schema does not have');
      among = found.nested;
    }
    return found as ProtoMessage;
  }

  #stepsOf(message: ProtoMessage): MessageSteps {
    const known = this.#steps.get(message);
    if (known !== undefined) return known;
    const [reason] = this.#misfit(message);
    if (reason !== undefined) {
      const text = `record is a ${message.fullName}: "${reason.path}" ${reason.message}`;
      throw new FieldProblem('MR_SCHEMA_MISMATCH', text);
    }
    const steps = createSteps(message, this.#target, this.#options);
    this.#steps.set(message, steps);
    return steps;
  }
}

function createSteps(
  message: ProtoMessage,
  target: RowTarget,
  { timestamp: unit }: ReaderOptions,
): MessageSteps {
  const near: (ColumnStep | undefined)[] = [];
  const others = new Map<number, ColumnStep>();
  const all = target.rowType.fields.map((field, index): ColumnStep => {
    const written = fieldNamed(message, field.name);
    if (written === undefined) return { store: () => false, seenIn: 0, field: index };
    const context = { unit, path: field.name };
    const step = { store: createStore(written, index, target, context), seenIn: 0, field: index };
    if (written.number < nearNumbers) near[written.number] = step;
    else others.set(written.number, step);
    return step;
  });
  const fill = target.rowType.fields.map((field, index) => {
    const written = fieldNamed(message, field.name);
    return (row: number) => target.put(index, row, absentValue(written, field));
  });
  return { near, others, all, fill };
}

function createStore(
  written: ProtoField,
  index: number,
  target: RowTarget,
  context: ReadContext,
): Store {
  const field = target.rowType.fields[index] as Field;
  const builder = target.builders[index] as ColumnBuilder;
  const fast = fastStore(written, field, builder, context);
  if (fast !== null) return fast;
  const step = createStep(written, field, context);
  return (cursor, wire, row, isAgain) => {
    const before = isAgain && builder.kind === 'object' ? builder.values[row] : undefined;
    const value = step(cursor, wire, before as undefined);
    if (value === undefined) return false;
    target.put(index, row, value);
    return true;
  };
}

/** Numbers and text without a value in between; null for other types. */
function fastStore(
  { type, presence }: ProtoField,
  field: Field,
  builder: ColumnBuilder,
  context: ReadContext,
): Store | null {
  if (presence === 'repeated' || presence === 'map' || type.kind !== 'scalar') return null;
  const { scalar } = type;
  const expected = wireOf(type);
  if (builder.kind === 'bytes' && (scalar === 'string' || scalar === 'bytes')) {
    return field.type.kind === 'json' ? null : rangeStore(builder, field.type.kind === 'string');
  }
  if (scalar === 'string' || scalar === 'bytes' || field.type.kind === 'date') return null;
  if (builder.kind === 'int64' && !(scalar === 'uint64' || scalar === 'fixed64')) {
    return (cursor, wire, row) => {
      if (wire !== expected) return false;
      cursor.integer(scalar);
      builder.words[2 * row] = cursor.low;
      builder.words[2 * row + 1] = cursor.high;
      builder.nulls[row] = 0;
      return true;
    };
  }
  if (scalar === 'double' || scalar === 'float') {
    return builder.kind === 'float64' ? floatStore(builder, scalar === 'double', field) : null;
  }
  if (builder.kind === 'int32' || builder.kind === 'bool') {
    return (cursor, wire, row) => {
      if (wire !== expected) return false;
      cursor.integer(scalar);
      builder.values[row] = builder.kind === 'bool' ? Number(isSet(cursor)) : cursor.low;
      builder.nulls[row] = 0;
      return true;
    };
  }
  if (builder.kind !== 'float64') return null;
  const value = integerValue(scalar, field.type, context);
  return (cursor, wire, row) => {
    if (wire !== expected) return false;
    cursor.integer(scalar);
    builder.values[row] = value(cursor) as number;
    builder.nulls[row] = 0;
    return true;
  };
}

function isSet({ low, high }: ProtoCursor): boolean {
  return low !== 0 || high !== 0;
}

function floatStore(builder: Float64Builder, isDouble: boolean, { name, type }: Field): Store {
  const expected = isDouble ? 1 : 5;
  return (cursor, wire, row) => {
    if (wire !== expected) return false;
    const { view } = cursor;
    const value = isDouble
      ? view.getFloat64(cursor.take(8), true)
      : view.getFloat32(cursor.take(4), true);
    if (!Number.isFinite(value)) throw notFinite(value, type, name);
    builder.values[row] = value;
    builder.nulls[row] = 0;
    return true;
  };
}

function rangeStore(builder: BytesBuilder, isText: boolean): Store {
  return (cursor, wire, row) => {
    if (wire !== 2) return false;
    const start = cursor.run();
    const end = cursor.p;
    if (isText) cursor.checkText(start, end);
    builder.starts[row] = start;
    builder.ends[row] = end;
    builder.nulls[row] = 0;
    return true;
  };
}
