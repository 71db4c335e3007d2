// Rows of an upsert topic as records of the loader's stream: key and as_of as columns, everything else
// packed into one value. A message without a value removes the group's row; it has no time of its own, and
// counts as what its partition has come to, so that what came before it is gone and what comes after stays.
// Numbers that are none, which JSON does not have, Flink writes as texts: those records are read once more.
import {
  type BytesBuilder,
  columnForField,
  columnOfKind,
  type ColumnBuilder,
  ensureRows,
} from '../../../columns/column-builder.ts';
import type { Column } from '../../../columns/column.ts';
import { createRowPacker, type RowPacker } from '../../../columns/packed-row-writer.ts';
import { putValue } from '../../../columns/put-value.ts';
import { readValue } from '../../../columns/read-value.ts';
import type { DecodedBatch } from '../../../columns/batch.ts';
import type { Field, Value } from '../../../kernel/types/field-type.ts';
import type { RecordError } from '../../../ports/dead-letter-sink.ts';
import type { MessageDecoder, MessageResult } from '../../../ports/format.ts';
import type { LoadedGroup } from './loaded-groups.ts';

export interface UpsertRowsOptions {
  /** Of the loader's stream. */
  readonly fields: readonly Field[];
  readonly keyCount: number;
  readonly group: LoadedGroup;
  /** Of the keys of messages: the parts of the view's key. */
  readonly keys: MessageDecoder;
  /** Of the topic's rows, besides the one that partitions are read by. */
  readonly rows: MessageDecoder;
}

/** Records of one read, and what is left of its errors. */
export interface ConvertedRows {
  readonly batch: DecodedBatch;
  readonly errors: readonly RecordError[];
}

const removed = new Uint8Array(0);

/** Converts the reads of one partition; what it returns is valid until the next call. */
export class UpsertRows {
  readonly #options: UpsertRowsOptions;
  readonly #packer: RowPacker = createRowPacker();
  readonly #packed: BytesBuilder;
  readonly #none: ColumnBuilder;
  /** The greatest as_of so far. */
  #asOfMs = Number.NEGATIVE_INFINITY;

  constructor(options: UpsertRowsOptions) {
    this.#options = options;
    this.#packed = columnOfKind('bytes') as BytesBuilder;
    this.#none = columnOfKind('bytes');
  }

  convert(batch: DecodedBatch, errors: readonly RecordError[]): ConvertedRows {
    const packed = this.#pack(batch);
    if (errors.length === 0) return { batch: packed, errors };
    return this.#withOthers(packed, errors);
  }

  #pack(batch: DecodedBatch): DecodedBatch {
    const { fields, keyCount } = this.#options;
    const { rowCount, columns, offsets } = batch;
    const [eventTime, asOf] = columns.slice(keyCount, keyCount + 2);
    if (eventTime?.kind !== 'float64' || asOf?.kind !== 'float64') throw new TypeError('no times');
    const features = columns.slice(keyCount + 2);
    const vectors = {
      ...emptyVectors,
      fields: this.#options.group.features,
      columns: features,
      rowCount,
      eventTimeMs: eventTime.values,
      asOfMs: asOf.values,
      seq: offsets,
    };
    const packer = this.#packer;
    packer.reset();
    ensureRows(this.#packed, rowCount);
    for (let row = 0; row < rowCount; row++) {
      this.#packed.starts[row] = packer.pack(vectors, row);
      this.#packed.ends[row] = packer.length;
      this.#packed.nulls[row] = 0;
      this.#asOfMs = Math.max(this.#asOfMs, asOf.values[row] as number);
    }
    this.#packed.data = packer.bytes;
    const made = this.#columns(columns.slice(0, keyCount), asOf, rowCount);
    return { fields, columns: made, rowCount, offsets };
  }

  /** All columns of the stream: of the groups, only this one has values. */
  #columns(keys: readonly Column[], asOf: Column, rowCount: number): readonly Column[] {
    const { fields, keyCount, group } = this.#options;
    ensureRows(this.#none, rowCount);
    this.#none.nulls.fill(1, 0, rowCount);
    const groups = fields.slice(keyCount + 1);
    return [
      ...keys,
      asOf,
      ...groups.map(({ name }) => (name === group.column ? this.#packed : this.#none)),
    ];
  }

  /** Seldom: a copy with the rows that errors stand for, in the order of offsets. */
  #withOthers(batch: DecodedBatch, errors: readonly RecordError[]): ConvertedRows {
    const { fields } = this.#options;
    const rows = Array.from({ length: batch.rowCount }, (_, row) => this.#rowOf(batch, row));
    const refused: RecordError[] = [];
    for (const error of errors) {
      const values = isTombstone(error) ? this.#removal(error) : this.#notFinite(error);
      if (values === null) refused.push(error);
      else rows.push({ offset: error.offset, values });
    }
    rows.sort((a, b) => a.offset - b.offset);
    const columns = fields.map((field) => columnForField(field));
    for (const [row, { values }] of rows.entries()) {
      for (const [i, column] of columns.entries()) {
        ensureRows(column, row + 1);
        putValue(column, (fields[i] as Field).type, row, values[i] ?? null);
      }
    }
    const offsets = Float64Array.from(rows, ({ offset }) => offset);
    return { batch: { fields, columns, rowCount: rows.length, offsets }, errors: refused };
  }

  #rowOf(batch: DecodedBatch, row: number): OtherRow {
    const { fields } = this.#options;
    const values = fields.map((field, i) => readValue(batch.columns[i] as Column, field, row));
    return { offset: batch.offsets[row] as number, values };
  }

  /** The record again, with numbers that JSON does not have; null when that is not what is wrong. */
  #notFinite({ bytes, offset }: RecordError): readonly Value[] | null {
    const { group, keyCount, rows } = this.#options;
    const found = new Map<number, number>();
    const text = new TextDecoder().decode(bytes).replaceAll(notFiniteMember, (member, ...parts) => {
      const [name, value] = parts as [string, string];
      const index = group.features.findIndex((field) => field.name === name && isFloat(field));
      if (index < 0) return member;
      found.set(index, Number(value));
      return `"${name}":0`;
    });
    if (found.size === 0) return null;
    const { batch } = decodeOne(rows, new TextEncoder().encode(text), offset);
    if (batch.rowCount === 0) return null;
    for (const [index, value] of found) {
      const column = batch.columns[keyCount + 2 + index];
      if (column?.kind === 'float64') column.values[0] = value;
    }
    return this.#rowOf(this.#pack(batch), 0).values;
  }

  /** The record that a message without a value stands for; null when its key cannot be read. */
  #removal({ origin }: RecordError): readonly Value[] | null {
    const { fields, keyCount, group, keys } = this.#options;
    const key = origin?.key ?? null;
    if (key === null) return null;
    const asOfMs = Number.isFinite(this.#asOfMs) ? this.#asOfMs : (origin?.timestampMs ?? 0);
    const { batch } = decodeOne(keys, key, 0);
    if (batch.rowCount === 0) return null;
    return fields.map((field, i) => {
      if (i < keyCount) return readValue(batch.columns[i] as Column, field, 0);
      if (i === keyCount) return asOfMs;
      return field.name === group.column ? removed : null;
    });
  }
}

interface OtherRow {
  readonly offset: number;
  readonly values: readonly Value[];
}

const notFiniteMember = /"([a-z0-9_]+)":"(NaN|-?Infinity)"/g;

function isFloat({ type }: Field): boolean {
  return type.kind === 'float64' || type.kind === 'float32';
}

function decodeOne(decoder: MessageDecoder, message: Uint8Array, offset: number): MessageResult {
  const bytes = new Uint8Array(message.length + 1);
  bytes.set(message);
  const bounds = Int32Array.of(0, message.length);
  return decoder.decode({ bytes, bounds, offsets: Float64Array.of(offset), from: 0, count: 1 });
}

const noNumbers = new Int32Array(0);
const noTimes = new Float64Array(0);

/** What packing does not look at. */
const emptyVectors = {
  view: '',
  keyData: removed,
  keyStarts: noNumbers,
  keyEnds: noNumbers,
  keySlots: noNumbers,
  arrivalTimeMs: noTimes,
};

function isTombstone({ bytes, origin }: RecordError): boolean {
  return bytes.length === 0 && origin !== undefined;
}
