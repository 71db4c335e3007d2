// Rows of one view and one day on their way to a Parquet row group.
import type { SchemaElement } from 'hyparquet';
import type { Column } from '../../../columns/column.ts';
import {
  type ColumnBuilder,
  columnForField,
  ensureRows,
  putBytes,
} from '../../../columns/column-builder.ts';
import type { VectorBatch } from '../../../columns/vector-batch.ts';
import { keyTagNull } from '../../../kernel/key-encoding.ts';
import type { Field } from '../../../kernel/types/field-type.ts';
import type { StoredView } from '../../../ports/online-store.ts';
import { createLogColumn, type LogColumn } from './log-column.ts';
import type { LeafPage } from './parquet-leaf.ts';

const instant = (name: string): Field => ({ name, type: { kind: 'timestamp' }, nullable: false });

/** The columns of a view's log besides its key and features, in their places. */
const timeFields = [instant('event_time'), instant('as_of')] as const;
const lastFields = [
  instant('_arrival_time'),
  { name: '_seq', type: { kind: 'count' }, nullable: false },
] as const satisfies readonly Field[];

/** All columns of a view's log, in order. */
export function logFields(view: StoredView): readonly Field[] {
  return [...view.key, ...timeFields, ...view.features, ...lastFields];
}

export class LogRows {
  rowCount = 0;
  readonly #keyFields: readonly Field[];
  readonly #keyBuilders: readonly ColumnBuilder[];
  readonly #columns: readonly LogColumn[];

  constructor(view: StoredView) {
    this.#keyFields = view.key;
    this.#keyBuilders = view.key.map((field) => columnForField(field));
    const nullable = view.features.map((field) => ({ ...field, nullable: true }));
    const fields = [...view.key, ...timeFields, ...nullable, ...lastFields];
    const bounded: readonly Field[] = timeFields;
    this.#columns = fields.map((field) => createLogColumn(field, bounded.includes(field)));
  }

  get elements(): readonly SchemaElement[] {
    return this.#columns.flatMap(({ elements }) => elements);
  }

  get byteCount(): number {
    return this.#columns.reduce((sum, column) => sum + column.byteCount, 0);
  }

  append(batch: VectorBatch, from: number, to: number): void {
    this.#decodeKeys(batch, from, to);
    for (const [i, builder] of this.#keyBuilders.entries()) {
      this.#columns[i]?.append(builder, 0, to - from);
    }
    const others: readonly Column[] = [
      float64(batch.eventTimeMs),
      float64(batch.asOfMs),
      ...batch.columns,
      float64(batch.arrivalTimeMs),
      float64(batch.seq),
    ];
    const first = this.#keyBuilders.length;
    for (const [i, column] of others.entries()) this.#columns[first + i]?.append(column, from, to);
    this.rowCount += to - from;
  }

  takePages(): readonly LeafPage[] {
    this.rowCount = 0;
    return this.#columns.flatMap((column) => column.takePages());
  }

  /** Key parts of rows `[from, to)` into the key builders, from row 0 on. */
  #decodeKeys(batch: VectorBatch, from: number, to: number): void {
    const { keyData, keyStarts } = batch;
    const view = new DataView(keyData.buffer, keyData.byteOffset, keyData.byteLength);
    for (const builder of this.#keyBuilders) {
      ensureRows(builder, to - from);
      if (builder.kind === 'bytes') builder.dataLength = 0;
    }
    for (let row = from; row < to; row++) {
      let at = keyStarts[row] as number;
      for (let part = 0; part < this.#keyFields.length; part++) {
        const builder = this.#keyBuilders[part] as ColumnBuilder;
        const isNull = view.getUint8(at++) === keyTagNull;
        builder.nulls[row - from] = isNull ? 1 : 0;
        if (isNull) storeNothing(builder, row - from);
        else at = storeKeyPart(builder, view, at, row - from);
      }
    }
  }
}

/** A null has an empty range, so that nothing of an earlier batch is copied for it. */
function storeNothing(builder: ColumnBuilder, row: number): void {
  if (builder.kind !== 'bytes') return;
  builder.starts[row] = 0;
  builder.ends[row] = 0;
}

/** Reads one key part (see `kernel/key-encoding.ts`) into a row; returns the position after it. */
function storeKeyPart(builder: ColumnBuilder, view: DataView, at: number, row: number): number {
  switch (builder.kind) {
    case 'bytes': {
      const end = at + 4 + view.getUint32(at, true);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      putBytes(builder, row, { bytes, start: at + 4, end });
      return end;
    }
    case 'bool':
      builder.values[row] = view.getUint8(at);
      return at + 1;
    case 'int32':
      builder.values[row] = view.getInt32(at, true);
      return at + 4;
    case 'int64':
      builder.values[row] = view.getBigInt64(at, true);
      return at + 8;
    case 'float64':
      builder.values[row] = Number(view.getBigInt64(at, true));
      return at + 8;
    case 'object':
      throw new Error('lists, maps and wide decimals cannot be keys');
  }
}

let noNulls = new Uint8Array(1024);

function float64(values: Float64Array): Column {
  if (noNulls.length < values.length) noNulls = new Uint8Array(values.length * 2);
  return { kind: 'float64', nulls: noNulls, values };
}
