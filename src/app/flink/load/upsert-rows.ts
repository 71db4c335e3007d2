// Rows of an upsert topic as records of the loader's stream: key and as_of as columns, everything else
// packed into one value. A message without a value removes the group's row; it has no time of its own, and
// counts as what its partition has come to, so that what came before it is gone and what comes after stays.
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
import type { MessageDecoder } from '../../../ports/format.ts';
import type { LoadedGroup } from './loaded-groups.ts';

export interface UpsertRowsOptions {
  /** Of the loader's stream. */
  readonly fields: readonly Field[];
  readonly keyCount: number;
  readonly group: LoadedGroup;
  /** Of the keys of messages: the parts of the view's key. */
  readonly keys: MessageDecoder;
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
    const tombstones = errors.filter(isTombstone);
    const packed = this.#pack(batch);
    if (tombstones.length === 0) return { batch: packed, errors };
    return this.#withTombstones(packed, tombstones, errors);
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

  /** Seldom: a copy with both, in the order of offsets. */
  #withTombstones(
    batch: DecodedBatch,
    tombstones: readonly RecordError[],
    errors: readonly RecordError[],
  ): ConvertedRows {
    const { fields } = this.#options;
    const rows: { readonly offset: number; readonly values: readonly Value[] }[] = [];
    for (let row = 0; row < batch.rowCount; row++) {
      const values = fields.map((field, i) => readValue(batch.columns[i] as Column, field, row));
      rows.push({ offset: batch.offsets[row] as number, values });
    }
    const refused = errors.filter((error) => !isTombstone(error));
    for (const error of tombstones) {
      const values = this.#removal(error);
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

  /** The record that a message without a value stands for; null when its key cannot be read. */
  #removal({ origin }: RecordError): readonly Value[] | null {
    const { fields, keyCount, group, keys } = this.#options;
    const key = origin?.key ?? null;
    if (key === null) return null;
    const asOfMs = Number.isFinite(this.#asOfMs) ? this.#asOfMs : (origin?.timestampMs ?? 0);
    const bytes = new Uint8Array(key.length + 1);
    bytes.set(key);
    const bounds = Int32Array.of(0, key.length);
    const { batch } = keys.decode({
      bytes,
      bounds,
      offsets: new Float64Array(1),
      from: 0,
      count: 1,
    });
    if (batch.rowCount === 0) return null;
    return fields.map((field, i) => {
      if (i < keyCount) return readValue(batch.columns[i] as Column, field, 0);
      if (i === keyCount) return asOfMs;
      return field.name === group.column ? removed : null;
    });
  }
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
